"""What a study should look like when it has come through kills: every planned trial once, none failed, three books agree."""

from collections import Counter
from pathlib import Path

from optuna import load_study
from optuna.trial import TrialState

from nsbench.files.home import Home
from nsbench.report.run_counts import count_runs
from nsbench.study.search.storage import open_storage
from nsbench.study.trials.trial_state import FINISHED, RUN_ID
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store


def disagreements(study: str, dataset: str, root: Path, n_planned: int) -> list[str]:
    """Everything in which Optuna, MLflow, the report's run counts and the plan differ; empty when all is well.

    Args:
        study: The study's name, the only one of its home.
        dataset: The dataset's name.
        root: The home, under the environment that the study ran in.
        n_planned: Finished trials asked for.
    """
    home = Home(root)
    plan = load_study(study_name=study, storage=open_storage(home))
    runs = open_store(home).reader().runs(dataset)
    trial_runs = {run.run_id: run for run in runs if run.kind is RunKind.TRIAL}
    found: list[str] = []

    def expect(what: str, got: object, wanted: object) -> None:
        if got != wanted:
            found.append(f"{what}: {got}, not {wanted}")

    finished = [trial for trial in plan.trials if trial.state in FINISHED]
    states = Counter(trial.state for trial in plan.trials)
    expect("finished trials", len(finished), n_planned)
    expect("trials that run or wait", states[TrialState.RUNNING] + states[TrialState.WAITING], 0)
    expect("different points", len({tuple(sorted(trial.params.items())) for trial in finished}), n_planned)
    complete = {trial.user_attrs.get(RUN_ID): trial for trial in finished if trial.state is TrialState.COMPLETE}
    pruned = {trial.user_attrs.get(RUN_ID) for trial in finished if trial.state is TrialState.PRUNED}
    finished_runs = {run_id for run_id, run in trial_runs.items() if run.status == "FINISHED"}
    expect("FINISHED runs", finished_runs, set(complete))
    expect("pruned runs", {run_id for run_id, run in trial_runs.items() if run.is_pruned}, pruned)
    expect("RUNNING or FAILED runs", [run.run_id for run in runs if run.status in ("RUNNING", "FAILED")], [])
    for run_id in finished_runs & complete.keys():
        trial, run = complete[run_id], trial_runs[run_id]
        expect(f"trial of run {run_id}", run.trial, trial.number)
        expect(f"value of trial {trial.number}", trial.value, run.metric("valid/all/hit_rate_at_10"))
    counts = [count for count in count_runs(runs) if count.kind is RunKind.TRIAL]
    expect("methods in the report", len(counts), 1)
    for count in counts:
        expect("the report's finished", count.n_finished, len(complete))
        expect("the report's pruned", count.n_pruned, len(pruned))
        expect("the report's planned", count.n_planned, n_planned)
        expect("the report's missing and running", (count.n_missing, count.n_running), (0, 0))
    return found
