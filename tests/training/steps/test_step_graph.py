"""Steps that a GPU repeats as a graph give what the same steps give call by call."""

import gc
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import torch
from _pytest.mark import ParameterSet
from torch import Tensor

from nsbench.batching import batch as batches_module
from nsbench.batching.batch import BatchSampler
from nsbench.batching.static_layout import StaticLayout
from nsbench.batching.window import windows_of
from nsbench.errors import TrainingError
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import Model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers.adaptive import AdaptiveMixedSettings
from nsbench.samplers.random import RandomSettings
from nsbench.samplers.sampler import SamplerSettings
from nsbench.tensors.device import captured
from nsbench.training.batch_stream import epoch_of
from nsbench.training.distributed.batch_shard import batch_shard_of
from nsbench.training.loop import Trainer
from nsbench.training.progress import Replica
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import BatchedReplicas, laid_out, static_layout
from nsbench.training.steps.step_graph import N_BEFORE, CudaGraphRunner
from nsbench.training.steps.step_runner import EagerRunner, StepRunner
from tests.place import Place
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, Started, only_pretended, pretended_gpu
from tests.training.test_gpu_step import LOG, SEEDS, SIZE, every_sampler, sources_on, stepper_on

CLOSE = 0.0 if IS_PRETENDED else 1e-2
"""How near results come; a card's products may round otherwise in a graph, and a step of Adam hang on a gradient's sign."""


def runner_on(
    sampler: SamplerSettings,
    settings: TrainingSettings,
    seeds: Sequence[int] = SEEDS,
    size: SasrecSettings = SIZE,
    *,
    repeats: bool,
) -> tuple[Model, StepRunner]:
    model, stepper = stepper_on(PRETEND_GPU, sampler, settings, size, seeds)
    sources = sources_on(PRETEND_GPU, sampler, seeds)
    static = StaticLayout(sources[0].batches.static_lengths(), len(seeds), PRETEND_GPU)
    steps = BatchedReplicas(stepper, static)
    if not repeats:
        return model, EagerRunner(sources, steps)
    return model, CudaGraphRunner(sources, steps)


def trained(runner: StepRunner, n_epochs: int) -> tuple[Tensor, list[tuple[int, int]]]:
    taken = [one for _ in range(n_epochs) for one in runner.epoch()]
    return torch.stack([one.losses for one in taken]).cpu(), [
        (one.n_positives, one.n_negatives_scored) for one in taken
    ]


def n_repeated(started: Started) -> int:
    return started.calls["graph"]


def each_of(settings: SamplerSettings) -> ParameterSet:
    """A case of its own; those whose negatives a group shares are among the slow ones."""
    marks = [pytest.mark.slow] if settings.negative_sharing == "group" else []
    return pytest.param(settings, marks=marks, id=f"{settings.name}-{settings.negative_sharing}")


@pytest.mark.parametrize("settings", [each_of(one) for one in every_sampler()])
def test_repeated_steps_give_what_they_give_call_by_call(settings: SamplerSettings) -> None:
    """Three epochs of three replicas with rates of their own and dropout, the fourth step of each smaller: bit for bit."""
    item_optimizer = {"user": "dense", "group": "row-wise"}[settings.negative_sharing]
    training = TrainingSettings.model_validate({"item_optimizer": item_optimizer})
    with pretended_gpu() as started:
        model, runner = runner_on(settings, training, repeats=True)
        other, eager = runner_on(settings, training, repeats=False)
        assert torch.equal(model.items.cpu(), other.items.cpu())
        losses, counts = trained(runner, 3)
        assert not IS_PRETENDED or n_repeated(started) == 3 * 3 - N_BEFORE
        expected, expected_counts = trained(eager, 3)
        assert counts == expected_counts
        assert (losses - expected).abs().max() <= CLOSE
        for found, wanted in ((model.items, other.items), (model.dense, other.dense)):
            assert (found - wanted).abs().max().cpu() <= CLOSE
    assert losses[-1].mean() < 0.95 * losses[0].mean()


