"""The page opens anywhere: no network, no script, every figure there, and no wider than the screen it is read on."""

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nsbench.report.analysis import summary_of_runs
from nsbench.report.figures.canvas.drawing import draw_gallery
from nsbench.report.formats.composition import compose
from nsbench.report.formats.page import page_html
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.report.test_figure import crowded_summary
from tests.tracking.run_builder import card_json, final_metrics

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
N_FIGURES = 5
"""Of the crowded methods: accuracy against balance, repeats, differences, cohorts, head against tail."""

N_STACKED = 3
"""The first three of them have two panels each."""

PROBE = """<script>
addEventListener("error", event => document.documentElement.dataset.failed = event.message, true);
addEventListener("load", () => {
  const root = document.documentElement.dataset;
  root.width = document.documentElement.scrollWidth - innerWidth;
  root.figures = [...document.querySelectorAll("figure svg")].filter(svg => svg.getBoundingClientRect().height > 99).length;
  root.stacked = [...document.querySelectorAll("svg.stacked")].filter(svg => svg.getBoundingClientRect().height > 99).length;
  root.requests = performance.getEntriesByType("resource").length;
});
</script>"""


def report_of(*summaries) -> str:
    gallery = draw_gallery(summaries, {}, folder=None)
    return page_html(compose(summaries, gallery, "sqlite:///here.db", datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture(scope="module")
def page() -> str:
    return report_of(crowded_summary())


class _Reader(HTMLParser):
    """Collects ids and links, and checks that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[name] for name in ("href", "src", "srcset", "data") if attributes.get(name)]
        if tag not in {"meta", "link", "br", "img", "hr", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader


def test_the_page_needs_nothing_but_itself(page):
    reader = read(page)
    assert all(link.startswith(("#", "data:")) or link == "https://arxiv.org/abs/2410.17276" for link in reader.links)
    assert not re.search(r"@import|url\((?!#)", page)
    assert not reader.tags & {"script", "img", "iframe", "object"}


def test_the_page_is_well_formed_and_all_its_links_lead_somewhere(page):
    reader = read(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_every_figure_is_in_the_page_once_and_again_where_its_panels_can_be_stacked(page):
    assert page.count("<figure") == N_FIGURES
    assert page.count("<svg") == N_FIGURES + N_STACKED
    assert page.count('class="beside"') == page.count('class="stacked"') == N_STACKED


def test_no_drawing_borrows_from_another_one_which_may_be_hidden(page):
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    for drawing in drawings:
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawing)) == set(re.findall(r' id="([^"]+)"', drawing))


def test_datasets_whose_names_differ_by_a_word_have_ids_of_their_own():
    """Both have a stacked drawing; the name of one dataset is the other's and that word."""
    runs = [*repeats("a", [0.2, 0.3], 0.5), *repeats("b", [0.1, 0.2], 0.5)]
    ids = read(report_of(*(summary_of_runs(name, runs) for name in ("demo", "demo-stacked", "stacked-demo")))).ids
    assert len(ids) == len(set(ids))


def test_what_is_stacked_is_for_narrow_screens_and_not_for_print(page):
    style = page[page.index("<style>") : page.index("</style>")]
    narrow = style.index("@media screen and (max-width: 40rem)")
    assert style.index("svg.stacked { display: none; }") < narrow < style.index("svg.stacked { display: block;")
    assert style.count("svg.stacked { display:") == 2


def test_a_note_stands_below_its_table():
    card = card_json(best_reachable={"k": 10, "hit_rate": {"all": 0.3, "head": 0.3, "mid": 0.3, "tail": 0.3}})
    text = report_of(summary_of([stored("a<", metrics=final_metrics(0.2, 0.4, 0.2, 0.1, 0.5), card=card)]))
    assert text.count('<p class="note">') == 1
    assert text.index("Best reachable</th>") < text.index('<p class="note">a&lt; exceeds the best reachable in head')


def test_the_best_and_the_second_best_are_marked(page):
    assert 'class="best"' in page
    assert 'class="second"' in page


def test_the_answer_comes_before_everything_else(page):
    assert page.index("Accuracy:") < page.index("<figure")
    assert page.index('id="answer"') < page.index('id="dataset-demo"')


def test_names_can_not_break_out_of_the_page():
    text = report_of(summary_of(repeats("<b>&bold", [0.2, 0.3], 0.5), repeats("b", [0.1, 0.2], 0.5)))
    assert "<b>&bold" not in text.replace("<b>Every", "")
    assert "&lt;b&gt;&amp;bold" in text


def test_a_single_run_has_a_page():
    text = report_of(summary_of([stored("a")]))
    assert "Only a was run" in text
    assert "<figure" in text


def test_a_dataset_without_results_has_a_page_that_says_so():
    text = report_of(summary_of([stored(status="RUNNING")]))
    assert "Nothing to compare yet" in text
    assert "<figure" not in text


def chromium(folder: Path, page: str, width: int) -> dict[str, str]:
    """What the page says of itself once it is loaded in a window of that width."""
    file = folder / "page.html"
    file.write_text(page.replace("<head>", f"<head>{PROBE}", 1), encoding="utf-8")
    command = [CHROMIUM, *OFFLINE, f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900", "--dump-dom"]
    result = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return dict(re.findall(r'data-(\w+)="([^"]*)"', result.stdout[: result.stdout.index("<head>")]))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium isn't installed")
@pytest.mark.parametrize(("width", "n_stacked"), [(1400, 0), (768, 0), (390, N_STACKED)])
def test_a_browser_shows_all_figures_without_network_and_without_scrolling_sideways(tmp_path, page, width, n_stacked):
    found = chromium(tmp_path, page, width)
    assert "failed" not in found
    assert int(found["figures"]) == N_FIGURES
    assert int(found["stacked"]) == n_stacked
    assert int(found["requests"]) == 0
    assert int(found["width"]) <= 0


def test_the_picture_stands_between_the_answer_and_the_first_table(page):
    assert page.index("Accuracy:") < page.index("figure-accuracy_balance") < page.index("The answer at a glance")
    assert page.count('id="figure-accuracy_balance') == 1


def test_a_single_dataset_has_no_second_copy_of_its_table(page):
    assert "All datasets in one table" not in page


def test_a_command_breaks_between_words_alone():
    runs = [replace(run, params={"batch_size": "64"}) for run in repeats("a", [0.1, 0.2], 0.5)]
    assert "<span>--set</span> <span>batch_size=64</span>" in report_of(summary_of(runs))


def test_a_log_of_which_only_the_order_is_known_is_said_to_be_one() -> None:
    ordered = summary_of([stored("a", card=card_json(options={"time_unit": "order"}))])
    said = "times only give the order of its interactions: the split goes by that order, and days are unknown"
    assert said in report_of(ordered)
    assert said not in report_of(summary_of([stored("a", card=card_json())]))
