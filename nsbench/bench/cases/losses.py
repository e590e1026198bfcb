"""Which losses are measured beside binary cross-entropy, and with which settings: random negatives, as many for each."""

from collections.abc import Mapping
from typing import cast

from nsbench.config import Settings, Value, settings_values
from nsbench.losses import DEFAULT_LOSS, LOSSES
from nsbench.method import Method
from nsbench.samplers.catalogue import CatalogueSettings

BESIDE = "random"
"""The sampler whose step with binary cross-entropy the others are measured against."""

EXACT = "catalogue+softmax"
"""The row of exact cross-entropy: every item of the catalogue is a negative."""

LOSS_ROWS = (
    *(f"{BESIDE}+{loss}" for loss in LOSSES if loss != DEFAULT_LOSS),
    f"{BESIDE}+softmax+log_q=corrected",
    EXACT,
)
"""The methods that are measured, each loss once; also the names of their rows."""


def loss_settings(beside: Settings) -> Mapping[str, Settings]:
    """The settings of the rows, alike in all that the losses and samplers have in common.

    Args:
        beside: Those with binary cross-entropy.
    """
    values = {name: cast(Value, value) for name, value in beside.flat().items() if name not in Method.PARTS}
    own = {name: value for name, value in values.items() if name not in type(beside.loss).model_fields}
    return {name: Settings.of(name, settings_values(name, own)) for name in LOSS_ROWS}


def n_negatives_of(name: str, n_negatives: int, n_candidates: int) -> int:
    """The negatives that a positive of a row asks for.

    Args:
        name: The row's.
        n_negatives: Those of a sampler that draws.
        n_candidates: Items that may be recommended.
    """
    return n_candidates if name.partition("+")[0] == CatalogueSettings.name else n_negatives
