"""A tracking store that doesn't answer, told apart from one that refuses."""

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE, ErrorCode

from nsbench.errors import StoreOutage

_FULL = ("disk is full", "No space left")
_CONNECTION = (ConnectionError, TimeoutError)


def is_outage(error: BaseException) -> bool:
    """Whether an error of MlflowClient may pass by itself: its server or its database is down, or busy."""
    if isinstance(error, StoreOutage):
        return True
    if any(words in str(error) for words in _FULL):
        return False
    chain = _chain(error)
    # What `requests` raises is an OSError without a number; files that can't be written have one.
    lost = any(isinstance(part, OSError) and (part.errno is None or isinstance(part, _CONNECTION)) for part in chain)
    return lost or any(
        isinstance(part, MlflowException) and part.error_code == ErrorCode.Name(TEMPORARILY_UNAVAILABLE)
        for part in chain
    )


def _chain(error: BaseException) -> list[BaseException]:
    """An error and those it was raised from or while handling."""
    found: list[BaseException] = []
    part: BaseException | None = error
    while part is not None and part not in found:
        found.append(part)
        part = part.__cause__ or part.__context__
    return found
