"""What one run of a sampler on a log consists of: steps, positives and targets, without saying how long they take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nsbench.batching.epoch import n_batches_of, n_rows_of
from nsbench.batching.window import windows_of
from nsbench.config import Flat, Settings, Value
from nsbench.errors import SettingsError
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.samplers.context import StateSize
from nsbench.samplers.drawing.stream import bytes_of
from nsbench.search import Choices, FloatRange, IntRange, SearchRange
from nsbench.study.search.space import Space


@dataclass(frozen=True)
class RunWork:
    """The work in a run.

    Attributes:
        settings: The settings that stand for the study's, with their epochs written out.
        n_sequences: Rows of the batches of an epoch.
        n_steps: Steps in an epoch.
        n_positives: Positives in an epoch.
        mean_context: Items that a position attends to, itself included, on average.
        n_valid_targets: Targets ranked at each validation.
        n_test_targets: Targets ranked at the end of a repeat.
        n_candidates: Items that each target is ranked among.
        sampler_bytes: What the sampler remembers of one run's steps.
    """

    settings: Settings
    n_sequences: int
    n_steps: int
    n_positives: int
    mean_context: float
    n_valid_targets: int
    n_test_targets: int
    n_candidates: int
    sampler_bytes: int = 0

    def repeated(self, values: Mapping[str, Value]) -> Settings:
        """The settings of repeats, in which some values are otherwise."""
        changed = self.settings.changed(values)
        return changed.model_copy(update={"training": changed.training.budgeted(self.n_sequences)})

    @property
    def n_negatives(self) -> int:
        """Negatives proposed for each positive: all the sampler's parts together."""
        return self.settings.sampler.n_scored(self.n_candidates)


def work_of(shape: DatasetShape, settings: Settings) -> RunWork:
    """The work in a run of these settings on the log."""
    windows = windows_of(shape.dataset, settings.model.max_length, settings.training.windows)
    n_sequences = round(len(windows) / shape.users_share)
    training = settings.training.budgeted(n_sequences)
    settings = settings.model_copy(update={"training": training})
    n_rows = n_rows_of(windows.users, shape.dataset.n_users, training.epoch_users)
    n_windows = max(1, round(n_rows / shape.users_share))
    batch_size = min(training.batch_size, n_windows)
    lengths = windows.lengths
    n_looked_at, n_users = settings.evaluation.validation_users, shape.dataset.n_users / shape.users_share
    looked_at_share = min(1.0, n_looked_at / n_users) if n_looked_at else 1.0
    state_size = StateSize.of(windows, training.batch_size, round(n_users), shape.dataset.n_items)
    return RunWork(
        settings=settings,
        n_sequences=n_sequences,
        n_steps=n_batches_of(n_windows, batch_size, training.user_order),
        n_positives=round(int(lengths.sum()) / shape.users_share * n_rows / max(1, len(windows))),
        mean_context=float(np.sum(lengths * (lengths + 1)) / 2 / max(1, int(lengths.sum()))),
        n_valid_targets=round(shape.n_valid * looked_at_share),
        n_test_targets=shape.n_test,
        n_candidates=shape.dataset.n_candidates,
        sampler_bytes=bytes_of(settings.sampler.state_spec(state_size)),
    )


ITEM_LABEL_BYTES = 16
"""What an item's label and count take in a model's folder. Measured: 5 bytes where labels are small numbers, 13 of Amazon's."""


def model_bytes(settings: Settings, n_items: int) -> int:
    """What the folder of a trained model takes: float32 parameters, padding's vector among them, and the items' labels."""
    n_values = (n_items + 1) * settings.model.hidden_dim + settings.model.build().n_dense
    return 4 * n_values + ITEM_LABEL_BYTES * n_items


def typical_settings(space: Space) -> Settings:
    """The settings whose cost is about the mean over the space: each searched field at its mean, or its middle choice.

    Cost grows by about the same with every negative, so the mean number of negatives has about the mean cost.
    """
    try:
        return space.base.changed({name: _typical(found) for name, found in space.ranges.items()})
    except SettingsError:  # Means that don't go together; the defaults do.
        return space.base


def _typical(found: SearchRange) -> Flat:
    match found:
        case Choices(values):
            return sorted(values, key=_order)[len(values) // 2]
        case IntRange(low, high, log):
            return round(_mean(low, high, log=log))
        case FloatRange(low, high, log):
            return _mean(low, high, log=log)


def _mean(low: float, high: float, *, log: bool) -> float:
    """The mean of a value drawn from a range, by factors or evenly.

    >>> round(_mean(5, 500, log=True), 1)
    107.5
    >>> _mean(5, 15, log=False)
    10.0
    """
    if log and high > low:
        return (high - low) / math.log(high / low)
    return (low + high) / 2


def _order(value: Flat) -> tuple[str, float]:
    return ("", float(value)) if isinstance(value, int | float) else (str(value), 0.0)
