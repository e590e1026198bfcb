"""Reads all pages of a question for runs, several at once where a server answers: it needs longer for a page than we do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Event
from typing import final

from nsbench.tracking.reading.run_store import RunQuery, RunStore, token_at
from nsbench.tracking.stored_run import StoredRun


@final
@dataclass(frozen=True)
class RunPages:
    """Reads from a store.

    Attributes:
        store: The store.
        page_size: Runs asked for at once.
    """

    store: RunStore
    page_size: int

    def few(self, query: RunQuery) -> list[StoredRun]:
        """All runs that the query asks for, oldest first, where they are likely to be on one page.

        Raises:
            TrackingError: The store can't be read.
        """
        return [*self._one_by_one(query)]

    def many(self, query: RunQuery) -> list[StoredRun]:
        """The same where there are likely to be many pages.

        Raises:
            TrackingError: The store can't be read.
        """
        if self.store.n_threads == 1:
            return self.few(query)
        probe = self.store.page(query, size=1)
        if probe.token is None:
            return [*probe.runs]
        # A server whose tokens are no offsets has to be followed from page to page.
        return self._side_by_side(query) if probe.token == token_at(1) else self.few(query)

    def has_exactly(self, query: RunQuery, n_runs: int) -> bool:
        """Whether the query finds so many runs; the store gives only the last of them.

        Raises:
            TrackingError: The store can't be read, or its pages can't be asked for by number.
        """
        page = self.store.page(query, size=1, token=token_at(max(n_runs - 1, 0)))
        return page.token is None and page.n_found == min(n_runs, 1)

    def _one_by_one(self, query: RunQuery) -> Iterator[StoredRun]:
        token: str | None = None
        while True:
            page = self.store.page(query, self.page_size, token)
            yield from page.runs
            token = page.token
            if token is None:
                return

    def _side_by_side(self, query: RunQuery) -> list[StoredRun]:
        found: dict[int, tuple[StoredRun, ...]] = {}
        numbers, is_over = count(), Event()

        def read_some() -> None:
            while not is_over.is_set():
                number = next(numbers)
                page = self.store.page(query, self.page_size, token_at(number * self.page_size))
                found[number] = page.runs
                if page.token is None:
                    is_over.set()

        with ThreadPoolExecutor(self.store.n_threads) as pool:
            readers = [pool.submit(read_some) for _ in range(self.store.n_threads)]
        for reader in readers:
            reader.result()
        return [run for number in sorted(found) for run in found[number]]
