"""Which files a report consists of and how they are written; other modules decide what stands in them."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from nsbench.report.figures.canvas.gallery import Gallery
from nsbench.report.formats.document import Document, slug
from nsbench.report.formats.export import methods_csv, report_json, runs_csv, table_csv
from nsbench.report.formats.format import ReportFormat
from nsbench.report.formats.latex import latex_preview, latex_table
from nsbench.report.formats.markdown import markdown_report
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.table import ReportTable

PAGE = "report.html"
"""The page: the file to open first."""

INDEX = "index.html"
"""The list of all other files."""

FIGURES_FOLDER = "figures"
"""Where SVG and PNG files are."""

TABLES_FOLDER = "tables"
"""Where each table is as LaTeX and as CSV."""

_MOST_OF_A_TITLE = 150

LATEX_PREVIEW = "all"
"""The LaTeX file that shows all tables, without its ending."""


def write_files(
    document: Document,
    summaries: Sequence[DatasetSummary],
    gallery: Gallery,
    folder: Path,
    formats: Collection[ReportFormat],
) -> list[Path]:
    """Writes the wanted formats, and returns the paths of all files, the one to open first in front.

    Args:
        document: What the report says.
        summaries: The numbers behind it.
        gallery: The figures, whose files are written already.
        folder: Where to write.
        formats: What to write; the page comes with a list of all files.
    """
    writers: dict[ReportFormat, Callable[[], dict[str, str]]] = {
        ReportFormat.HTML: lambda: _page(document),
        ReportFormat.MARKDOWN: lambda: {
            "report.md": markdown_report(document, FIGURES_FOLDER if gallery.files else None)
        },
        ReportFormat.LATEX: lambda: _latex(document),
        ReportFormat.CSV: lambda: {
            "methods.csv": methods_csv(summaries),
            "runs.csv": runs_csv(summaries),
            **{f"{TABLES_FOLDER}/{name}.csv": table_csv(table) for name, table in _named(document).items()},
        },
        ReportFormat.JSON: lambda: {"report.json": report_json(summaries, document.tables())},
    }
    written: dict[str, list[Path]] = {}
    for kind, texts in writers.items():
        if kind in formats:
            written[_HEADINGS[kind]] = [_write(folder / name, text) for name, text in texts().items()]
    if gallery.files:
        written[_HEADINGS[ReportFormat.FIGURES]] = list(gallery.files)
    paths = [path for group in written.values() for path in group]
    if ReportFormat.HTML in formats:
        from nsbench.report.formats.page import index_html

        paths.insert(1, _write(folder / INDEX, index_html(document.title, written, folder)))
    return paths


_HEADINGS = {
    ReportFormat.HTML: "Page",
    ReportFormat.MARKDOWN: "Markdown",
    ReportFormat.LATEX: "Tables as LaTeX",
    ReportFormat.CSV: "Tables as CSV: text as shown, methods and runs as plain numbers",
    ReportFormat.JSON: "Everything as JSON",
    ReportFormat.FIGURES: "Figures",
}


def _page(document: Document) -> dict[str, str]:
    from nsbench.report.formats.page import page_html

    return {PAGE: page_html(document)}


def _latex(document: Document) -> dict[str, str]:
    tables = _named(document)
    files = {f"{TABLES_FOLDER}/{name}.tex": latex_table(table, name) for name, table in tables.items()}
    return {**files, f"{TABLES_FOLDER}/{LATEX_PREVIEW}.tex": latex_preview(list(tables))}


def _named(document: Document) -> dict[str, ReportTable]:
    """The tables by their files' names, which their titles give; equal titles are numbered."""
    named: dict[str, ReportTable] = {}
    for table in document.tables():
        base = slug(table.title)[:_MOST_OF_A_TITLE].strip("-.")
        name, number = base, 2
        # Datasets whose names differ only in characters that a slug drops have equal titles.
        while name in named:
            name, number = f"{base}-{number}", number + 1
        named[name] = table
    return named


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
