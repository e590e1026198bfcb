"""Whole runs on a pretended GPU: training, validations, checkpoints and ranking, from settings to record."""

from pathlib import Path

import pytest
import torch
from _pytest.mark import ParameterSet

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import targets_of
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.model_file import load_model, save_model
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from tests.builder import with_some_negatives
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, pretended_gpu
from tests.runs.test_experiment import REQUEST, SMALL, EndObserver, Interrupter, Recorder, ring_log

REQUESTS = [RunRequest(RunKind.SINGLE, seed=seed) for seed in range(3)]


@pytest.fixture(autouse=True)
def _on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_DEVICE", PRETEND_GPU.type)


def trained(name: str, requests: list[RunRequest], **settings: object) -> dict[int, RunRecord]:
    one = Settings.of(name, {**SMALL, **settings})  # type: ignore[dict-item]
    with pretended_gpu():
        return run_replicas([one] * len(requests), ring(), NullTracker(), requests)


def ring() -> Dataset:
    """The ring, with ten of its items that each user but the first turned down: the sampler `explicit` draws from them."""
    return with_some_negatives(ring_log(), 10)


def each_of(name: str) -> ParameterSet:
    """A case of its own; the simplest and the most complex sampler are tried each time, the others among the slow ones."""
    return pytest.param(name, marks=[] if name in {"random", "adaptive-mixed"} else [pytest.mark.slow])


@pytest.mark.parametrize("name", [each_of(name) for name in SAMPLERS])
def test_every_sampler_learns_the_ring(name: str) -> None:
    """The next item follows from the last one: more than four in five stand among the first five, of each of three seeds.

    By chance one in six would.
    """
    records = trained(name, REQUESTS)
    assert all(records[place].metrics["test/all/hit_rate_at_5"] > 0.8 for place in range(3))


def test_a_replica_gives_what_it_gives_alone() -> None:
    """Up to rounding: the loss of the last epoch to 1e-4, the hit rate of a halfway model to one target of 60."""
    beside, (alone,) = trained("mixed", REQUESTS, max_epochs=4), trained("mixed", REQUESTS[1:2], max_epochs=4).values()
    assert beside[1].cost.n_positives == alone.cost.n_positives
    assert beside[1].metrics["train/loss"] == pytest.approx(alone.metrics["train/loss"], abs=1e-4)
    hit_rate = "test/all/hit_rate_at_5"
    assert beside[1].metrics[hit_rate] == pytest.approx(alone.metrics[hit_rate], abs=1 / 60)


def test_an_interrupted_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """Interrupted while it looks at epoch 4."""
    settings = Settings.of("adaptive-mixed", {**SMALL, "max_epochs": 8, "patience": 0})
    with pretended_gpu():
        whole = run(settings, ring(), NullTracker(), REQUEST)
        with pytest.raises(KeyboardInterrupt):
            run(settings, ring(), Recorder(), REQUEST, Interrupter(KeyboardInterrupt()), Checkpoints(tmp_path))
        assert list(tmp_path.iterdir())
        resumed = run(settings, ring(), NullTracker(), REQUEST, checkpoints=Checkpoints(tmp_path))
    # As text, in which what is not a number equals itself.
    assert str((resumed.metrics, resumed.validations)) == str((whole.metrics, whole.validations))
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_pruned_leaves_the_others_as_they_were() -> None:
    """The middle one of three is pruned at epoch 4; the last one's model is that of a run alone, up to rounding."""
    settings = Settings.of("batch", {**SMALL, "max_epochs": 6})
    with pretended_gpu():
        observers = [EndObserver(), EndObserver(pruned_at=4), EndObserver()]
        records = run_replicas([settings] * 3, ring(), NullTracker(), REQUESTS, observers)
        alone = run(settings, ring(), NullTracker(), REQUESTS[2])
    assert list(records) == [0, 2]
    assert records[2].metrics["train/loss"] == pytest.approx(alone.metrics["train/loss"], abs=1e-4)


@pytest.mark.parametrize("name", ["mixed", "adaptive"])
def test_a_run_whose_steps_are_repeated_as_a_graph_is_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Two seeds until they stop early: bit for bit; on a card up to rounding. Each fourth step is smaller, and no graph's."""
    settings, call_by_call = Settings.of(name, SMALL), trained(name, REQUESTS[:2])
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    with pretended_gpu() as started:
        repeated = run_replicas([settings] * 2, ring(), NullTracker(), REQUESTS[:2])
        assert not IS_PRETENDED or started.calls["graph"] > 20
    for place, record in repeated.items():
        found, expected = (
            {**one.metrics, "validations": len(one.validations)} for one in (record, call_by_call[place])
        )
        assert found == pytest.approx(expected, rel=0 if IS_PRETENDED else 0.05, nan_ok=True)


def test_a_run_with_graphs_is_interrupted_and_pruned_as_any(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Interrupted in epoch 4, when one of two has just been pruned: what goes on has a graph of its own."""
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    settings = Settings.of("adaptive-mixed", {**SMALL, "max_epochs": 8})
    with pretended_gpu():
        whole = run(settings, ring(), NullTracker(), REQUEST)
        with pytest.raises(KeyboardInterrupt):
            run(settings, ring(), Recorder(), REQUEST, Interrupter(KeyboardInterrupt()), Checkpoints(tmp_path))
        resumed = run(settings, ring(), NullTracker(), REQUEST, checkpoints=Checkpoints(tmp_path))
        observers = [EndObserver(pruned_at=4), EndObserver()]
        records = run_replicas([settings] * 2, ring(), NullTracker(), [REQUESTS[1], REQUEST], observers)
    assert str((resumed.metrics, resumed.validations)) == str((whole.metrics, whole.validations))
    assert records[1].metrics["train/loss"] == pytest.approx(whole.metrics["train/loss"], abs=1e-4)


def test_graphs_are_refused_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU; and a value that is neither yes nor no, anywhere."""
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "yes")
    with pytest.raises(SettingsError, match="'yes'; set it to 1 or 0"):
        trained("random", REQUESTS[:1])
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", "1")
    monkeypatch.setenv("NSBENCH_DEVICE", "cpu")
    with pytest.raises(SettingsError, match="which has no graphs; unset it"):
        run(Settings.of("random", SMALL), ring(), NullTracker(), REQUEST)


def test_ranks_are_those_of_the_cpu(tmp_path: Path) -> None:
    """A model of untrained vectors, all its scores different: the same ranks, cohort by cohort, seen items left out."""
    log, here = (
        ring(),
        initial_model(SasrecSettings(hidden_dim=16, max_length=8), 30, [torch.Generator().manual_seed(3)]),
    )
    targets, settings = targets_of(log, "test", "rolling"), EvaluationSettings(seen_items="exclude")
    expected = rank_targets(ModelScorer(here), log, targets, settings)
    with pretended_gpu():
        there = Model(here.settings, here.dense.to(PRETEND_GPU), here.items.to(PRETEND_GPU))
        found = rank_targets(ModelScorer(there), log, targets, settings)
        save_model(there, tmp_path / "model.safetensors")
    assert found.ranks.tolist() == expected.ranks.tolist()
    assert torch.equal(load_model(tmp_path / "model.safetensors").items, here.items)
