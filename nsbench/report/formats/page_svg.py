"""A figure's SVG as an element of a page: smaller than the file, light or dark, and with ids of its own."""

import re
from html import escape

from nsbench.report.figures.canvas.style import ON_DARK

_TAG = re.compile(r"<[^<>]+>")
"""Only tags are changed: a label may look like an attribute."""

_BETWEEN_TAGS = re.compile(r">\s+<")
_BREAK = re.compile(r"\s*\n\s*")
_NOT_TURNED = re.compile(r' transform="rotate\(-?0 [^"]*"')

_PLACE = re.compile(r' (?:x|y|transform)="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
"""A hundredth of a point is as exact as a page can show."""

_FAMILY = "'DejaVu Sans', Verdana, sans-serif"
_OWN_FAMILY = re.compile(rf"font-family: {_FAMILY}(?:; )?")
"""Matplotlib repeats it in every word's style; stated once, all inherit it."""

_REFERENCE = re.compile(r"(?:href=\"#|url\(#)([^\")]+)")
_ID = re.compile(r' id="([^"]*)"')

_MARKERS = re.compile(r"<g([^<>]*)>((?:<use [^<>]*/>){2,})</g>")
_STYLE = re.compile(r' style="([^"]*)"')


def inline_svg(svg: str, name: str, title: str, kind: str = "") -> str:
    """An SVG as an element of a page: its own ids, CSS variables instead of colours, and a title for screen readers.

    Args:
        svg: As `svg_text` returns it.
        name: Unique on the page; all ids begin with it.
        title: What the figure shows.
        kind: The element's class; empty: none.

    >>> inline_svg('<?xml version="1.0"?><svg width="9pt"><g id="a"/><use href="#b"/><g id="b"/></svg>', "n", "A & B")
    '<svg role="img" aria-label="A &amp; B" width="9pt"><g/><use href="#n-b"/><g id="n-b"/></svg>'
    """
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>\s*", "", element, flags=re.DOTALL)
    element = _BETWEEN_TAGS.sub("><", element)
    used = {found for tag in _TAG.findall(element) for found in _REFERENCE.findall(tag)}
    says_family = _FAMILY in element
    element = _TAG.sub(lambda tag: _of_page(tag[0], name, used), element)
    element = _MARKERS.sub(_styled_once, element)
    attributes = f'role="img" aria-label="{escape(title)}"'
    attributes += f' class="{kind}"' if kind else ""
    attributes += f' font-family="{_FAMILY}"' if says_family else ""
    return element.replace("<svg", f"<svg {attributes}", 1)


def colour_variable(colour: str) -> str:
    """The CSS variable that stands for a colour of a figure.

    >>> colour_variable("#1a1a1a")
    '--figure-1a1a1a'
    """
    return f"--figure-{colour[1:]}"


def _of_page(tag: str, name: str, used: set[str]) -> str:
    """A tag as it stands in a page; only ids that something refers to are kept."""
    tag = re.sub(r"\s+xmlns(:\w+)?=\"[^\"]*\"", "", _BREAK.sub(" ", tag)).replace("xlink:href", "href")
    tag = _OWN_FAMILY.sub("", _NOT_TURNED.sub("", tag))
    tag = _PLACE.sub(lambda place: _DECIMALS.sub(r"\1", place[0]), tag)
    tag = _ID.sub(lambda found: found[0] if found[1] in used else "", tag)
    tag = re.sub(r"( id=\"|href=\"#|url\(#)", rf"\g<1>{name}-", tag)
    for colour in ON_DARK:
        tag = tag.replace(colour, f"var({colour_variable(colour)})")
    return tag


def _styled_once(group: re.Match[str]) -> str:
    """A group of markers that all have one style, with the style moved to the group."""
    styles = _STYLE.findall(group[2])
    if len(set(styles)) != 1 or len(styles) != group[2].count("<use ") or "style=" in group[1]:
        return group[0]
    return f'<g{group[1]} style="{styles[0]}">{_STYLE.sub("", group[2])}</g>'
