"""The first line of a text log, where it is neither a header nor a row."""

import re
from collections.abc import Sequence
from pathlib import Path

from nsbench.data.log.columns.column_name import are_names
from nsbench.data.log.formats.separator import FEWEST_WITHOUT_TIME, find_separator, split_line
from nsbench.errors import LogError

SHOWN = 80
"""Characters of the line that a message shows."""


def check_first_line(path: Path, lines: Sequence[str], fewest: int) -> None:
    """Refuses a comment, and the line that tells Excel the separator.

    Args:
        path: The file.
        lines: Its first lines, without blank ones.
        fewest: So many columns it has at least.

    Raises:
        LogError: The first line is one of these.
    """
    first, *others = lines
    is_excel = re.fullmatch(r'"?sep=.{0,2}"?', first.strip(), re.IGNORECASE) is not None
    if not is_excel and not _is_comment(first, others, fewest):
        return
    what = "a line for Excel that names the separator" if is_excel else "a comment"
    raise LogError(f"{path} begins with {what}: {first[:SHOWN]!r}. Take it out first, as with tail -n +2.")


def _is_comment(first: str, others: Sequence[str], fewest: int) -> bool:
    """Whether a line begins as comments do, and a header comes after it or it is no row; labels may begin so, too."""
    if not first.lstrip().startswith(("#", "%", "//")) or not others:
        return False
    separator = find_separator(others, fewest)
    is_header = are_names(split_line(others[0], separator), has_time=fewest > FEWEST_WITHOUT_TIME)
    return is_header or len(split_line(first, separator)) < fewest


def two_column_hint(lines: Sequence[str]) -> str:
    """What to do with two columns alone, for messages."""
    separator = find_separator(lines, FEWEST_WITHOUT_TIME)
    n_fields = {len(split_line(line, separator)) for line in lines}
    if n_fields != {FEWEST_WITHOUT_TIME}:
        return ""
    return (
        f" Separated by {separator!r}, it has two columns: where these are user and item, and the rows stand in order of "
        "time, say --time-column none."
    )
