"""The errors that a user can cause.

Every one says what is wrong, the value received, what is accepted, and what to do. The command line turns them into a
message and an exit code in one place (`nsbench.cli.main`); nothing else catches them wholesale.
"""


class NsbenchError(Exception):
    """Something that the user can put right. `exit_code` is what the command line leaves with."""

    exit_code = 2


class LogError(NsbenchError):
    """An interaction log that can't be read or holds nothing to learn from."""


class DatasetError(NsbenchError):
    """A prepared dataset that is missing, half-written or damaged."""


class SettingsError(NsbenchError):
    """A settings field, YAML file or `--set` argument that isn't accepted."""


class DownloadError(NsbenchError):
    """A file that can't be fetched or isn't what it should be."""

    exit_code = 3


class TrainingError(NsbenchError):
    """Training that can't go on, such as a loss that is not a number."""

    exit_code = 4


class NonFiniteLoss(TrainingError):
    """A loss that is infinite or not a number."""


class NoNegatives(TrainingError):
    """Positives without a single negative, from which nothing can be learned."""


class OutOfMemory(TrainingError):
    """Training that needs more memory than there is."""


class PeerLost(NsbenchError):
    """A process that trained together with this one and has stopped; the same command goes on."""

    exit_code = 4


class TrackingError(NsbenchError):
    """A tracking store that can't be reached, or runs that are not in it."""

    exit_code = 5


class DamagedRanks(TrackingError):
    """A run's file of ranks that holds none, or not those of a ranking."""


class UnreachableRanks(TrackingError):
    """A run's file of ranks that lies where it can't be read from this machine."""


class StoreOutage(TrackingError):
    """A tracking store that doesn't answer now and may later."""


class StorageError(NsbenchError):
    """A disk that is full or can't be written."""

    exit_code = 6
