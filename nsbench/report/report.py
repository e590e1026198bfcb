"""Builds the report of some datasets into a folder, from recorded runs alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.report.analysis import read_summaries
from nsbench.report.figures.canvas.drawing import draw_gallery
from nsbench.report.figures.canvas.gallery import NO_FIGURES, Gallery
from nsbench.report.figures.training_curve import read_curves
from nsbench.report.formats.composition import compose
from nsbench.report.formats.files import FIGURES_FOLDER, write_files
from nsbench.report.formats.format import ReportFormat
from nsbench.report.scratch import scratch_folder
from nsbench.report.summary import DatasetSummary
from nsbench.tracking.stored_run import RunReader

_DRAWN_IN = frozenset({ReportFormat.HTML, ReportFormat.FIGURES})


@dataclass(frozen=True)
class Report:
    """A written report.

    Attributes:
        output: Its folder.
        summaries: What it says, one per dataset.
        files: What was written, the one to open first in front.
    """

    output: Path
    summaries: tuple[DatasetSummary, ...]
    files: tuple[Path, ...]


def build_report(
    reader: RunReader,
    datasets: Sequence[str],
    output: Path,
    formats: Collection[ReportFormat] = tuple(ReportFormat),
    home: Home | None = None,
) -> Report:
    """Reads the runs of some datasets, compares them, and writes the report with `write_report`.

    Args:
        reader: Where the runs are.
        datasets: Their names, in the report's order; empty: all that have been recorded.
        output: The folder, created where missing; files of an older report in it are replaced, others left alone.
        formats: What to write.
        home: Where the datasets lie, for results by groups of users; None: those are left out.

    Raises:
        TrackingError: No runs at all, none of a named dataset, or the folder can't be written.
    """
    names = list(dict.fromkeys(datasets)) or list(reader.datasets())
    if not names:
        raise TrackingError(
            f"nothing is recorded in {reader.location} yet; `nsbench reproduce demo` makes runs to report on, or "
            f"`nsbench tune` and `nsbench repeat` on a log of yours"
        )
    return write_report(reader, read_summaries(reader, names, home), output, formats)


def write_report(
    reader: RunReader,
    summaries: tuple[DatasetSummary, ...],
    output: Path,
    formats: Collection[ReportFormat] = tuple(ReportFormat),
) -> Report:
    """Writes the report of what was read already.

    Every file is written elsewhere and then renamed, so that whoever has a report open never sees half a file.

    Args:
        reader: Where the runs are.
        summaries: Of `read_summaries`, in the report's order.
        output: The folder, created where missing; files of an older report in it are replaced, others left alone.
        formats: What to write.

    Raises:
        TrackingError: The runs' curves can't be read, or the folder can't be written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        # Within the output folder, since renaming is atomic only within one file system.
        with scratch_folder(output) as folder:
            gallery = _gallery(reader, summaries, folder, output, formats)
            document = compose(summaries, gallery, reader.location, datetime.now(UTC))
            written = write_files(document, summaries, gallery, folder, formats)
            files = tuple(_put_in_place(path, folder, output) for path in written)
    except OSError as error:
        raise TrackingError(
            f"can't write the report to {output}: {error.strerror or error}; name another folder with --output"
        ) from error
    return Report(output, summaries, files)


def _gallery(
    reader: RunReader,
    summaries: Sequence[DatasetSummary],
    folder: Path,
    output: Path,
    formats: Collection[ReportFormat],
) -> Gallery:
    if _DRAWN_IN.isdisjoint(formats):
        return NO_FIGURES
    curves = {summary.dataset: read_curves(reader, summary) for summary in summaries}
    written_to = folder / FIGURES_FOLDER if ReportFormat.FIGURES in formats else None
    return draw_gallery(summaries, curves, written_to, older=output / FIGURES_FOLDER)


def _put_in_place(path: Path, folder: Path, output: Path) -> Path:
    target = output / path.relative_to(folder)
    target.parent.mkdir(exist_ok=True)
    return path.replace(target)
