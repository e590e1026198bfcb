"""A figure in a page is smaller than its file, and shows the same."""

from nsbench.report.formats.page_svg import inline_svg

FAMILY = "font-family: 'DejaVu Sans', Verdana, sans-serif"


def test_places_have_two_decimals_and_lines_no_breaks():
    svg = '<svg>\n <path d="M 1.25 2 \nL 3 4 \n"/>\n <use x="1.23456" y="2" transform="rotate(-40 1.23999 5)"/>\n</svg>'
    assert '<path d="M 1.25 2 L 3 4 "/><use x="1.23" y="2" transform="rotate(-40 1.23 5)"/></svg>' in inline_svg(
        svg, "n", "t"
    )


def test_what_is_not_turned_needs_no_turning():
    assert "rotate" not in inline_svg('<svg><text x="1" transform="rotate(-0 1 2)">a</text></svg>', "n", "t")


def test_markers_of_one_style_share_it_and_others_keep_theirs():
    one, other = 'style="fill: red"', 'style="fill: blue"'
    same = f'<svg><g clip="c"><use x="1" {one}/><use x="2" {one}/></g></svg>'
    assert f'<g clip="c" {one}><use x="1"/><use x="2"/></g>' in inline_svg(same, "n", "t")
    different = f'<g><use x="1" {one}/><use x="2" {other}/></g>'
    assert different in inline_svg(f"<svg>{different}</svg>", "n", "t")
    some = f'<g><use x="1" {one}/><use x="2"/></g>'
    assert some in inline_svg(f"<svg>{some}</svg>", "n", "t")


def test_words_inherit_their_font():
    svg = inline_svg(f'<svg><text style="font-size: 9px; {FAMILY}; fill: red">a</text></svg>', "n", "t")
    assert svg.count("DejaVu") == 1
    assert '<text style="font-size: 9px; fill: red">' in svg
    assert "font-family=\"'DejaVu Sans', Verdana, sans-serif\"" in svg[: svg.index(">")]


def test_a_label_that_looks_like_an_attribute_stays_as_it_is():
    label = f'a id="x y="1.23456" #1a1a1a {FAMILY} url(#p) xlink:href="#q"'
    svg = inline_svg(f'<svg><text id="t">{label}</text><use href="#t"/></svg>', "n", "t")
    assert f'<text id="n-t">{label}</text><use href="#n-t"/>' in svg


def test_two_copies_have_ids_of_their_own():
    svg = '<svg><clipPath id="p"/><g clip-path="url(#p)"/></svg>'
    assert '<clipPath id="a-p"/><g clip-path="url(#a-p)"/>' in inline_svg(svg, "a", "t")
    assert 'class="stacked"><clipPath id="b-p"/><g clip-path="url(#b-p)"/>' in inline_svg(svg, "b", "t", "stacked")
