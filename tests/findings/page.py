"""The tables of `.readme/findings.md` that are made of kept runs, and how they get there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from nsbench.terms import RunKind
from tests.findings.agreement import agreement_lines
from tests.findings.differences import difference_lines
from tests.findings.kept import MEASURED, datasets, kept_runs, path_of
from tests.findings.pairings import pairing_lines
from tests.findings.tables import ladder_lines, ladder_of

PAGE = Path(__file__).parents[2] / ".readme" / "findings.md"

LADDERS: Mapping[str, str] = {"amazon_beauty_rows": "Amazon Beauty", "ml_1m_pos4_rows": "MovieLens 1M"}
"""What the page calls the logs whose ladder it shows."""

PAIRINGS: Mapping[str, str] = {
    "amazon_beauty": "Amazon Beauty, tuned",
    "amazon_beauty_exponent": "Amazon Beauty, by exponent",
    "amazon_beauty_dose": "Amazon Beauty, by number of negatives",
    "ml_1m_pos4": "MovieLens 1M, tuned",
    "retailrocket_sessions": "RetailRocket, tuned",
}
"""What it calls those whose samplers and losses it compares."""


def page_tables(folder: Path = MEASURED) -> Iterator[list[str]]:
    """Each table as lines, the first of which is found nowhere else on the page."""
    if path_of(RunKind.ABLATION, folder).exists():
        runs = kept_runs(RunKind.ABLATION, folder)
        ladders = {LADDERS.get(dataset, dataset): ladder_of(runs, dataset) for dataset in datasets(runs)}
        for title, ladder in ladders.items():
            yield ladder_lines(ladder, title)
            yield difference_lines(ladder, title)
        yield agreement_lines(ladders)
    if path_of(RunKind.REPEAT, folder).exists():
        runs = kept_runs(RunKind.REPEAT, folder)
        for dataset in datasets(runs):
            yield pairing_lines(runs, dataset, PAIRINGS.get(dataset, dataset))


def with_tables(page: str, tables: Iterator[list[str]]) -> str:
    """The page with each table in the place of the one that has the same first line.

    Raises:
        ValueError: The page has no such table.
    """
    lines = page.splitlines()
    for table in tables:
        begin = lines.index(table[0])
        end = next((n for n in range(begin, len(lines)) if not lines[n].startswith("|")), len(lines))
        lines[begin:end] = table
    return "\n".join(lines) + "\n"
