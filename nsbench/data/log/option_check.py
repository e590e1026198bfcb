"""Refuses options that make no sense beside each other, by what is known of the log's times and files."""

from collections.abc import Sequence

from nsbench.data.log.option_value import NO_TIME, PartName
from nsbench.data.log.prepare_options import FILTERS, PrepareOptions, option
from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import SettingsError


def check_options(read: ReadOptions, options: PrepareOptions, parts: Sequence[PartName] = ()) -> None:
    """Checks how a log is to be prepared before it is read.

    Args:
        read: How it is read.
        options: What is kept, and how it is cut.
        parts: What its files are, where it comes cut.

    Raises:
        SettingsError: Two options make no sense together.
    """
    if read.is_order:
        _check_order(read, options)
    if parts:
        _check_parts(options, parts)
    if read.has_negatives and (parts or options.split != "time"):
        how = "--train and --test" if parts else f"--split {options.split}"
        raise SettingsError(
            "--negative-events and --negative-max-rating keep what came before validation for training, by time, and with "
            f"{how} no time is where validation begins. Give the log as one, cut in time, or leave explicit negatives out."
        )


def _check_order(read: ReadOptions, options: PrepareOptions) -> None:
    """Refuses what needs times, or rows that share one, where there are none."""
    without_times = read.columns.time == NO_TIME
    said = f"--time-column {NO_TIME}" if without_times else "--time-unit order"
    if options.session_gap_s is not None:
        raise SettingsError(
            f"--session-gap cuts sessions by time, and with {said} only the order of the rows is known, no time. Leave "
            "--session-gap out, or name a column of times with --time-column."
        )
    if options.valid_from is not None:
        raise SettingsError(
            f"--valid-from and --test-from are times, and with {said} only the order of the rows is known, no time. Use "
            "--valid-share and --test-share, or name a column of times with --time-column."
        )
    if without_times and options.duplicates == "drop":
        raise SettingsError(
            f"--duplicates drop leaves out rows that share user, item and time with another, and with {said} no two rows share "
            "a time: nothing would be left out. Use --drop-immediate-repeats or --drop-repeats, or leave it out."
        )
    if without_times and options.ties != "log":
        raise SettingsError(
            f"--ties {options.ties} orders rows that share a time, and with {said} no two rows do. Leave --ties out, or name a "
            "column of times with --time-column."
        )


def _check_parts(options: PrepareOptions, parts: Sequence[PartName]) -> None:
    """Refuses what would cut files anew that are the parts, or take interactions from them that others count."""
    cuts = options.given("test_share", "split_by", "valid_from", "test_from")
    if options.split != "time":
        cuts.append("--split")
    if cuts:
        raise SettingsError(
            f"{', '.join(cuts)} cuts a log, and --train and --test come cut: leave {'them' if cuts[1:] else 'it'} out, or give "
            "the log as one."
        )
    filters = [option(name) for name in FILTERS if getattr(options, name) != type(options).model_fields[name].default]
    if filters:
        raise SettingsError(
            f"{', '.join(filters)} would leave out interactions of --test by what the other files hold, or make other users of "
            "them, so that results could not stand beside others on these files: filter before the files are written, or give "
            "the log as one. --events, --min-rating and --skip-bad-rows, which look at one row at a time, are taken."
        )
    if "valid" in parts and options.given("valid_share"):
        raise SettingsError(
            "--valid-share takes validation from --train, and --valid is given: leave one of the two out."
        )
    if "valid" not in parts and not options.given("valid_share"):
        raise SettingsError(
            "--valid is missing, and without validation no training knows when to stop. Give --valid FILE, or --valid-share 0.05 "
            "to take the last 5 % of the interactions of --train, in time, for it."
        )
