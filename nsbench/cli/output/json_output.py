"""`--json`: one document on standard output, and all that is for people on standard error.

Here alone documents are cleaned and printed; what they hold stands with the commands.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, redirect_stdout
from enum import Enum
from pathlib import Path
from typing import Annotated, final

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; what is for people goes to standard error.")
]


@final
class JsonOutput:
    """Takes a command's document, if one is wanted."""

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self.document: object = None


@contextmanager
def json_output(*, wanted: bool) -> Iterator[JsonOutput]:
    """While it lasts, what is printed goes to standard error if a document is wanted; at the end the document is printed.

    A command that raises prints none, but for `typer.Exit`: it did its work, and its exit code says that runs failed. A process
    that has no document beside one that has, as torchrun's others, prints none either.
    """
    output = JsonOutput(is_wanted=wanted)
    if not wanted:
        yield output
        return
    code: typer.Exit | None = None
    with redirect_stdout(sys.stderr):
        try:
            yield output
        except typer.Exit as leaving:
            code = leaving
    if output.document is not None:
        print_json(output.document)
    if code is not None:
        raise code


def print_json(document: object) -> None:
    """Prints a document in ASCII, which every stream takes."""
    print(json.dumps(cleaned(document), indent=2, ensure_ascii=True, allow_nan=False))


def cleaned(value: object) -> object:
    """A value as JSON has it.

    Args:
        value: Of mappings, lists, tuples, sets, numbers, texts, enums and paths. Not-a-number and infinity become None, since
            JSON knows neither.

    >>> cleaned({"test/all/mrr": float("nan"), "path": Path("a"), "cutoffs": (1, 5)})
    {'test/all/mrr': None, 'path': 'a', 'cutoffs': [1, 5]}
    """
    if isinstance(value, Enum | Path):
        return str(value) if isinstance(value, Path) else cleaned(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(cleaned(key)): cleaned(entry) for key, entry in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(str(cleaned(entry)) for entry in value)
    if isinstance(value, list | tuple):
        return [cleaned(entry) for entry in value]
    return value
