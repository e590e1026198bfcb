"""Three real logs from file to baselines. They are not part of the project: set NSBENCH_REAL_DATA to the folder that holds them.

Counts and reference hit rates are those that come with the logs: rolling targets, 90/5/5 in time, the whole catalogue.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from nsbench.data.dataset import Dataset
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.files.home import Home
from nsbench.runs.baseline import run_baseline
from nsbench.tracking.tracker import NullTracker

LOGS = Path(os.environ.get("NSBENCH_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not LOGS.is_dir(), reason="the real logs are not here; set NSBENCH_REAL_DATA to their folder"),
]


@pytest.fixture(scope="module", name="prepared")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dataset]:
    home = Home(tmp_path_factory.mktemp("home"))
    datasets = {}
    for name in ("ml_1m_pos4", "amazon_beauty", "retailrocket_sessions"):
        prepare_log(LOGS / name / "interactions.csv.gz", ReadOptions(), PrepareOptions(), name, home)
        datasets[name] = load_dataset(name, home)
    return datasets


@pytest.mark.parametrize(
    ("name", "n_users", "n_items", "n_interactions", "median_length", "seen_items"),
    [
        ("ml_1m_pos4", 6_038, 3_533, 575_281, 58, "exclude"),
        ("amazon_beauty", 22_363, 12_101, 198_502, 6, "exclude"),
        ("retailrocket_sessions", 130_943, 36_968, 710_666, 4, "keep"),
    ],
)
def test_a_real_log_has_the_size_that_its_source_states(
    prepared: dict[str, Dataset],
    name: str,
    n_users: int,
    n_items: int,
    n_interactions: int,
    median_length: int,
    seen_items: str,
) -> None:
    dataset = prepared[name]
    assert (dataset.n_users, dataset.n_items, len(dataset.item_ids)) == (n_users, n_items, n_interactions)
    assert np.median(np.diff(dataset.offsets)) == median_length
    assert dataset.card.seen_items == seen_items
    assert dataset.card.n_test == pytest.approx(0.05 * n_interactions, rel=0.02)


@pytest.mark.parametrize(
    ("name", "seen_items", "popularity", "markov"),
    [
        ("ml_1m_pos4", "keep", 0.023, 0.076),
        ("amazon_beauty", "exclude", 0.011, 0.021),
        ("retailrocket_sessions", "keep", 0.012, 0.302),
    ],
)
def test_baselines_reach_the_hit_rates_that_come_with_the_logs(
    prepared: dict[str, Dataset], name: str, seen_items: str, popularity: float, markov: float
) -> None:
    """The chain may be better than stated: ours falls back on popularity where the last item was never followed.

    The stated rates are of histories with all their items.
    """
    settings = EvaluationSettings(seen_items=seen_items, unseen_in_history="keep")  # type: ignore[arg-type]
    rates = [
        run_baseline(baseline, prepared[name], NullTracker(), settings).metrics["test/all/hit_rate_at_10"]
        for baseline in ("popularity-baseline", "markov-baseline")
    ]
    assert rates[0] == pytest.approx(popularity, abs=0.0006)
    assert markov - 0.0005 <= rates[1] < markov + 0.006
