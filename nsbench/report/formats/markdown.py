"""The report as Markdown: the answer first, then everything else in the page's order."""

from collections.abc import Iterator, Sequence

from nsbench.report.figures.canvas.gallery import Drawing
from nsbench.report.formats.document import Document, Section
from nsbench.report.tables.table import Cell, Rank, ReportTable


def markdown_report(document: Document, figure_folder: str | None) -> str:
    """The whole report.

    Args:
        document: What it says.
        figure_folder: Where the figures' PNG files are, seen from the Markdown file; None: they are not shown.
    """
    parts = [f"# {_inline(document.title)}"]
    for answer in document.answers:
        heading = f"**{_inline(answer.dataset)}**\n\n" if len(document.answers) > 1 else ""
        parts.append(heading + "\n".join(f"- {_inline(sentence)}" for sentence in answer.sentences))
    if figure_folder is not None:
        parts += [_picture(drawing, figure_folder) for drawing in document.leads]
    parts += _section_parts(document.sections, figure_folder, depth=2)
    parts.append(f"Written {document.written:%Y-%m-%d %H:%M} UTC from the runs in `{_inline(document.location)}`.")
    return "\n\n".join(parts) + "\n"


def markdown_table(table: ReportTable) -> str:
    """A table with its title above it and its note below, words to the left and numbers to the right.

    Not by `DataFrame.to_markdown`, which needs a package more (tabulate) and would not escape anything.
    """
    lines = [
        f"**{_inline(table.title)}**",
        "",
        f"| {' | '.join(map(_escaped, table.columns))} |",
        f"|{'|'.join('---' if style.is_words else '---:' for style in table.styles.values())}|",
        *(f"| {' | '.join(map(_marked, row))} |" for row in table.rows),
        *(["", _inline(table.note)] if table.note else []),
    ]
    return "\n".join(lines)


def _section_parts(sections: Sequence[Section], figure_folder: str | None, depth: int) -> Iterator[str]:
    for section in sections:
        yield f"{'#' * depth} {_inline(section.title)}"
        yield from map(_inline, section.words)
        if section.points:
            yield "\n".join(f"- {_inline(point)}" for point in section.points)
        if figure_folder is not None:
            for drawing in section.drawings:
                yield _picture(drawing, figure_folder)
        yield from map(markdown_table, section.tables)
        yield from _section_parts(section.sections, figure_folder, depth + 1)


def _picture(drawing: Drawing, folder: str) -> str:
    return f"![{drawing.title}]({folder}/{drawing.name}.png)\n\n*{drawing.title}.* {drawing.caption}"


def _marked(cell: Cell) -> str:
    text = _escaped(cell.text)
    match cell.rank:
        case Rank.BEST:
            return f"**{text}**"
        case Rank.SECOND:
            return f"*{text}*"
        case Rank.OTHER:
            return text


def _escaped(text: str) -> str:
    """A text as a cell: a bar would end it, and a backslash could take the bar's own away."""
    return _inline(text).replace("\\", "\\\\").replace("|", "\\|")


def _inline(text: str) -> str:
    """A text without elements of HTML, links and pictures; what stands between backticks stays code."""
    # `](` would make a link or a picture of a label such as [x](http://y).
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("](", "]&#40;")
