"""`nsbench report`: the comparison, from the recorded runs alone."""

import os
import sys
import webbrowser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.report.formats.format import ReportFormat
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.report.report import Report

WIDTH_OF_FILES = 110
"""Columns of the printed report where it goes into a file or a pipe."""


def report(
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help="A dataset; may be given often. Default: all that have runs.", autocompletion=complete_dataset
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The report's folder. Default: reports/ under NSBENCH_HOME.")
    ] = None,
    formats: Annotated[
        list[ReportFormat] | None, typer.Option("--format", help="Write only this; may be given often. Default: all.")
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="Compare under this protocol: its name, or a part that no other one has, as last or items:0.01,0.2. "
            "Default: that of the newest run."
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare samplers: the answer in words, tables by cohort, differences, cost and figures, on a page and as files."""
    from nsbench.command.report import note_in_mlflow, report_folder
    from nsbench.report.answer.answer import answer
    from nsbench.report.protocols.runs_under import RunsUnder
    from nsbench.report.report import build_report
    from nsbench.tracking.store import open_store

    if open_page and formats and ReportFormat.HTML not in formats:
        raise SettingsError("--open needs the page; add --format html, or leave --format out to write everything")
    home = current_home()
    names = tuple(dict.fromkeys(dataset or ()))
    folder = output or report_folder(names, home)
    store = open_store(home).reader()
    reader = store if protocol is None else RunsUnder(store, protocol)
    written = build_report(reader, names, folder, formats or tuple(ReportFormat), home)
    with json_output(wanted=as_json) as printed:
        _print(written)
        printed.document = {
            "folder": written.output,
            "files": written.files,
            "datasets": [{"dataset": one.dataset, "answer": answer(one)} for one in written.summaries],
        }
    if ReportFormat.HTML in (formats or ReportFormat):
        # The page to open stands in front.
        problem = note_in_mlflow(home, names or reader.datasets(), written.files[0])
        if problem:
            Console(stderr=True).print(problem, soft_wrap=True)
    if open_page:
        # The page is the file to open first, so it stands in front.
        webbrowser.open(written.files[0].absolute().as_uri())


def _print(written: "Report") -> None:
    """Prints the answer, the tables and where the files are."""
    from nsbench.report.formats.terminal import ascii_text, terminal_report

    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        # A file or a pipe has no width; rich would take 80 columns and break the tables' lines.
        console = Console(width=WIDTH_OF_FILES)
    with console.capture() as printed:
        console.print(terminal_report(written.summaries))
        _say_where(written.files, written.output, console)
    text = printed.get()
    sys.stdout.write(text if _takes(text) else ascii_text(text))
    sys.stdout.flush()


def _takes(text: str) -> bool:
    """Whether the terminal's, file's or pipe's encoding has every character of a text."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _say_where(files: Sequence[Path], output: Path, console: Console) -> None:
    """Names the files at the top of the folder, and counts those below."""
    console.print("\nWritten:")
    below: Counter[Path] = Counter(path.parent for path in files if path.parent != output)
    for path in files:
        if path.parent == output:
            console.print(f"  {path}", soft_wrap=True, highlight=False, markup=False)
    for folder, n_files in below.items():
        console.print(f"  {folder}/ ({n_files} files)", soft_wrap=True, highlight=False, markup=False)
