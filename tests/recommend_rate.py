"""How fast lists are made, beside the plain product of states and item vectors, on one thread.

    OMP_NUM_THREADS=1 python -m tests.recommend_rate

CPU seconds are counted, and the fastest of several rounds is taken, so that other work on the machine matters less.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from nsbench.data.dataset import Histories
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.trained.recommender import Choice, Recommender
from nsbench.trained.top_items import TopItems
from tests.trained.model_builder import model_of

N_ITEMS, N_HISTORIES, MEAN_LENGTH, ROUNDS = 37_000, 4_096, 10, 6
PRODUCT_ROWS, PRODUCT_COLUMNS = 256, 4_096
"""The shape of a product that this machine computes fastest; larger ones leave its cache."""


def main() -> None:
    """Prints histories per second."""
    torch.set_num_threads(1)
    trained = model_of(N_ITEMS, size=SasrecSettings(), seen_items="exclude")
    vectors = trained.model.items[0, 1:]
    states = torch.randn(N_HISTORIES, vectors.shape[1], generator=torch.Generator().manual_seed(0))
    generator = np.random.default_rng(0)
    lengths = generator.geometric(1 / MEAN_LENGTH, N_HISTORIES)
    ends = np.cumsum(lengths)
    histories = Histories(generator.integers(1, N_ITEMS + 1, ends[-1]).astype(np.int32), ends - lengths, ends)
    nothing = torch.zeros(0, dtype=torch.int64)
    top, recommender = TopItems(vectors, 10), Recommender(trained, Choice(10))

    def product() -> None:
        for rows in states.split(PRODUCT_ROWS):
            for columns in vectors.split(PRODUCT_COLUMNS):
                rows @ columns.T

    def selection() -> None:
        for rows in states.split(top.n_rows):
            top.of(rows, nothing, nothing)

    cases: dict[str, Callable[[], object]] = {
        "product alone": product,
        "product and top 10": selection,
        "encoding, seen items, product and top 10": lambda: recommender.recommend(histories),
    }
    seconds = dict.fromkeys(cases, float("inf"))
    with torch.inference_mode():
        for _ in range(ROUNDS):
            for name, run in cases.items():
                began = time.process_time()
                run()
                seconds[name] = min(seconds[name], time.process_time() - began)
    for name, taken in seconds.items():
        print(f"{name:42} {N_HISTORIES / taken:9,.0f} histories/s  {seconds['product alone'] / taken:.2f}")


if __name__ == "__main__":
    main()
