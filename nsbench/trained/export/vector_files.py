"""What an index of nearest vectors is made of: the items' vectors, and the encoder whose states are the queries."""

from pathlib import Path

import numpy as np

from nsbench.trained.export.program import state_program
from nsbench.trained.export.torch_program import write_torch_program
from nsbench.trained.folder import TrainedModel

VECTORS = "item_vectors.npy"
IDS = "item_ids.npy"
QUERIES = "query_encoder.pt2"


def write_vector_files(trained: TrainedModel, folder: Path) -> None:
    """Writes vectors, ids and the encoder of queries; the metric is the inner product.

    Row i of `item_vectors.npy`, float32[n_candidates, hidden_dim], is item i + 1; `item_ids.npy` has its id in the log.
    """
    n = trained.card.n_candidates
    labels = trained.items.labels.head(n).to_numpy()
    # As text of fixed width: numpy would pickle objects.
    np.save(folder / IDS, labels.astype(np.str_) if labels.dtype == object else labels, allow_pickle=False)
    np.save(folder / VECTORS, trained.model.items[0, 1 : n + 1].detach().numpy(), allow_pickle=False)
    write_torch_program(state_program(trained.model), folder / QUERIES)
