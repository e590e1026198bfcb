"""Preparing a log or a DataFrame as a dataset, from options as people give them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from nsbench.command.prepare_notice import notices_of
from nsbench.data.dataset import DatasetCard
from nsbench.data.log.formats.excerpt import excerpt
from nsbench.data.log.given_log import GivenLog
from nsbench.data.log.ingest import StagedLog, stage_recognised
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset
from nsbench.errors import SettingsError
from nsbench.files.home import Home

LONGEST_GAP_S = 36_500 * 86_400
"""A hundred years."""

GAP_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True)
class Prepared:
    """A dataset that has just been prepared.

    Attributes:
        card: Its card.
        notices: What is to be noted of it, in sentences.
    """

    card: DatasetCard
    notices: tuple[str, ...]


def prepare_dataset(
    log: GivenLog,
    read: ReadOptions,
    options: PrepareOptions,
    name: str,
    home: Home,
    titles: Path | None = None,
    available: str | None = None,
    *,
    replace: bool,
) -> Prepared:
    """Prepares a log as dataset `name`.

    Args:
        log: What log is meant.
        read: How it is read.
        options: What is kept, and how it is cut.
        name: The dataset's name.
        home: Where datasets are.
        titles: A table of titles of the items; None: they have none.
        available: A table of dates of the items, or FIRST_SEEN; None: they are always available.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        LogError: The log can't be read or holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
        SettingsError: Options that make no sense together or for this log.
    """

    def stage(_: Path, read: ReadOptions, staged: Path) -> StagedLog:
        return stage_recognised(log.recognised(has_time=not read.has_no_times), read, staged)

    card = prepare_log(
        Path(log.origin.text),
        read,
        options,
        name,
        home,
        replace=replace,
        titles=titles,
        available=available,
        origin=log.origin,
        reader=stage,
        parts=log.parts,
    )
    return Prepared(card, tuple(notices_of(load_dataset(card.name, home))))


@contextmanager
def options_checked() -> Iterator[None]:
    """Within it, options that `ReadOptions` or `PrepareOptions` doesn't accept raise a SettingsError that names the option."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{'-'.join(map(str, first['loc'])).replace('_', '-')} {first['input']}: " if first["loc"] else ""
        raise SettingsError(f"{option}{first['msg'].removeprefix('Value error, ')}.") from None


def prepare_options_of(given: Mapping[str, object]) -> PrepareOptions:
    """What is kept and how it is cut, from options by their fields' names; None: not given, so that its default holds.

    Raises:
        SettingsError: One isn't accepted, or two make no sense together.
    """
    with options_checked():
        return PrepareOptions.model_validate({name: value for name, value in given.items() if value is not None})


def events_of(text: str) -> tuple[str, ...]:
    """Events that are given as one text, with commas between them.

    >>> events_of("view, cart")
    ('view', 'cart')
    """
    return tuple(event.strip() for event in text.split(",") if event.strip())


def seconds_of(gap: str) -> int:
    """Seconds of a gap between sessions.

    Raises:
        SettingsError: It isn't a whole number of seconds, from one to a hundred years.

    >>> seconds_of("30m"), seconds_of("1.5h")
    (1800, 5400)
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", gap.strip().lower())
    seconds = Decimal(match[1]) * GAP_UNITS[match[2]] if match else Decimal(0)
    if not 1 <= seconds <= LONGEST_GAP_S or seconds != int(seconds):
        raise SettingsError(
            f"A --session-gap of {excerpt(gap)}: accepted are whole seconds from 1 to {LONGEST_GAP_S:,}, or a number with "
            "s, m, h or d, as 1800, 30m or 1.5h."
        )
    return int(seconds)
