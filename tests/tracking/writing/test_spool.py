"""Records that wait on disk: in order, whole, and gone once they are sent."""

from pathlib import Path

import pytest

from nsbench.tracking.writing.spool import End, Metrics, Record, RunFile, RunTag, Spool


class Store:
    """Notes what it gets, with the content of files; fails from a record on."""

    def __init__(self, fails_from: int | None = None) -> None:
        self.got: list[object] = []
        self._fails_from = fails_from

    def write(self, run_id: str, record: Record) -> None:
        if len(self.got) == self._fails_from:
            raise ConnectionError
        content = Path(record.path).read_text() if isinstance(record, RunFile) else record
        self.got.append((run_id, content))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A run `a` with one record of each kind, its file gone since, and a run `b` with one."""
    spool, file = Spool(tmp_path / "spool"), tmp_path / "ranks"
    file.write_text("ranks")
    spool.add("a", Metrics({"valid/all/mrr": 0.25}, 1000, 3))
    spool.add("a", RunTag("why", "because"))
    spool.add("a", RunFile(str(file)))
    spool.add("a", End("FINISHED", 2000))
    spool.add("b", RunTag("why", "so"))
    file.unlink()
    return spool


ALL = [
    ("a", Metrics({"valid/all/mrr": 0.25}, 1000, 3)),
    ("a", RunTag("why", "because")),
    ("a", "ranks"),
    ("a", End("FINISHED", 2000)),
]


def test_records_are_sent_in_order_and_then_gone(spool: Spool):
    store = Store()
    assert (spool.run_ids(), spool.n_records()) == (("a", "b"), 5)
    spool.send("a", store.write)
    assert store.got == ALL
    assert (spool.waits("a"), spool.run_ids()) == (False, ("b",))
    assert not (spool.folder / "a").exists()


def test_what_was_not_sent_stays_and_is_sent_next(spool: Spool):
    """The store fails at the third record: the first two are gone, the others come with the next attempt."""
    with pytest.raises(ConnectionError):
        spool.send("a", Store(fails_from=2).write)
    assert spool.n_records() == 3
    store = Store()
    spool.send("a", store.write)
    assert store.got == ALL[2:]


def test_a_half_written_record_is_none(spool: Spool):
    (spool.folder / "b" / ".0-1.partial").write_text('{"kind": "RunT')
    assert spool.n_records() == 5
