"""What a ladder takes: all of its jobs, each by the rates of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from nsbench.data.dataset import Dataset
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.ladder import predict_ladder
from nsbench.forecast.prediction import COMMAND_S, RUN_S
from nsbench.forecast.rate import Rates
from nsbench.forecast.run_work import RunWork
from nsbench.runs.request import RunRequest
from nsbench.runs.rung import RungTask
from nsbench.study.ablation.ladder import segments_of
from nsbench.study.workers.job import RungJob
from nsbench.terms import RunKind
from tests.builder import dataset_of

SETUP_S, RATE = 3.0, 1000.0


@dataclass
class FixedRates:
    """A source that knows every training's rate, and notes what it was asked for."""

    device: str = "here"
    how: str = "fixed"
    is_measured: bool = True
    memory_limit_bytes: int | None = None
    is_per_device: bool = False
    asked: list[RunWork] = field(default_factory=list)

    def rates(self, shape: DatasetShape, works: Sequence[RunWork], n_replicas: int = 1) -> list[Rates]:
        self.asked += works
        return [Rates(RATE, 1e9, 1e9, SETUP_S, 0) for _ in works]


@pytest.fixture(scope="module")
def shape() -> DatasetShape:
    dataset = dataset_of([[*range(1, 4 + user % 5)] for user in range(40)])
    return DatasetShape("shop", dataset, 1.0, 320, 40, 40, 0, "prepared")


def jobs_of(method: str, dataset: Dataset) -> list[RungJob]:
    request = RunRequest(RunKind.ABLATION, 0)
    return [
        RungJob(
            "shop", tuple(RungTask(step.settings, request) for step in segment.steps), is_trained=False, scratch="x"
        )
        for segment in segments_of(method, {"max_epochs": 4}, dataset)
    ]


def test_each_training_and_each_ranking_counts_once(shape: DatasetShape) -> None:
    jobs, source = jobs_of("random", shape.dataset), FixedRates()
    found = predict_ladder(jobs, shape, source, 1)
    n_runs = sum(len(job.tasks) for job in jobs)
    work = source.asked[0]
    expected = COMMAND_S + n_runs * RUN_S + len(jobs) * (SETUP_S + 4 * work.n_positives / RATE)
    assert found.most_s == pytest.approx(expected, rel=0.05)
    assert len(source.asked) == 3, "published, masked padding, and the item table's optimizer of the defaults"


def test_what_is_trained_already_is_only_ranked_and_workers_share_the_rest(shape: DatasetShape) -> None:
    jobs = jobs_of("random", shape.dataset)
    trained = [RungJob(job.dataset, job.tasks, is_trained=True, scratch=job.scratch) for job in jobs]
    n_runs = sum(len(job.tasks) for job in jobs)
    assert predict_ladder(trained, shape, FixedRates(), 1).most_s == pytest.approx(COMMAND_S + n_runs * RUN_S, abs=0.01)
    alone, shared = (predict_ladder(jobs, shape, FixedRates(), n).most_s for n in (1, 2))
    assert (alone - COMMAND_S) / 2 <= shared - COMMAND_S < alone - COMMAND_S


def test_nothing_to_do_takes_no_time(shape: DatasetShape) -> None:
    assert predict_ladder([], shape, FixedRates(), 2).most_s == 0
