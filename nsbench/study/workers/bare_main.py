"""Starts processes that don't run the program of their parent a second time.

A spawned process first imports the parent's main module, so that what is pickled from there can be found. Of ours nothing is, and
a script that calls nsbench without `if __name__ == "__main__"` would train within its own workers.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_MAIN = "__main__"
_LOCK = threading.Lock()


@contextmanager
def without_main() -> Iterator[None]:
    """Processes that are started within it know of no main module; it is back afterwards."""
    with _LOCK:
        main = sys.modules[_MAIN]
        sys.modules[_MAIN] = ModuleType(_MAIN)
        try:
            yield
        finally:
            sys.modules[_MAIN] = main
