"""`nsbench report`: the comparison, from the recorded runs alone."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nsbench.home import current_home
from nsbench.report.report_format import ReportFormat

WIDTH_OF_FILES = 110
"""Columns of the printed report where it goes into a file or a pipe."""


def report(
    dataset: Annotated[
        list[str] | None, typer.Option(help="A dataset; may be given often. Default: all that have runs.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The report's folder. Default: reports/ under NSBENCH_HOME.")
    ] = None,
    formats: Annotated[
        list[ReportFormat] | None, typer.Option("--format", help="Write only this; may be given often. Default: all.")
    ] = None,
) -> None:
    """Compare samplers: tables by cohort, balance, figures, and the answer in words."""
    from nsbench.report.report import build_report
    from nsbench.report.terminal import terminal_report
    from nsbench.tracking.mlflow_reader import open_reader

    home = current_home()
    names = tuple(dict.fromkeys(dataset or ()))
    folder = output or home.reports / ("+".join(names) or "all")
    written = build_report(open_reader(home), names, folder, formats or tuple(ReportFormat))
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A file or a pipe has no width; rich would take 80 columns and break the tables' lines.
        console = Console(width=WIDTH_OF_FILES)
    console.print(terminal_report(written.summaries))
    console.print("\nWritten:")
    for path in written.files:
        console.print(f"  {path}", soft_wrap=True, highlight=False, markup=False)
