"""The compared methods of a backbone as a grid: which sampler with which loss."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.report.formats.document import file_stem
from nsbench.report.method_parts import DEFAULT_LOSS, YARDSTICK_SAMPLER, MethodParts, parts_of
from nsbench.report.summary import DatasetSummary, MethodSummary

_FEWEST = 2
"""Samplers and losses: with one of either there is a list and not a grid."""


@dataclass(frozen=True)
class PairingGrid:
    """The methods of one backbone.

    Attributes:
        model: The backbone's name.
        model_label: What figures call it.
        samplers: Labels by name, in the order of the rows.
        losses: Labels by name, in the order of the columns.
        rows: The methods that were run, by sampler and loss.
    """

    model: str
    model_label: str
    samplers: Mapping[str, str]
    losses: Mapping[str, str]
    rows: Mapping[tuple[str, str], MethodSummary]


def pairing_kind(grid: PairingGrid) -> str:
    """The kind of a grid's figure, unlike that of any other."""
    return f"pairings-{file_stem(grid.model)}"


def pairing_grids(summary: DatasetSummary) -> list[PairingGrid]:
    """A grid for each backbone that was trained with two samplers or more, and two losses or more."""
    by_model: dict[str, list[tuple[MethodParts, MethodSummary]]] = {}
    for row in summary.samplers:
        parts = parts_of(row.method)
        by_model.setdefault(parts.model, []).append((parts, row))
    grids = [_grid(methods) for methods in by_model.values()]
    return [grid for grid in grids if min(len(grid.samplers), len(grid.losses)) >= _FEWEST]


def _grid(methods: list[tuple[MethodParts, MethodSummary]]) -> PairingGrid:
    # The sorts are stable, so all others stay in the order in which they were first run.
    by_sampler = sorted((parts for parts, _ in methods), key=lambda parts: parts.sampler == YARDSTICK_SAMPLER)
    by_loss = sorted((parts for parts, _ in methods), key=lambda parts: parts.loss != DEFAULT_LOSS)
    return PairingGrid(
        methods[0][0].model,
        methods[0][0].model_label,
        {parts.sampler: parts.sampler_label for parts in by_sampler},
        {parts.loss: parts.loss_label for parts in by_loss},
        {(parts.sampler, parts.loss): row for parts, row in methods},
    )
