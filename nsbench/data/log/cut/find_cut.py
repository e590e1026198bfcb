"""Chooses how a log is cut, by what was asked for."""

from nsbench.data.log.columns.timestamp import Clock
from nsbench.data.log.cut.dates import cut_at, read_date
from nsbench.data.log.cut.leave_one_out import leave_one_out
from nsbench.data.log.cut.own_parts import OwnParts, cut_as_given
from nsbench.data.log.cut.part_start import Cut
from nsbench.data.log.cut.split import count_cut_ties, find_boundaries
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.table import Table


def find_cut(table: Table, options: PrepareOptions, parts: OwnParts | None, clock: Clock | None) -> Cut:
    """Where validation and test begin.

    Args:
        table: The filtered log.
        options: How it is cut.
        parts: Its files, where they are the parts.
        clock: How it writes its times; None where that is unknown.

    Raises:
        LogError: A part would be empty.
        SettingsError: A date can't be read.
    """
    if parts is not None:
        return cut_as_given(table, parts, options.valid_share)
    if options.split == "leave-one-out":
        return leave_one_out(table)
    if options.valid_from is not None and options.test_from is not None:
        valid, test = (
            read_date(f"--{part}-from", text, clock)
            for part, text in (("valid", options.valid_from), ("test", options.test_from))
        )
        return cut_at(table, valid, test)
    boundaries = find_boundaries(table, options.split_by, options.valid_share, options.test_share)
    return Cut(boundaries.valid, boundaries.test, count_cut_ties(table, boundaries))
