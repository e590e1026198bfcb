"""One home with a small log and one pool of workers for all tests of studies: both take seconds to make."""

from collections.abc import Iterator, Sequence

import pytest

from nsbench.data.dataset import Dataset
from nsbench.data.store import load_dataset
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.files.home import Home
from nsbench.study.session import Session
from nsbench.study.workers.job import JobSource
from nsbench.study.workers.process_pool import ProcessPool
from tests.study.study_builder import DATASET


class NullViewer:
    """Looks at nothing."""

    def show(self, sources: Sequence[JobSource]) -> None:
        """Does nothing."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("study") / "home")
    prepare_synthetic(DATASET, settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    return home


@pytest.fixture(scope="session")
def dataset(home: Home) -> Dataset:
    return load_dataset(DATASET, home)


@pytest.fixture(scope="session")
def pool(home: Home) -> Iterator[ProcessPool]:
    with ProcessPool(2, home.root) as pool:
        yield pool


@pytest.fixture(scope="session")
def session(home: Home, pool: ProcessPool) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
            patch.delenv(name, raising=False)
        yield Session.open(home, pool)


@pytest.fixture
def viewer() -> NullViewer:
    return NullViewer()
