"""What a trained model's scores tend to, on a log whose true next-item probabilities are known.

A score is defined up to a shift of each history's own, so `score - log p` is compared between items: it is the same for all where
scores are log probabilities, and falls as log Q rises where they are log (p / Q). That shift between the cohorts is what sampled
negatives do to the tail of the catalogue, and what a correction undoes. `pytest -m slow -s` on this file prints the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nsbench.config import Settings
from nsbench.data.cohort import cohorts_of
from nsbench.data.dataset import Dataset, Histories
from nsbench.data.synthetic.markov_chain import Chain, draw_chain
from nsbench.data.synthetic.shapes import SHAPES
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import BALANCED_COHORTS, RunKind
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.model_file import load_model
from tests.builder import dataset_of

N_ITEMS, N_USERS, LENGTH = 240, 20_000, 6
N_HISTORIES = 1_000
TRAINED = {
    "hidden_dim": 32,
    "n_blocks": 1,
    "max_length": 8,
    "dropout_rate": 0.0,
    "batch_size": 500,
    "learning_rate": 3e-3,
    "max_epochs": 20,
    "validate_every": 20,
    "patience": 0,
}
COUNT = {"n_negatives": 60}
MIXED = {"n_in_batch": 30, "n_uniform": 30}


@dataclass(frozen=True)
class Known:
    """A log and the truth behind it.

    Attributes:
        dataset: The log; items are numbered by falling training counts.
        log_p: float64[N_HISTORIES, N_ITEMS], of each item to come next; minus infinity where it can't, since the user had it.
        histories: The training items that `log_p` is given.
    """

    dataset: Dataset
    log_p: NDArray[np.float64]
    histories: Histories


@dataclass(frozen=True)
class Found:
    """How a model's scores differ from the true log probabilities.

    Attributes:
        slope: By how much `score - log p` rises where the log of an item's popularity rises by 1: 0 for log p, -1 for log (p / Q)
            with Q the popularity.
        shifts: The mean of `score - log p` in head, mid and tail, less that of the three.
        error: Root mean square of what differs within a history.
    """

    slope: float
    shifts: tuple[float, ...]
    error: float


@cache
def known() -> Known:
    """20,000 users of six training items each, on a chain of Beauty's popularity without late items and repeats."""
    generator = np.random.default_rng(0)
    chain = draw_chain(SHAPES["amazon-beauty"], N_ITEMS, 1.0, generator)
    walks = walked(chain, generator)
    counts = np.bincount(walks[:LENGTH].ravel(), minlength=N_ITEMS)
    order = np.argsort(-counts, kind="stable")
    number = np.empty(N_ITEMS, dtype=np.int64)
    number[order] = np.arange(1, N_ITEMS + 1)
    rows = number[walks].T
    dataset = dataset_of(rows[:, :LENGTH].tolist(), rows[:, LENGTH:].tolist(), n_items=N_ITEMS)
    with np.errstate(divide="ignore"):
        log_p = np.stack([np.log(chain.probabilities(walks[:LENGTH, user]))[order] for user in range(N_HISTORIES)])
    start = dataset.offsets[:N_HISTORIES]
    return Known(dataset, log_p, Histories(dataset.item_ids, start, start + LENGTH))


def walked(chain: Chain, generator: np.random.Generator) -> NDArray[np.int64]:
    """int64[LENGTH + 1, N_USERS], the chain's items, time first; what a user has had is drawn again."""
    walks = np.zeros((0, N_USERS), dtype=np.int64)
    for _ in range(LENGTH + 1):
        items = np.full(N_USERS, -1)
        while (pending := np.flatnonzero(items < 0)).size:
            proposed = chain.propose(walks[:, pending], generator)
            is_new = (walks[:, pending] != proposed).all(axis=0)
            items[pending[is_new]] = proposed[is_new]
        walks = np.concatenate([walks, items[None]])
    return walks


