"""A model: the parameters of some replicas of a backbone, and their item vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nsbench.models.backbone import BackboneSettings


class Model:
    """Some replicas side by side; one is the ordinary case.

    Attributes:
        settings: Of the backbone.
        backbone: How histories become states.
        dense: float32[replicas, n_dense], all parameters but the item table.
        items: float32[replicas, n_items + 1, hidden_dim]; row 0 is zero. One table for inputs and for scores.
    """

    def __init__(self, settings: BackboneSettings, dense: Tensor, items: Tensor) -> None:
        """Wraps existing parameters; `initial_model` makes new ones."""
        self.settings = settings
        self.backbone = settings.build()
        self.dense = dense
        self.items = items

    @property
    def n_replicas(self) -> int:
        """Models side by side."""
        return self.items.shape[0]

    def named(self) -> dict[str, Tensor]:
        """Every parameter but the item table by name, each [replicas, *shape]; views that gradients flow through."""
        return self.backbone.named(self.dense)

    def replica(self, index: int) -> "Model":
        """One replica as a model of its own, sharing memory."""
        return Model(self.settings, self.dense[index : index + 1], self.items[index : index + 1])

    def copy(self) -> "Model":
        """The same parameters in memory of their own, without gradients."""
        return Model(self.settings, self.dense.detach().clone(), self.items.detach().clone())


def initial_model(settings: BackboneSettings, n_items: int, generators: Sequence[torch.Generator]) -> Model:
    """A new model, one replica for each generator; a replica's parameters depend on its own generator only.

    Item vectors are uniform within `BackboneSettings.item_bound`, and item 0 is the zero vector.

    Args:
        settings: Of the backbone.
        n_items: Items, padding not counted.
        generators: On the device where the model will live.
    """
    specs = settings.build().specs.values()
    device = generators[0].device
    bound = settings.item_bound(n_items + 1)
    dense = []
    # Filled in place: a table may take most of the memory.
    items = torch.empty(len(generators), n_items + 1, settings.hidden_dim, device=device)
    for table, generator in zip(items, generators, strict=True):
        parts = [spec.initial(torch.empty(spec.shape, device=device), generator) for spec in specs]
        dense.append(torch.cat([part.flatten() for part in parts]))
        table.uniform_(-bound, bound, generator=generator)
        table[0] = 0
    return Model(settings, torch.stack(dense), items)
