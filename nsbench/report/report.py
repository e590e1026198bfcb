"""Builds the report of some datasets into a folder, from recorded runs alone."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from nsbench.errors import TrackingError
from nsbench.report.export import methods_csv, report_json, runs_csv
from nsbench.report.markdown import markdown_report
from nsbench.report.reading import read_summary
from nsbench.report.report_format import ReportFormat
from nsbench.report.summary import DatasetSummary
from nsbench.tracking.stored_run import RunReader


@dataclass(frozen=True)
class Report:
    """A written report.

    Attributes:
        output: Its folder.
        summaries: What it says, one a dataset.
        files: What was written, the one to open first in front.
    """

    output: Path
    summaries: tuple[DatasetSummary, ...]
    files: tuple[Path, ...]


def build_report(
    reader: RunReader, datasets: Sequence[str], output: Path, formats: Collection[ReportFormat] = tuple(ReportFormat)
) -> Report:
    """Reads the runs of some datasets, compares them, and writes the report.

    Every file is written beside its place and then renamed, so that a report that is open elsewhere is never half a file.

    Args:
        reader: Where the runs are.
        datasets: Their names, in the report's order; empty: all that have been recorded.
        output: The folder, created where missing; files of an older report in it are replaced, others left alone.
        formats: What to write.

    Raises:
        TrackingError: No runs at all, none of a named dataset, or the folder can't be written.
    """
    names = list(dict.fromkeys(datasets)) or list(reader.datasets())
    if not names:
        raise TrackingError(
            f"nothing is recorded in {reader.location} yet; `nsbench reproduce demo` makes runs to report on, or "
            f"`nsbench tune` and `nsbench repeat` on a log of yours"
        )
    summaries = tuple(read_summary(reader, name) for name in names)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".report-", dir=output) as scratch:
            written = _write(summaries, Path(scratch), reader.location, formats)
            files = tuple(path.replace(output / path.name) for path in written)
    except OSError as error:
        raise TrackingError(
            f"can't write the report to {output}: {error.strerror or error}; name another folder with --output"
        ) from error
    return Report(output, summaries, files)


def _write(
    summaries: Sequence[DatasetSummary], folder: Path, location: str, formats: Collection[ReportFormat]
) -> list[Path]:
    """Writes the files and gives their paths; the Markdown shows the figures, so it needs their names."""
    figures = _write_figures(summaries, folder) if ReportFormat.FIGURES in formats else {}
    texts: dict[str, Callable[[], str]] = {}
    if ReportFormat.MARKDOWN in formats:
        pictures = {caption: paths[0].name for caption, paths in figures.items()}
        texts["report.md"] = lambda: markdown_report(summaries, pictures, location, datetime.now(UTC))
    if ReportFormat.CSV in formats:
        texts["methods.csv"] = lambda: methods_csv(summaries)
        texts["runs.csv"] = lambda: runs_csv(summaries)
    if ReportFormat.JSON in formats:
        texts["report.json"] = lambda: report_json(summaries)
    paths = []
    for name, text in texts.items():
        (folder / name).write_text(text(), encoding="utf-8")
        paths.append(folder / name)
    return paths + [path for pair in figures.values() for path in pair]


def _write_figures(summaries: Sequence[DatasetSummary], folder: Path) -> dict[str, tuple[Path, Path]]:
    """PNG and SVG of each figure that has something to show, by caption."""
    # Matplotlib takes half a second to import, which a report without figures need not pay.
    from nsbench.report.accuracy_balance_figure import accuracy_balance_figure
    from nsbench.report.cohort_figure import cohort_figure
    from nsbench.report.style import save_figure

    drawn = {
        "Accuracy against balance": ("accuracy_balance", accuracy_balance_figure(summaries)),
        "Hit rate by cohort": ("cohorts", cohort_figure(summaries)),
    }
    return {
        caption: save_figure(figure, folder, name) for caption, (name, figure) in drawn.items() if figure is not None
    }
