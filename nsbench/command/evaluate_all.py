"""All runs that a dataset's report compares under another protocol, without training: each becomes a run of kind `evaluation`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, final

from nsbench.config import Settings, Value, sections_of
from nsbench.data.dataset import Dataset
from nsbench.data.item_label import ItemLabels
from nsbench.data.opening import open_dataset
from nsbench.data.store import read_items
from nsbench.errors import SettingsError, TrackingError
from nsbench.evaluation.evaluate import Evaluation, evaluate
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.rank_subset import ranks_under
from nsbench.files.home import Home
from nsbench.formerly import former_values
from nsbench.report.run_check import check_runs
from nsbench.report.selection import select
from nsbench.runs.baseline import BASELINES, baseline_plan
from nsbench.runs.plan import plan_of
from nsbench.runs.reevaluation import (
    AnsweredFrom,
    Question,
    answer_of_ranks,
    check_is_of_evaluation,
    evaluate_again,
    recorded,
    tags_of,
)
from nsbench.runs.request import RunRequest
from nsbench.study.repeat import evaluation_of
from nsbench.tensors.device import choose_device
from nsbench.terms import RunKind, Tag
from nsbench.tracking.models.stored_model import StoredModel
from nsbench.tracking.record import RunPlan
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import RunReader, StoredRun
from nsbench.trained.folder import open_model

NO_MODEL = (
    "the ranks don't hold what is asked, and the model isn't kept: `nsbench repeat --keep-models all` keeps those of all "
    "repeats that it makes"
)


@dataclass(frozen=True)
class RunAnswer:
    """What became of one of the runs.

    Attributes:
        run: The run whose model it is.
        protocol: The one that was asked for.
        source: What its answer came from; recorded: an earlier command had it; missing: there is none.
        run_id: The run that holds the answer; None where there is none.
        metrics: Of the answer, by full name.
        reason: Why there is none, without a full stop.
    """

    run: StoredRun
    protocol: str
    source: AnsweredFrom | Literal["recorded", "missing"]
    run_id: str | None = None
    metrics: Mapping[str, float] | None = None
    reason: str = ""


def evaluate_runs(values: Mapping[str, Value], dataset: str, home: Home) -> tuple[int, Iterator[RunAnswer]]:
    """Ranks the test again by every run that the dataset's report compares: repeats and baselines.

    What a run's ranks say is computed from them; else a baseline is made again, and of a repeat its model is asked, if it is
    kept. What is recorded already isn't answered again.

    Args:
        values: What is changed of the runs' evaluation.
        dataset: Its name.
        home: Where runs and dataset are.

    Returns:
        How many runs there are, and their answers one by one, as they are recorded.

    Raises:
        SettingsError: A value isn't accepted or changes nothing, or the home's dataset is another preparation than the runs'.
        DatasetError: There is no such dataset, or nothing in it to rank.
        TrackingError: The store has no run to evaluate, or can't be read.
    """
    check_is_of_evaluation(values)
    data = open_dataset(dataset, home)
    reader = open_store(home).reader()
    runs = {run.run_id: run for run in reader.runs(data.card.name)}
    # Checking makes texts fit to be shown; settings are read from the runs as they are stored.
    selection = select(data.card.name, check_runs(tuple(runs.values()), datetime.now(UTC))[0])
    compared = [runs[run.run_id] for method in selection.methods for run in method.runs]
    if not compared:
        raise TrackingError(
            f"{data.card.name} has no finished repeat or baseline in {reader.location}; `nsbench repeat` and `nsbench baseline` "
            "make some, and one model is evaluated as `nsbench evaluate MODEL`"
        )
    if selection.dataset_hash != data.card.content_hash:
        raise SettingsError(
            f"the newest runs of {data.card.name} saw a preparation with hash {selection.dataset_hash}, and the dataset is now "
            f"another one, with hash {data.card.content_hash}; repeat on it first, or prepare the log as it was"
        )
    answering = _Answering(values, data, read_items(data.card.name, home), home, reader, tuple(runs.values()))
    plans = [answering.plan_of(run) for run in compared]
    if all(plan.fingerprint == run.fingerprint for plan, run in zip(plans, compared, strict=True)):
        raise SettingsError(
            f"nothing is asked: the runs of {data.card.name} were evaluated under {selection.protocol} already; give another "
            "protocol, such as --set targets=last"
        )
    return len(compared), (answering.answer(run) for run in compared)


@final
class _Answering:
    """What the answers of one command share."""

    def __init__(
        self,
        values: Mapping[str, Value],
        dataset: Dataset,
        items: ItemLabels,
        home: Home,
        reader: RunReader,
        runs: Sequence[StoredRun],
    ) -> None:
        self._values = values
        self._dataset = dataset
        self._items = items
        self._home = home
        self._reader = reader
        self._store = open_store(home)
        self._tracker = self._store.tracker()
        self._models: dict[str, StoredModel] | None = None
        finished = [run for run in runs if run.kind is RunKind.EVALUATION and run.status == "FINISHED"]
        self._known = {_key(run.tags.get(Tag.EVALUATED, ""), run): run for run in finished}

    def plan_of(self, run: StoredRun) -> RunPlan:
        """What is known of an answer before it is recorded, what it is answered from apart.

        Raises:
            SettingsError: A value isn't accepted, or this version doesn't take the run's settings.
        """
        settings = self._settings(run)
        if isinstance(settings, EvaluationSettings):
            return replace(baseline_plan(run.sampler, self._dataset, settings), kind=RunKind.EVALUATION)
        return plan_of(settings, self._dataset, RunRequest(RunKind.EVALUATION, run.seed or 0))

    def answer(self, run: StoredRun) -> RunAnswer:
        """Answers for one run, and records it."""
        plan = self.plan_of(run)
        known = self._known.get((run.run_id, plan.protocol, plan.fingerprint, plan.dataset_hash))
        if known is not None:
            return RunAnswer(run, plan.protocol, "recorded", known.run_id, known.metrics)
        before, settings = evaluation_of(_own_evaluation(run)), self._settings(run)
        asked = settings if isinstance(settings, EvaluationSettings) else settings.evaluation
        ranks = self._ranks(run)
        found = None if ranks is None else ranks_under(ranks, self._dataset, before, asked)
        source: AnsweredFrom = "model" if found is None else "ranks"
        plan = replace(plan, tags={**plan.tags, **tags_of(run.run_id, source)})
        if ranks is not None and found is not None:
            answer = answer_of_ranks(ranks, found, asked.cutoffs, run.metrics)
            record = recorded(plan, self._tracker, int(run.metrics.get("best_epoch", 0)), lambda: answer)
        elif isinstance(settings, EvaluationSettings):
            record = recorded(plan, self._tracker, 0, lambda: self._by_baseline(run.sampler, asked))
        else:
            model = self._kept().get(run.run_id)
            if model is None:
                return RunAnswer(run, plan.protocol, "missing", reason=NO_MODEL)
            trained = open_model(self._store.models().fetch(model))
            record = evaluate_again(Question(trained, settings, self._dataset, self._items, None), self._tracker)
        return RunAnswer(run, plan.protocol, source, record.run_id, record.metrics)

    def _settings(self, run: StoredRun) -> Settings | EvaluationSettings:
        """With the evaluation that is asked for; of a baseline that alone."""
        if run.sampler in BASELINES:
            return evaluation_of({**_own_evaluation(run), **self._values})
        fields = {name: value for name, value in run.params.items() if name != "sampler"}
        former = former_values(*sections_of(run.sampler).values())
        return Settings.of(run.sampler, {**former, **fields, **self._values})

    def _by_baseline(self, name: str, asked: EvaluationSettings) -> Evaluation:
        baseline = BASELINES[name].build(self._dataset, choose_device())
        return evaluate(baseline, self._dataset, "test", asked, with_exposure=True)

    def _ranks(self, run: StoredRun) -> RankTable | None:
        try:
            return self._reader.ranks(run.run_id)
        except TrackingError:
            return None

    def _kept(self) -> Mapping[str, StoredModel]:
        if self._models is None:
            self._models = {one.run_id: one for one in self._store.models().models(self._dataset.card.name)}
        return self._models


def _own_evaluation(run: StoredRun) -> dict[str, Value]:
    """The evaluation of a run; what was no setting yet is as it was then."""
    known = {name: value for name, value in run.params.items() if name in EvaluationSettings.model_fields}
    return {**former_values(EvaluationSettings), **known}


def _key(evaluated: str, run: StoredRun) -> tuple[str, str, str, str]:
    return evaluated, run.protocol, run.fingerprint, run.dataset_hash
