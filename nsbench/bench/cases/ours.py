"""nsbench's side of a workload: every sampler's training and the evaluation, in one process, ready to be run in slices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from nsbench.bench.cases.evaluation import evaluation_case
from nsbench.bench.cases.losses import BESIDE, loss_settings, n_negatives_of
from nsbench.bench.cases.memory import memory_of_training
from nsbench.bench.cases.recommendation import recommendation_case
from nsbench.bench.cases.training import TrainingBench, model_of, one_rectangle, settings_with
from nsbench.bench.cases.work import Work, work_of
from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.slice import Case, Slice, Span
from nsbench.tensors.device import keep_freed_memory, wants_graphs
from nsbench.training.batch_stream import TrainingBatch

EVALUATION = "evaluation"
"""The name of the case that ranks."""

RECOMMENDATION = "recommendation"
"""The name of the case that makes lists."""

PADDED = "random, padded"
"""The row of the same training with padding computed: every user's row as long as the model's longest."""

CATALOGUES = {"random, 2k items": 2_000, "random, 1M items": 1_000_000}
"""Rows that train with `random` on the same history lengths over another catalogue."""

N_REPLICAS = 20
"""Models that are trained side by side where that is measured: as many as the paper has seeds."""

REPLICAS = f"random, {N_REPLICAS} replicas"
"""The row of the same training of several models side by side: the positives of all of them count."""

AS_A_GRAPH = ", graph"
"""What the names of rows end with in which a GPU repeats the steps of another row as a graph."""

_DRAWS_LOOKED_AT = 3


AnyCase = Case[TrainingBatch] | Case[tuple[TrainingBatch, ...]] | Case[None]


@dataclass(frozen=True)
class Ours:
    """nsbench on a workload.

    Attributes:
        cases: By the name of the sampler or row, EVALUATION and RECOMMENDATION.
        works: What a positive takes, by the same names.
        peak_memory_bytes: The most that training with the first sampler, and ranking, held.
    """

    cases: Mapping[str, AnyCase]
    works: Mapping[str, Work]
    peak_memory_bytes: int

    def run(self, name: str, span: Span) -> Slice:
        """A slice of one of the cases."""
        return self.cases[name].run(span)


@dataclass(frozen=True)
class Sheet:
    """What nsbench's side says of itself.

    Attributes:
        works: What a positive takes, by the name of the sampler or row.
        peak_memory_bytes: See `Ours`.
    """

    works: Mapping[str, Work]
    peak_memory_bytes: int


def build_ours(workload: Workload, samplers: Sequence[str], conditions: Conditions) -> Ours:
    """Prepares to train with each of the samplers, and with what else the workload is there to show."""
    device = conditions.prepare()
    keep_freed_memory()
    model = model_of(workload)
    dataset = dataset_of(workload)
    settings = {
        name: settings_with(name, conditions.n_negatives, model, conditions.negative_sharing) for name in samplers
    }
    # Before anything else is held.
    peak = memory_of_training(settings[samplers[0]], dataset, device)
    bench = TrainingBench(model, dataset, device)
    made: dict[str, tuple[AnyCase, Iterator[TrainingBatch]]] = {name: bench.case(settings[name]) for name in samplers}
    if wants_graphs(device):
        made |= {f"{name}{AS_A_GRAPH}": bench.repeated(settings[name]) for name in samplers}
    if "random" in samplers and workload.shows_padding:
        made[PADDED] = bench.case(settings["random"], partial(one_rectangle, max_length=model.max_length))
    if "random" in samplers and workload.shows_catalogue:
        for name, n_items in CATALOGUES.items():
            other = TrainingBench(model, dataset_of(replace(workload, n_items=n_items)), device)
            made[name] = other.case(settings["random"])
    if "random" in samplers and workload.shows_replicas:
        replicas = TrainingBench(model, dataset, device, N_REPLICAS)
        made[REPLICAS] = replicas.side_by_side(settings["random"])
        if wants_graphs(device):
            made[f"{REPLICAS}{AS_A_GRAPH}"] = replicas.repeated(settings["random"])
    if BESIDE in samplers and workload.shows_losses:
        # A model of their own: what they make of the scores may change how long binary cross-entropy takes.
        others = TrainingBench(model, dataset, device)
        made |= {name: others.with_its_loss(its) for name, its in loss_settings(settings[BESIDE]).items()}
    works = {
        name: work_of(
            list(islice(draws, _DRAWS_LOOKED_AT)),
            model,
            n_negatives_of(name, conditions.n_negatives, dataset.n_candidates),
        )
        for name, (_, draws) in made.items()
    }
    cases: dict[str, AnyCase] = {name: case for name, (case, _) in made.items()}
    cases[EVALUATION] = evaluation_case(model, dataset, device)
    cases[RECOMMENDATION] = recommendation_case(model, dataset, device)
    return Ours(cases, works, peak)


def sheet_of(ours: Ours) -> Sheet:
    """What can be told of a side to another process."""
    return Sheet(ours.works, ours.peak_memory_bytes)


def run_ours(ours: Ours, name: str, span: Span) -> Slice:
    """A question for the side's process: a slice of one of the contestants."""
    return ours.run(name, span)
