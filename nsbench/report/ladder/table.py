"""The ladder as tables: each sampler at each rung, where the paper's claims hold, and adaptive samplers beside their pools."""

from itertools import groupby

import pandas as pd

from nsbench.report.ladder.climb import Ladder, RungSummary
from nsbench.report.ladder.probe import Contrast, probed_methods
from nsbench.report.paper.claim import Verdict
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import METRIC_TITLES, DatasetSummary, Estimate, MethodSummary
from nsbench.report.tables.evidence import interval_text
from nsbench.report.tables.number_text import UNDEFINED, estimate_text, number, points
from nsbench.report.tables.table import ReportTable, numbers, table_of, words


def ladder_tables(summary: DatasetSummary) -> list[ReportTable]:
    """The tables of every ladder of a dataset, the largest one first."""
    return [
        table
        for ladder in summary.ladders
        for table in (
            rung_table(summary.dataset, ladder),
            ladder_claim_table(summary.dataset, ladder),
            probe_table(summary.dataset, ladder),
        )
        if table is not None
    ]


def rung_table(dataset: str, ladder: Ladder) -> ReportTable:
    """One row per rung and sampler."""
    rows = [(rung, row) for rung in ladder.rungs for row in rung.methods]
    columns = [
        words("Rung", [rung.rung.title for rung, _ in rows]),
        words("Method", [row.method.label for _, row in rows]),
        words(
            "Model", ["of the rung below" if row.method.label in rung.ranked_again else "trained" for rung, row in rows]
        ),
        numbers("Runs", [len(row.method.runs) for _, row in rows]),
        numbers(METRIC_TITLES["hit_rate"], [row.accuracy("hit_rate") for _, row in rows], estimate_text),
        numbers(METRIC_TITLES["ndcg"], [row.accuracy("ndcg") for _, row in rows], estimate_text),
        numbers("Balance of hit rate", [row.balance("hit_rate") for _, row in rows], estimate_text),
        numbers("Rank by hit rate", [rung.places[row.method.label] for rung, row in rows], _place_text),
    ]
    title = f"From the published protocol to a sound one on {dataset}{ladder.title}, %"
    return table_of(title, columns, f"Mean ± standard deviation over seeds. {ladder.budget}.")


def ladder_frame(ladder: Ladder) -> pd.DataFrame:
    """The same in plain numbers, as shares: one row per rung and method, by the rung's name and the method's label."""
    rows = [(rung, row) for rung in ladder.rungs for row in rung.methods]
    keys = [(rung.rung.name, row.method.label) for rung, row in rows]
    return pd.DataFrame(
        [_numbers(rung, row) for rung, row in rows], index=pd.MultiIndex.from_tuples(keys, names=["rung", "method"])
    )


def _numbers(rung: RungSummary, row: MethodSummary) -> dict[str, int | float | bool]:
    found: dict[str, int | float | bool] = {
        "n_runs": len(row.method.runs),
        "is_trained": row.method.label not in rung.ranked_again,
    }
    estimates = {
        f"hit_rate_at_{CUTOFF}": row.accuracy("hit_rate"),
        f"ndcg_at_{CUTOFF}": row.accuracy("ndcg"),
        f"balance_hit_rate_at_{CUTOFF}": row.balance("hit_rate"),
        "rank": rung.places[row.method.label],
    }
    for name, estimate in estimates.items():
        found |= {name: estimate.mean, f"{name}_sd": estimate.sd}
    return found


def ladder_claim_table(dataset: str, ladder: Ladder) -> ReportTable | None:
    """One row per claim of the paper: at which rungs it holds, fails and is undecided; None where none can be judged."""
    names = list(dict.fromkeys(claim.name for rung in ladder.rungs for claim in rung.summary.claims))
    if not names:
        return None
    texts = {claim.name: claim.text for rung in ladder.rungs for claim in rung.summary.claims}
    found = {name: [(rung, verdict) for rung in ladder.rungs if (verdict := _verdict(rung, name))] for name in names}
    columns = [
        words("Claim", [texts[name] for name in names]),
        words("First rung", [found[name][0][1] for name in names]),
        words("Last rung", [found[name][-1][1] for name in names]),
        words("Along the ladder", [along(found[name]) for name in names]),
    ]
    return table_of(f"The paper's claims along the ladder on {dataset}{ladder.title}", columns)


def along(verdicts: list[tuple[RungSummary, Verdict]]) -> str:
    """The rungs at which a claim has each verdict, in the order of the ladder, such as "holds: a to b; fails: c"."""
    parts = []
    for verdict, members in groupby(verdicts, key=lambda each: each[1]):
        titles = [rung.rung.title for rung, _ in members]
        parts.append(f"{verdict}: {titles[0]}" + (f" to {titles[-1]}" if len(titles) > 1 else ""))
    return "; ".join(parts)


def probe_table(dataset: str, ladder: Ladder) -> ReportTable | None:
    """Each adaptive sampler beside its pool, of either weight; None where none was probed."""
    rows = [(probed, cell) for probed in probed_methods(ladder) for cell in probed.cells]
    if not rows:
        return None
    columns = [
        words("Method", [probed.label for probed, _ in rows]),
        words("Negatives trained on", [cell.what for _, cell in rows]),
        words("Their weight", [cell.weight for _, cell in rows]),
        numbers("Runs", [len(cell.row.method.runs) for _, cell in rows]),
        numbers(METRIC_TITLES["hit_rate"], [cell.row.accuracy("hit_rate") for _, cell in rows], estimate_text),
        numbers(METRIC_TITLES["ndcg"], [cell.row.accuracy("ndcg") for _, cell in rows], estimate_text),
        numbers("Balance of hit rate", [cell.row.balance("hit_rate") for _, cell in rows], estimate_text),
    ]
    told = "; ".join(
        f"{probed.label}: {', '.join(_contrast_text(one) for one in probed.contrasts)}"
        for probed in probed_methods(ladder)
    )
    note = f"Hit rate against all N of weight 1, percent points, paired by seed: {told}."
    return table_of(f"Hardness or a lower weight on {dataset}{ladder.title}, %", columns, note)


def _verdict(rung: RungSummary, name: str) -> Verdict | None:
    return next((claim.verdict for claim in rung.summary.claims if claim.name == name), None)


def _contrast_text(one: Contrast) -> str:
    interval = f" {interval_text(one.interval)}" if one.interval.is_defined else ""
    return f"{one.what} {points(one.difference)}{interval}"


def _place_text(place: Estimate) -> str:
    """A mean rank with its deviation.

    >>> _place_text(Estimate((1.0, 2.0), 2)), _place_text(Estimate((), 0))
    ('1.5 ±0.7', '–')
    """
    if not place.n:
        return UNDEFINED
    spread = number(place.sd, ".1f")
    return f"{place.mean:.1f}" + ("" if spread == UNDEFINED else f" ±{spread}")
