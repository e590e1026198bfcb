"""Tables are read alike from every format, in batches."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from nsbench.errors import LogError
from nsbench.files import table_file
from nsbench.files.table_file import TableFile


def read(path: Path, *names: str) -> list[dict[str, object]]:
    return [row for frame in TableFile.open(path).frames(names) for row in frame.to_dicts()]


def test_formats_hold_the_same_rows(tmp_path: Path) -> None:
    """Two columns of three, in another order; a comma and an end of line within quotes are part of the text."""
    wanted = [{"b": "x, y", "a": "1"}, {"b": "two\nlines", "a": "02"}]
    text = 'a,skipped,b\n1,,"x, y"\n02,,"two\nlines"\n'
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "t.tsv").write_text('a\tskipped\tb\n1\t\t"x, y"\n02\t\t"two\nlines"\n')
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": "x, y"}\n\n{"b": "two\\nlines", "a": "02"}\n')
    pl.DataFrame({"a": ["1", "02"], "b": ["x, y", "two\nlines"]}).write_parquet(tmp_path / "t.parquet")
    for file in sorted(tmp_path.iterdir()):
        assert read(file, "b", "a") == wanted, file


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_long_tables_come_in_batches_that_keep_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(table_file, "BATCH_ROWS", 3)
    frame = pl.DataFrame({"a": [str(number) for number in range(10)]})
    path = tmp_path / f"t.{suffix}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[suffix](path)
    frames = list(TableFile.open(path).frames(["a"]))
    assert max(map(len, frames)) == 3
    assert [text for part in frames for text in part["a"]] == frame["a"].to_list()


def test_names_that_come_twice_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,a\n1,2\n")
    with pytest.raises(LogError, match="names of its columns, each once"):
        TableFile.open(tmp_path / "t.csv")


def test_a_row_with_too_few_fields_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(LogError, match=r"can't read .*t\.csv"):
        read(tmp_path / "t.csv", "a")
