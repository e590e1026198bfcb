"""What the bench trains is what nsbench trains."""

import pytest
import torch

from nsbench.bench.cases.training import (
    TrainingBench,
    endless_draws,
    flops_per_positive,
    model_of,
    no_padding,
    one_rectangle,
    settings_with,
)
from nsbench.bench.cases.workload import dataset_of
from nsbench.bench.measuring.slice import Span
from nsbench.config import Settings
from nsbench.models.model import initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.preparation import trainer_of
from nsbench.samplers import SAMPLERS
from nsbench.training.steps.step import Stepper
from tests.bench.bench_builder import TINY

DRAWING = [name for name, settings in SAMPLERS.items() if not settings.proposes_positive]


def test_useful_flops_by_hand() -> None:
    """Width 10, one block, context 5, 3 negatives: 3 (6 * 200 + 4 * 5 * 10 + 20 * 4) = 3 * 1,480."""
    model = SasrecSettings(hidden_dim=10, n_blocks=1)
    assert flops_per_positive(model, mean_context=5, n_negatives=3) == 4_440


@pytest.mark.parametrize("sampler", DRAWING)
@pytest.mark.parametrize("n_negatives", [10, 40])
def test_every_sampler_proposes_the_same_number(sampler: str, n_negatives: int) -> None:
    settings = settings_with(sampler, n_negatives, SasrecSettings()).flat()
    counts = [settings[name] for name in ("n_negatives", "n_in_batch", "n_uniform") if name in settings]
    assert sum(int(str(count)) for count in counts) == n_negatives


@pytest.mark.parametrize("sampler", [name for name in DRAWING if "negative_sharing" in SAMPLERS[name].model_fields])
def test_draws_are_shared_as_asked(sampler: str) -> None:
    assert settings_with(sampler, 10, model_of(TINY), "group").flat()["negative_sharing"] == "group"


@pytest.mark.parametrize("shared_by", ["user", "group"])
def test_computed_padding_changes_no_gradient(shared_by: str) -> None:
    model, dataset = model_of(TINY), dataset_of(TINY)
    settings = {"n_negatives": 7, "negative_sharing": shared_by, **model.model_dump()}
    trainer = trainer_of(Settings.of("random", settings), dataset)
    draw = next(endless_draws(trainer))
    assert (draw.batch.lengths < model.max_length).any()
    found = []
    for step, negatives in (no_padding(draw), one_rectangle(draw, model.max_length)):
        generator = torch.Generator().manual_seed(3)
        parameters = initial_model(model, dataset.n_items, [generator])
        stepper = Stepper(parameters, trainer.sampler, trainer.loss, trainer.settings, [1e-3], [generator])
        found.append((step, stepper.gradients(step, negatives, dropout=None)))
    (packed, ours), (padded, theirs) = found
    assert (
        padded.in_buckets.inputs.shape[1]
        == packed.lengths.shape[1] * model.max_length
        > packed.in_buckets.inputs.shape[1]
    )
    torch.testing.assert_close(ours.losses, theirs.losses, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.by_dense, theirs.by_dense, rtol=1e-4, atol=1e-5)


def test_samplers_that_share_a_model_each_select_in_their_own_way() -> None:
    """The adaptive sampler trains on 1 of its 20 negatives, random on all: after each has stepped, both still run."""
    model, dataset = model_of(TINY), dataset_of(TINY)
    bench = TrainingBench(model, dataset, torch.device("cpu"))
    made = [bench.case(settings_with(name, 20, model)) for name in ("random", "adaptive")]
    for _ in range(2):
        for case, _ in made:
            assert case.run(Span(0.0, "wall")).n_units > 0


def test_units_are_real_positives() -> None:
    """200 users make a batch of 128 and one of 72; together each of their training targets once, 10 at most."""
    model, dataset = model_of(TINY), dataset_of(TINY)
    case, _ = TrainingBench(model, dataset, torch.device("cpu")).case(settings_with("random", 5, model))
    n_targets = (dataset.train_end - dataset.offsets[:-1] - 1).clip(0, 10).sum()
    assert case.run(Span(0.0, "wall", n_steps=2)).n_units == n_targets


def test_replicas_side_by_side_train_on_the_positives_of_all() -> None:
    """Three models, each in its own order of the users: in two steps each trains on all of its targets."""
    model, dataset = model_of(TINY), dataset_of(TINY)
    case, _ = TrainingBench(model, dataset, torch.device("cpu"), 3).side_by_side(settings_with("random", 5, model))
    n_targets = (dataset.train_end - dataset.offsets[:-1] - 1).clip(0, 10).sum()
    assert case.run(Span(0.0, "wall", n_steps=2)).n_units == 3 * n_targets