@pytest.mark.parametrize("item_optimizer", ["dense", "row-wise"])
def test_repeated_steps_count_for_tensorflows_adam_too(item_optimizer: str) -> None:
    """Its rate changes with the count of steps, which a graph must read anew each time; attention without an output weight."""
    training = TrainingSettings.model_validate({"item_optimizer": item_optimizer, "adam_epsilon": "before_correction"})
    size = SIZE.model_copy(update={"attention_output": False})
    settings = AdaptiveMixedSettings(n_in_batch=8, n_uniform=9, n_hardest=4, hardest_ties="first")
    with pretended_gpu() as started:
        model, runner = runner_on(settings, training, size=size, repeats=True)
        other, eager = runner_on(settings, training, size=size, repeats=False)
        losses, _ = trained(runner, 2)
        assert not IS_PRETENDED or n_repeated(started) == 2 * 3 - N_BEFORE
        expected, _ = trained(eager, 2)
        assert (losses - expected).abs().max() <= CLOSE
        for found, wanted in ((model.items, other.items), (model.dense, other.dense)):
            assert (found - wanted).abs().max().cpu() <= CLOSE


@only_pretended
def test_a_repeated_step_is_a_few_calls() -> None:
    """Windows, losses and streams: less than ten, of more than 300. The fourth step of an epoch is smaller."""
    with pretended_gpu() as started:
        _, runner = runner_on(RandomSettings(n_negatives=5), TrainingSettings(), (0,), repeats=True)
        steps, n_calls = itertools.chain(runner.epoch(), runner.epoch()), []
        next(steps)
        for _ in range(6):
            with started.without_waiting():
                next(steps)
            n_calls.append(sum(started.calls.values()))
        assert min(n_calls[0], n_calls[2]) > 300
        assert max(n_calls[1], *n_calls[3:]) < 10


@pytest.mark.parametrize(("seeds", "n_tried"), [((0,), 2), (SEEDS, 6)])
def test_a_batch_without_room_is_computed_call_by_call(
    monkeypatch: pytest.MonkeyPatch, seeds: Sequence[int], n_tried: int
) -> None:
    """The static lengths taken from a few batches as they are: all replicas have room in some of an epoch's, not in others."""
    monkeypatch.setattr(batches_module, "N_TRIED", n_tried)
    monkeypatch.setattr(batches_module, "ROWS_BEFORE", 0)
    training = TrainingSettings()
    with pretended_gpu() as started:
        model, runner = runner_on(RandomSettings(n_negatives=5), training, seeds, repeats=True)
        other, eager = runner_on(RandomSettings(n_negatives=5), training, seeds, repeats=False)
        losses, _ = trained(runner, 6)
        assert not IS_PRETENDED or 3 < n_repeated(started) < 6 * 3 - N_BEFORE - 3
        expected, _ = trained(eager, 6)
        assert (losses - expected).abs().max() <= CLOSE
        assert (model.dense - other.dense).abs().max().cpu() <= CLOSE


