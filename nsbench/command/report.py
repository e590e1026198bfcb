"""Where a report goes, and how MLflow's pages come to name it."""

from collections.abc import Sequence
from pathlib import Path

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.report.formats.document import file_stem


def report_folder(datasets: Sequence[str], home: Home) -> Path:
    """The folder of a report on some datasets, unless another one is asked for; on none named: on all.

    >>> report_folder(["shop"], Home(Path("runs"))).as_posix(), report_folder([], Home(Path("runs"))).as_posix()
    ('runs/reports/shop', 'runs/reports/all')
    """
    return home.reports / (file_stem("+".join(map(file_stem, datasets))) if datasets else "all")


def note_in_mlflow(home: Home, datasets: Sequence[str], page: Path) -> str:
    """Puts the report's place into the descriptions of MLflow's experiments.

    Returns:
        Why they don't name it, a sentence without a full stop, as where the store can only be read; else empty.
    """
    from nsbench.tracking.writing.experiment_page import note_report

    try:
        note_report(home.tracking_uri, datasets, str(page.absolute()))
    except TrackingError as error:
        return f"MLflow's pages don't name this report: {error}"
    return ""
