"""A method: what repeats share whose results may be averaged, and the run that sums them up."""

from dataclasses import dataclass

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.files.home import Home
from nsbench.runs.plan import protocol_of
from nsbench.runs.preparation import settled
from nsbench.terms import RunKind
from nsbench.tracking.method_summary import summary_of
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker
from nsbench.trained.keeper import group_name


@dataclass(frozen=True)
class Method:
    """A sampler with its settings, on one preparation of a log, under one protocol.

    Attributes:
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        dataset: The dataset's name.
        dataset_hash: The content hash of its card.
        fingerprint: Hash of the settings, seed and budget apart.
        protocol: How it is evaluated, as `nsbench.runs.plan.protocol_of` says it.
    """

    sampler: str
    dataset: str
    dataset_hash: str
    fingerprint: str
    protocol: str

    @classmethod
    def of(cls, settings: Settings, dataset: Dataset) -> "Method":
        """The method that some settings are on a dataset."""
        settings = settled(settings, dataset)
        card, protocol = dataset.card, protocol_of(settings.evaluation, dataset)
        return cls(settings.method.name, card.name, card.content_hash, settings.fingerprint(), protocol)

    @property
    def model_group(self) -> str:
        """What the models of its repeats have in common."""
        return group_name(RunKind.REPEAT, self.dataset_hash, self.sampler, self.fingerprint, self.protocol)

    @property
    def title(self) -> str:
        """Unlike that of any other method; names the lock under which its summary is written."""
        return "/".join((self.dataset, self.dataset_hash, self.sampler, self.fingerprint, self.protocol, "summary"))


def log_method_summary(method: Method, home: Home, tracker: MlflowTracker) -> str | None:
    """Writes or renews the method's run of kind `summary` from its finished repeats, and gives its id; None without any.

    Raises:
        TrackingError: The store can't be read or written.
    """
    summary = summary_of(finished_repeats(method, home))
    return None if summary is None else tracker.log_method(summary)


def finished_repeats(method: Method, home: Home) -> list[StoredRun]:
    """The finished repeats of a method, oldest first.

    Raises:
        TrackingError: The store can't be read.
    """
    reader = open_store(home).reader()
    if method.dataset not in reader.datasets():
        return []
    return [run for run in reader.runs(method.dataset, (RunKind.REPEAT,), method.sampler) if _is_of(run, method)]


def _is_of(run: StoredRun, method: Method) -> bool:
    own = Method(run.sampler, run.dataset, run.dataset_hash, run.fingerprint, run.protocol)
    return run.status == "FINISHED" and own == method
