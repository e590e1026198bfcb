"""Studies, repeats and baselines by real workers, into real stores."""

from dataclasses import replace

import pytest

from nsbench.config import Settings
from nsbench.errors import SettingsError, TrainingError
from nsbench.runs.baseline import BASELINES, baseline_plan
from nsbench.study.best_trial import best_of
from nsbench.study.repeat import RepeatOrder, baselines_of, evaluation_of, repeats_of
from nsbench.study.trials.trial_state import RUN_ID
from nsbench.study.workers.process_id import OWNER, this_process
from nsbench.terms import RunKind, Tag
from nsbench.tracking.method_summary import N_REPEATS
from nsbench.tracking.store import open_store
from tests.study.study_builder import DATASET, TINY, order_of


def runs_of(home, study=None, kind=RunKind.TRIAL):
    return open_store(home).reader().runs(DATASET, (kind,), study=study)


def test_two_workers_end_with_exactly_the_planned_trials_tied_to_their_runs(session, dataset, home, viewer):
    tuning = session.tuning(order_of(5), dataset)
    session.run([tuning], DATASET, viewer)
    runs = {run.run_id: run for run in runs_of(home, tuning.title)}
    assert [trial.state.name for trial in tuning.study.trials] == ["COMPLETE"] * 5
    assert len(runs) == 5
    for trial in tuning.study.trials:
        run = runs[trial.user_attrs[RUN_ID]]
        assert (run.trial, run.study, run.status) == (trial.number, tuning.title, "FINISHED")
        assert run.metric(tuning.plan.objective) == trial.value
        assert run.tags[OWNER] == this_process()
        assert not any(name.startswith("test/") for name in run.metrics)


def test_a_study_has_one_run_of_its_own_with_what_it_found(session, dataset, home, viewer):
    tuning = session.tuning(order_of(2), dataset)
    for _ in range(2):
        session.run([tuning], DATASET, viewer)
    (summary,) = runs_of(home, tuning.title, RunKind.STUDY)
    best = best_of(tuning.title, DATASET, "random", home)
    assert summary.metrics["study/n_finished"] == 2
    assert summary.metrics["study/best_value"] == best.value == tuning.study.best_value
    assert summary.tags[Tag.N_PLANNED] == "2"
    assert summary.params == {name: str(value) for name, value in best.searched.items()}


def test_repeats_take_the_best_settings_and_skip_the_seeds_that_are_done(session, dataset, home, viewer):
    tuning = session.tuning(order_of(2), dataset)
    session.run([tuning], DATASET, viewer)
    best = best_of(tuning.title, DATASET, "random", home)
    assert best.settings == tuning.plan.settings(tuning.study.best_params)
    session.run([repeats_of(best.settings, dataset, RepeatOrder(2, best.study), home)], DATASET, viewer)
    more = repeats_of(best.settings, dataset, RepeatOrder(3, best.study), home)
    assert (more.n_finished, more.n_planned) == (2, 3)
    session.run([more], DATASET, viewer)
    runs = runs_of(home, tuning.title, RunKind.REPEAT)
    assert sorted(run.seed for run in runs) == [0, 1, 2]
    assert {run.fingerprint for run in runs} == {best.settings.fingerprint()}
    assert all("test/all/hit_rate_at_10" in run.metrics for run in runs)
    (summary,) = runs_of(home, tuning.title, RunKind.SUMMARY)
    assert summary.metrics[N_REPEATS] == 3
    assert summary.metrics["test/all/hit_rate_at_10"] == pytest.approx(
        sum(run.metrics["test/all/hit_rate_at_10"] for run in runs) / 3
    )
    other = best.settings.changed({"learning_rate": 0.0077})
    assert repeats_of(other, dataset, RepeatOrder(3), home).n_finished == 0


def test_baselines_that_are_done_are_skipped(session, dataset, home, viewer):
    evaluation = evaluation_of({"targets": "last"})
    runs = baselines_of(list(BASELINES), dataset, evaluation, home)
    session.run([runs], DATASET, viewer)
    assert [row.state for row in runs.rows()] == ["finished"] * len(BASELINES)
    assert baselines_of(list(BASELINES), dataset, evaluation, home).is_done
    assert not baselines_of(list(BASELINES), dataset, evaluation_of({}), home).is_done


def test_a_baseline_that_counts_days_is_left_out_where_only_the_order_is_known(session, dataset, home, caplog):
    card = dataset.card.model_copy(update={"options": {"time_unit": "order"}})
    ordered = replace(dataset, card=card)
    runs = baselines_of(list(BASELINES), ordered, evaluation_of({}), home)
    assert runs.n_planned == len(BASELINES) - 1
    assert f"{DATASET}: PopRec (last 7 days) is left out: it counts days" in caplog.text
    with pytest.raises(SettingsError, match="counts days.*there are: popularity-baseline, markov-baseline"):
        baseline_plan("recent-popularity-baseline", ordered, evaluation_of({}))


def test_trials_and_repeats_without_a_negative_fail_with_the_reason(session, dataset, home, viewer):
    """One user a step leaves in-batch sampling nothing; three in a row end the study, and none is its best."""
    tuning = session.tuning(order_of(5, sampler="batch", batch_size=1), dataset)
    with pytest.raises(TrainingError, match="in a row.*batch_size=1 leaves none"):
        session.run([tuning], DATASET, viewer)
    failed = [row for row in tuning.rows() if row.state == "failed"]
    assert len(failed) >= 3
    assert all("batch_size=1 leaves none" in row.reason for row in failed)
    with pytest.raises(SettingsError, match="no finished trial"):
        best_of(tuning.title, DATASET, "batch", home)
    runs = repeats_of(Settings.of("batch", {**TINY, "batch_size": 1}), dataset, RepeatOrder(2, n_replicas=2), home)
    session.run([runs], DATASET, viewer)
    assert [(row.state, "batch_size=1 leaves none" in row.reason) for row in runs.rows()] == [("failed", True)] * 2
