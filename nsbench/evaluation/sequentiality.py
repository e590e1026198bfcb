"""Whether the order of a log's interactions says anything: the log against itself with each user's training shuffled.

A model of sequences can't learn what isn't there. A first-order Markov chain needs no training and goes by neighbours alone, so
what it loses when the order is drawn by lot is what neighbouring interactions say beyond belonging to the same user.

Source: Klenitskiy, Volodkevich, Pembek and Vasilev, "Does it look sequential? An analysis of datasets for evaluation of
sequential recommendations", RecSys 2024 (arXiv 2408.12008), who shuffle users' interactions, count sequential rules of 2 and 3
items (support 5 and confidence 0.1) and train SASRec and GRU4Rec. We count pairs by their support alone, and take the chain in
place of the models: it takes seconds. The test interactions and their histories stay as they are.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nsbench.data.dataset import Dataset
from nsbench.evaluation.baseline import MarkovBaseline, PopularityBaseline
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.seeding import derive_seed
from nsbench.tensors.device import choose_device
from nsbench.tensors.index_range import ranges
from nsbench.terms import ALL, metric_name

N_SHUFFLES = 10
"""Orders drawn by lot."""

MOST_USERS = 5_000
"""Users with a test interaction that are looked at: a seeded sample of them where there are more."""

SUPPORT = 5
"""Users who take one item right after another before the pair counts as frequent, as in Klenitskiy et al."""

_K = 10


class Accuracy(BaseModel):
    """What a ranking reaches on the test interactions, as shares in [0, 1]."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hit_rate: float
    ndcg: float


class Sequentiality(BaseModel):
    """The log beside itself with each user's training interactions shuffled, hit rate and NDCG at `k`.

    NDCG decides: in a small catalogue ten items hold most neighbours whatever their order, and hit rates differ little.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    k: int
    chain: Accuracy
    """Of a first-order Markov chain on the log as it is."""
    shuffled_chains: tuple[Accuracy, ...]
    """Of the same chain on each shuffled log."""
    popularity: Accuracy
    """Of training popularity, which knows no order."""
    n_targets: int
    """Test interactions that were ranked."""
    support: int
    n_pairs: int
    """Pairs of items that as many users as `support`, or more, took one right after the other in training."""
    shuffled_n_pairs: tuple[int, ...]

    @property
    def mean(self) -> Accuracy:
        """The means over the shuffled logs."""
        return Accuracy(
            hit_rate=float(np.mean([one.hit_rate for one in self.shuffled_chains])),
            ndcg=float(np.mean([one.ndcg for one in self.shuffled_chains])),
        )

    @property
    def sd(self) -> float:
        """Standard deviation of the NDCG over the shuffled logs."""
        return float(np.std([one.ndcg for one in self.shuffled_chains], ddof=1))

    @property
    def is_sequential(self) -> bool:
        """Whether the log's own order is more than one order of many.

        Its NDCG is above what one more shuffled log would have with 97.5 % chance, going by the spread of those that were drawn.
        """
        from scipy import stats

        n = len(self.shuffled_chains)
        return bool(self.chain.ndcg > self.mean.ndcg + stats.t.ppf(0.975, n - 1) * self.sd * np.sqrt(1 + 1 / n))

    @property
    def verdict(self) -> str:
        """What follows, in a sentence or two."""
        about = (
            f"the Markov chain's NDCG at {self.k} is {100 * self.chain.ndcg:.2f} %, against {100 * self.mean.ndcg:.2f} ± "
            f"{100 * self.sd:.2f} % with each user's training shuffled (hit rate {100 * self.chain.hit_rate:.2f} % against "
            f"{100 * self.mean.hit_rate:.2f} %)."
        )
        if self.is_sequential:
            return f"This log's order carries information: {about}"
        return (
            f"No information in this log's order is found: {about} Neighbours say nothing here; longer patterns were not "
            "looked for."
        )


def sequentiality_of(dataset: Dataset, n_shuffles: int = N_SHUFFLES, seed: int = 0) -> Sequentiality:
    """Shuffles each user's training interactions several times, and compares.

    Args:
        dataset: The log.
        n_shuffles: How often, at least twice.
        seed: Root seed of the shuffles and of the users that are looked at; the same result at every call.

    Raises:
        DatasetError: The log has no test interaction with a history.
    """
    generator = np.random.default_rng(derive_seed(seed, "order"))
    device = choose_device()
    chains, n_pairs = [], []
    for _ in range(n_shuffles):
        other = shuffled(dataset, generator)
        chains.append(_accuracy(MarkovBaseline(other, device), dataset, seed)[0])
        n_pairs.append(n_frequent_pairs(other))
    own, n_targets = _accuracy(MarkovBaseline(dataset, device), dataset, seed)
    popular, _ = _accuracy(PopularityBaseline.all_time(dataset, device), dataset, seed)
    return Sequentiality(
        k=_K,
        chain=own,
        shuffled_chains=tuple(chains),
        popularity=popular,
        n_targets=n_targets,
        support=SUPPORT,
        n_pairs=n_frequent_pairs(dataset),
        shuffled_n_pairs=tuple(n_pairs),
    )


def shuffled(dataset: Dataset, generator: np.random.Generator) -> Dataset:
    """The log with each user's training interactions in an order drawn by lot; validation and test stay where they are."""
    starts, ends = np.asarray(dataset.offsets[:-1]), np.asarray(dataset.train_end)
    places = ranges(starts, ends - starts)
    users = np.repeat(np.arange(dataset.n_users), ends - starts)
    items = np.array(dataset.item_ids)
    items[places] = items[places][np.lexsort((generator.random(len(places)), users))]
    return Dataset(
        card=dataset.card,
        item_ids=items,
        timestamps=dataset.timestamps,
        offsets=dataset.offsets,
        train_end=dataset.train_end,
        valid_end=dataset.valid_end,
        train_counts=dataset.train_counts,
        train_user_counts=dataset.train_user_counts,
    )


def n_frequent_pairs(dataset: Dataset, support: int = SUPPORT) -> int:
    """How many ordered pairs of items at least `support` users took one right after the other in training."""
    starts, ends = np.asarray(dataset.offsets[:-1]), np.asarray(dataset.train_end)
    lengths = np.maximum(ends - starts - 1, 0)
    first = ranges(starts, lengths)
    items = np.asarray(dataset.item_ids).astype(np.int64)
    _, pairs = np.unique(items[first] * (dataset.n_items + 1) + items[first + 1], return_inverse=True)
    of_users: NDArray[np.int64] = np.unique(pairs * dataset.n_users + np.repeat(np.arange(dataset.n_users), lengths))
    _, n_users = np.unique(of_users // dataset.n_users, return_counts=True)
    return int((n_users >= support).sum())


def _accuracy(scorer: Scorer, dataset: Dataset, seed: int) -> tuple[Accuracy, int]:
    """What a ranking reaches, and the number of targets."""
    settings = EvaluationSettings(cutoffs=(_K,))
    found = evaluate(scorer, dataset, "test", settings, n_users=MOST_USERS, seed=seed)
    hit_rate, ndcg = (found.metrics[metric_name("test", ALL, metric, _K)] for metric in ("hit_rate", "ndcg"))
    return Accuracy(hit_rate=hit_rate, ndcg=ndcg), len(found.ranks)
