"""The report as one page of HTML that needs no other file: styles and figures are in it, and there is no script."""

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from nsbench.report.figures.canvas.gallery import Drawing
from nsbench.report.figures.canvas.style import ON_DARK
from nsbench.report.formats.composition import PAPER_ADDRESS
from nsbench.report.formats.document import Document, anchor
from nsbench.report.formats.page_svg import colour_variable, inline_svg

_SENTENCES_SHOWN = 5
"""Sentences of each answer that are visible at first; the others unfold."""

_LONG_FROM = 12
"""Tables of more rows unfold."""

_DENSE_FROM = 9
"""Tables of more columns are set closer, so that they fit a wide screen."""

_WIDE_FROM_PT = 500.0
"""Figures from this width on take the page's whole width."""


def page_html(document: Document) -> str:
    """The whole report as a page, light or dark like the reader's system, and fit for a phone."""
    environment = _environment()
    colours = [(colour_variable(light), light, dark) for light, dark in ON_DARK.items()]
    style = environment.get_template("page.css.j2").render(colours=colours)
    page = environment.get_template("page.html.j2").render(
        document=document,
        style=Markup(style),
        shown=_SENTENCES_SHOWN,
        long_from=_LONG_FROM,
        dense_from=_DENSE_FROM,
    )
    return re.sub(r"\n\s*\n+", "\n", page).lstrip()


def index_html(title: str, files: dict[str, list[Path]], folder: Path) -> str:
    """A list of the report's files by what they are, with their sizes.

    Args:
        title: The report's.
        files: The written files by the heading they are listed under.
        folder: The report's folder, which the links start from.
    """
    groups = {
        heading: [(path.relative_to(folder).as_posix(), _size(path.stat().st_size)) for path in paths]
        for heading, paths in files.items()
        if paths
    }
    environment = _environment()
    style = environment.get_template("page.css.j2").render(colours=[])
    return environment.get_template("index.html.j2").render(title=title, groups=groups, style=Markup(style))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("nsbench.report.formats"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(words=_words, anchor=anchor, inline=_inline, is_wide=_is_wide, unbroken=_unbroken)
    return environment


def _words(text: str) -> Markup:
    """A text with what stands between backticks as code, and the paper's address as a link."""
    # Escaped first, so that all elements in the result are ours.
    text = re.sub(r"`([^`]+)`", _code, str(escape(text)))
    return Markup(text.replace(PAPER_ADDRESS, f'<a href="{PAPER_ADDRESS}">{PAPER_ADDRESS}</a>'))


def _code(found: re.Match[str]) -> str:
    """Code that may break behind the slashes of a path, and nowhere within a name."""
    return f"<code>{re.sub(r'/(?=[^/])', '/<wbr>', found[1])}</code>"


def _unbroken(command: str) -> Markup:
    """A command that breaks between its words alone, and not behind a hyphen."""
    return Markup(" ").join(Markup("<span>{}</span>").format(word) for word in command.split(" "))


def _inline(drawing: Drawing) -> Markup:
    """A figure and its stacked variant; the style sheet shows one of them."""
    name, title = anchor(drawing.name), f"{drawing.title}. {drawing.caption}"
    if drawing.stacked is None:
        return Markup(inline_svg(drawing.svg, name, title))
    # Names begin with a figure's kind, and no kind is called "stacked".
    pictures = (
        inline_svg(drawing.svg, name, title, "beside"),
        inline_svg(drawing.stacked, f"stacked-{name}", title, "stacked"),
    )
    return Markup("\n").join(map(Markup, pictures))


def _is_wide(drawing: Drawing) -> bool:
    width = re.search(r'<svg[^>]*\swidth="([\d.]+)pt"', drawing.svg)
    return width is not None and float(width[1]) >= _WIDE_FROM_PT


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(1, round(n_bytes / 1e3)):,} kB"
