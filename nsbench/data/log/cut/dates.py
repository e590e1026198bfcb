"""Validation and test begin at times that the caller names."""

from datetime import UTC, datetime, timedelta

import polars as pl

from nsbench.data.log.columns.iso_time import read_iso
from nsbench.data.log.columns.timestamp import MICROSECONDS, Clock
from nsbench.data.log.cut.part_start import Cut
from nsbench.data.log.cut.split import Boundary
from nsbench.data.log.formats.excerpt import excerpt
from nsbench.data.log.table import Table
from nsbench.errors import LogError, SettingsError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_date(option: str, text: str, clock: Clock | None) -> int:
    """Microseconds since 1970 of a date or time that is given as the log writes its times, or in ISO form.

    Args:
        option: Which option it was given with.
        text: What was given.
        clock: How the log writes its times; None where that is unknown.

    Raises:
        SettingsError: It is no time.

    >>> read_date("--test-from", "2015-04-07", None), read_date("--test-from", "1428364800", Clock("number"))
    (1428364800000000, 1428364800000000)
    """
    values = pl.Series([text.strip()])
    found = None
    if clock is not None and clock.kind != "native":
        found = pl.select(clock.timestamp_us(pl.lit(values))).to_series()[0]
    if found is None:
        found = read_iso(values)[0]
    if found is None:
        also = f", or a {clock.reading} as the log has them" if clock is not None and clock.kind != "native" else ""
        raise SettingsError(
            f"{option} {excerpt(text)} is no time: accepted are dates such as 2015-04-07 or 2015-04-07T10:30:00Z{also}."
        )
    return int(found)


def cut_at(table: Table, valid_from_us: int, test_from_us: int) -> Cut:
    """The cut.

    Raises:
        LogError: A part would be empty.
    """
    cut = Cut(Boundary(valid_from_us), Boundary(test_from_us))
    if valid_from_us >= test_from_us:
        raise LogError(
            f"--valid-from {time_text(valid_from_us)} is not before --test-from {time_text(test_from_us)}: validation comes "
            "before the test. Give an earlier one, or a later --test-from."
        )
    sizes = cut.sizes(table)
    if not all(sizes):
        n_train, n_valid, n_test = sizes
        first = min(int(table.timestamp_us[chunk].min()) for chunk in table.chunks())
        last = max(int(table.timestamp_us[chunk].max()) for chunk in table.chunks())
        raise LogError(
            f"--valid-from {time_text(valid_from_us)} and --test-from {time_text(test_from_us)} give {n_train:,} interactions "
            f"for training, {n_valid:,} for validation and {n_test:,} for test, and none may be empty: the log goes from "
            f"{time_text(first)} to {time_text(last)}. Give times within it."
        )
    return cut


def time_text(timestamp_us: int) -> str:
    """A time for people, in UTC.

    >>> time_text(1_428_364_800_000_000), time_text(1_428_364_801_500_000)
    ('2015-04-07', '2015-04-07T00:00:01Z')
    """
    try:
        moment = _EPOCH + timedelta(seconds=timestamp_us // MICROSECONDS)
    except OverflowError:
        return str(timestamp_us // MICROSECONDS)
    is_day = moment.time() == _EPOCH.time()
    return moment.date().isoformat() if is_day else moment.isoformat().replace("+00:00", "Z")