def found_by(method: str, values: Mapping[str, object], path: Path) -> Found:
    """Trains the method on the known log, and holds its scores to the truth."""
    log = known()
    settings = Settings.of(method, {**TRAINED, **values})  # type: ignore[dict-item]
    run(settings, log.dataset, NullTracker(), RunRequest(RunKind.SINGLE, 0, rank_test=False, checkpoint=path))
    scorer = ModelScorer(load_model(path))
    scores = scorer.score(scorer.encode(log.histories), 1, N_ITEMS + 1).double().numpy()
    can_come = np.isfinite(log.log_p)
    # NaN marks what can't come, so that means leave it out.
    apart = np.where(can_come, scores - np.where(can_come, log.log_p, 0), np.nan)
    apart -= np.nanmean(apart, axis=1, keepdims=True)
    popularity = np.log(log.dataset.train_counts[1:])
    mean = np.nanmean(apart, axis=0)
    cohorts = cohorts_of(log.dataset.train_counts)[1:]
    shifts = np.array([mean[cohorts == cohort].mean() for cohort in BALANCED_COHORTS])
    slope = np.polyfit(popularity, mean, 1)[0]
    return Found(float(slope), tuple(shifts - shifts.mean()), float(np.sqrt(np.nanmean(apart**2))))


UNBIASED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "exact cross-entropy": ("catalogue+softmax", {}),
    "softmax, uniform": ("random+softmax", COUNT),
    "softmax, popularity, classic log Q": ("popularity+softmax", {**COUNT, "log_q": "classic"}),
    "softmax, popularity, corrected log Q": ("popularity+softmax", {**COUNT, "log_q": "corrected"}),
    "softmax, in-batch, corrected log Q": ("batch+softmax", {**COUNT, "log_q": "corrected"}),
    "softmax, mixed, corrected log Q": ("mixed+softmax", {**MIXED, "log_q": "corrected"}),
    "BCE, uniform": ("random", COUNT),
}
DIVIDED_BY_Q: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "softmax, popularity": ("popularity+softmax", COUNT),
    "softmax, in-batch": ("batch+softmax", COUNT),
    "BCE, popularity": ("popularity", COUNT),
}


def printed(name: str, found: Found) -> Found:
    head, mid, tail = found.shifts
    print(f"{name:37} slope {found.slope:+.2f}, head {head:+.2f}, mid {mid:+.2f}, tail {tail:+.2f}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", UNBIASED)
def test_scores_tend_to_the_true_log_probabilities(name: str, tmp_path: Path) -> None:
    """In no cohort more than a tenth of a nat above or below; popularity leaves head and tail 2.6 nats apart."""
    found = printed(name, found_by(*UNBIASED[name], tmp_path / "model.safetensors"))
    assert abs(found.slope) < 0.1
    assert max(map(abs, found.shifts)) < 0.12


@pytest.mark.slow
@pytest.mark.parametrize("name", DIVIDED_BY_Q)
def test_uncorrected_negatives_of_popular_items_divide_the_truth_by_q(name: str, tmp_path: Path) -> None:
    """What Q is to a cohort is the mean of its items' log popularity, less that of the three cohorts."""
    found = printed(name, found_by(*DIVIDED_BY_Q[name], tmp_path / "model.safetensors"))
    counts = known().dataset.train_counts
    log_q, cohorts = np.log(counts[1:]), cohorts_of(counts)[1:]
    of_cohorts = np.array([log_q[cohorts == cohort].mean() for cohort in BALANCED_COHORTS])
    assert found.slope == pytest.approx(-1, abs=0.1)
    assert found.shifts == pytest.approx(tuple(of_cohorts.mean() - of_cohorts), abs=0.15)


@pytest.mark.slow
def test_half_of_the_negatives_from_the_batch_halve_the_bias(tmp_path: Path) -> None:
    """Q of a mixture lies between its parts' in each cohort, so the slope lies well between 0 and -1."""
    found = printed("softmax, mixed", found_by("mixed+softmax", MIXED, tmp_path / "model.safetensors"))
    assert -0.7 < found.slope < -0.3
