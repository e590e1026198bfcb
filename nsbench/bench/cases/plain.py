"""The step that a good engineer writes with PyTorch's own parts: what nsbench's step is measured against.

nn.Embedding, F.dropout, scaled_dot_product_attention, bmm, softplus and fused Adam, with the same shapes as SASRec's:
padded rows, negatives shared by a user's positions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nsbench.models.sasrec.definition import SasrecSettings


class PlainSasrec(nn.Module):
    """SASRec in PyTorch's own modules."""

    def __init__(self, settings: SasrecSettings, n_items: int) -> None:
        """Makes the modules."""
        super().__init__()
        d = settings.hidden_dim
        self.settings = settings
        self.items = nn.Embedding(n_items + 1, d, padding_idx=0)
        self.positions = nn.Embedding(settings.max_length, d)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2 * settings.n_blocks + 1))
        self.linears = nn.ModuleList(nn.Linear(d, d) for _ in range(6 * settings.n_blocks))

    def forward(self, inputs: Tensor) -> Tensor:
        """States [batch, length, d] of left-padded inputs [batch, length]."""
        rate, heads = self.settings.dropout_rate, self.settings.n_heads
        batch, length = inputs.shape
        x = self.items(inputs) * self.settings.hidden_dim**0.5 + self.positions.weight[-length:]
        x = functional.dropout(x, rate)
        for block in range(self.settings.n_blocks):
            query, key, value, output, ffn_in, ffn_out = self.linears[6 * block : 6 * block + 6]
            normed = self.norms[2 * block](x)
            q, k, v = (
                part.view(batch, length, heads, -1).transpose(1, 2) for part in (query(normed), key(x), value(x))
            )
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
            x = normed + output(attended.transpose(1, 2).reshape(batch, length, -1))
            x = self.norms[2 * block + 1](x)
            hidden = functional.dropout(ffn_in(x), rate).relu()
            x = x + functional.dropout(ffn_out(hidden), rate)
        states: Tensor = self.norms[-1](x)
        return states


class PlainTrainer:
    """Takes plain steps on padded batches."""

    def __init__(
        self, settings: SasrecSettings, n_items: int, device: torch.device, learning_rate: float = 1e-3
    ) -> None:
        """Makes model and optimiser."""
        torch.manual_seed(0)
        self._model = PlainSasrec(settings, n_items).to(device)
        self._adam = torch.optim.Adam(self._model.parameters(), lr=learning_rate, betas=(0.9, 0.98), fused=True)

    def step(self, inputs: Tensor, targets: Tensor, negatives: Tensor) -> None:
        """One step on inputs and targets [batch, length] and negatives [batch, n]."""
        states = self._model(inputs)
        real = targets > 0
        positive = (states * self._model.items(targets)).sum(-1)
        negative = torch.bmm(states, self._model.items(negatives).transpose(1, 2))
        loss = functional.softplus(-positive) + functional.softplus(negative).mean(-1)
        loss = (loss * real).sum() / real.sum()
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