@only_pretended
def test_a_step_that_cannot_be_recorded_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler that reads a number back: the host would have to wait."""
    cut = BatchSampler.cut_on_device
    with pretended_gpu():
        _, runner = runner_on(RandomSettings(n_negatives=5), TrainingSettings(), repeats=True)

        def reading(self: BatchSampler, *args: object) -> object:
            found = cut(self, *args)  # type: ignore[arg-type]
            found.lengths.sum().item()
            return found

        monkeypatch.setattr(BatchSampler, "cut_on_device", reading)
        with pytest.raises(TrainingError, match="can't record .* without NSBENCH_CUDA_GRAPHS=1"):
            list(runner.epoch())


@only_pretended
def test_a_recording_for_which_memory_is_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of replicas are then halved."""
    n_cut, cut = itertools.count(1), BatchSampler.cut_on_device

    def cut_or_fail(self: BatchSampler, *args: object) -> object:
        if next(n_cut) > N_BEFORE:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return cut(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(BatchSampler, "cut_on_device", cut_or_fail)
    with pretended_gpu():
        _, runner = runner_on(RandomSettings(n_negatives=5), TrainingSettings(), repeats=True)
        with pytest.raises(torch.OutOfMemoryError):
            list(runner.epoch())


@only_pretended
def test_of_a_recording_that_fails_the_first_error_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with CUDA, to end the recording fails too; were that raised, nobody would know that memory was short."""

    @contextmanager
    def failing(graph: object, stream: object) -> Iterator[None]:
        try:
            yield
        finally:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")

    def work() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    streams: list[object] = []
    with pretended_gpu():
        monkeypatch.setattr(torch.cuda, "graph", failing)
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device: "before")
        monkeypatch.setattr(torch.cuda, "set_stream", streams.append)
        try:
            raise ValueError("what another did before")
        except ValueError:
            with pytest.raises(torch.OutOfMemoryError):
                captured(work, [], PRETEND_GPU)
        assert streams == ["before"]
        assert gc.isenabled()


def test_a_cpus_steps_have_layouts_of_their_own() -> None:
    batches = BatchSampler(LOG, windows_of(LOG, 6), 16, torch.device("cpu"))
    assert static_layout(batches, 1, torch.device("cpu")) is None


def test_a_processs_part_draws_for_the_whole_batch() -> None:
    with pretended_gpu():
        sources = sources_on(PRETEND_GPU, RandomSettings(n_negatives=5))
        static = StaticLayout(sources[0].batches.static_lengths(), 3, PRETEND_GPU)
        part, _ = batch_shard_of(*laid_out(next(epoch_of(sources)), static), Place(1, 2))
        assert part.joined.n_drawn == (static.n_positions,) * 3


@pytest.mark.parametrize(
    ("n_processes", "replay_factor", "repeats"), [(1, 0.0, True), (2, 0.0, False), (1, 1.0, False)]
)
def test_only_fresh_steps_of_one_process_are_repeated(
    monkeypatch: pytest.MonkeyPatch, n_processes: int, replay_factor: float, repeats: bool
) -> None:
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    settings = TrainingSettings(replay_factor=replay_factor)
    with pretended_gpu():
        (source,) = sources_on(PRETEND_GPU, RandomSettings(n_negatives=5), (0,))
        group = Place(0, n_processes)
        trainer = Trainer(
            source.batches, source.sampler, BinaryCrossEntropy(), SIZE, settings, LOG.n_items, PRETEND_GPU, group
        )
        state = trainer._begin({0: Replica(0, 1e-3)})
        assert isinstance(state.runner, CudaGraphRunner if repeats else EagerRunner)


def test_a_replica_draws_as_much_beside_one_with_fewer_rows_as_alone() -> None:
    """As where each replays its own draws, one of them the last, smaller batch of an epoch."""
    with pretended_gpu():
        _, stepper = stepper_on(PRETEND_GPU, RandomSettings(n_negatives=5), TrainingSettings(), seeds=(0, 1))
        draws = [
            list(epoch_of(sources_on(PRETEND_GPU, RandomSettings(n_negatives=5), (seed,))))[at][0]
            for seed, at in ((0, 0), (1, 3))
        ]
        static = StaticLayout(BatchSampler(LOG, windows_of(LOG, 6), 16, PRETEND_GPU).static_lengths(), 2, PRETEND_GPU)
        assert [len(draw.batch.users) for draw in draws] == [16, 12]
        assert static.layout_for([draw.batch for draw in draws], 1) is None
        both, _ = laid_out(draws, static)
        assert both.n_drawn == (static.n_positions, draws[1].batch.n_positives)
        assert [laid_out([draw], static)[0].n_drawn for draw in draws] == [both.n_drawn[:1], both.n_drawn[1:]]
        BatchedReplicas(stepper, static).step(draws)
        _, alone = stepper_on(PRETEND_GPU, RandomSettings(n_negatives=5), TrainingSettings(), seeds=(1,))
        BatchedReplicas(alone, static).step(draws[1:])
        assert torch.equal(stepper.generators[1].get_state(), alone.generators[0].get_state())


@only_pretended
def test_a_pretended_graph_is_frozen_as_cudas_are() -> None:
    """A number of the host and memory stay what they were; nothing is done while it is recorded, and waits are refused."""
    with pretended_gpu() as started:
        memory, summand = torch.zeros(2, device=PRETEND_GPU), 1
        random, stranger = (torch.Generator(PRETEND_GPU).manual_seed(seed) for seed in (1, 2))
        expected = torch.rand(2, generator=torch.Generator(PRETEND_GPU).manual_seed(1), device=PRETEND_GPU)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(random)
        with torch.cuda.graph(graph, stream=None):
            memory.add_(summand)
            drawn = torch.rand(2, generator=random, device=PRETEND_GPU)
            doubled = 2 * memory[:1]
        summand = 5
        assert memory.tolist() == [0, 0]
        graph.replay()
        assert memory.tolist() == [1, 1]
        assert torch.equal(drawn.cpu(), expected.cpu())
        memory.fill_(10)
        graph.replay()
        assert memory.tolist() == [11, 11]
        assert doubled.tolist() == [22]
        assert not torch.equal(drawn.cpu(), expected.cpu())
        for refused in (
            lambda: torch.rand(2, generator=stranger, device=PRETEND_GPU),
            lambda: memory.sum().item(),
            lambda: torch.zeros(2).to(PRETEND_GPU, non_blocking=True),
        ):
            with pytest.raises(RuntimeError), torch.cuda.graph(torch.cuda.CUDAGraph(), stream=None):
                refused()
        assert started.recording is None
