"""What a report can be written as. A file of its own, so that `nsbench --help` imports nothing else of the report."""

from enum import StrEnum


class ReportFormat(StrEnum):
    """A format of the report; the tables in the terminal are always printed."""

    HTML = "html"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"
    FIGURES = "figures"
