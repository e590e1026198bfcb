"""What `nsbench data describe --sequential` shows: the log beside itself with each user's training shuffled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from nsbench.evaluation.sequentiality import Sequentiality


def sequentiality_table(found: "Sequentiality") -> Table:
    """The chain's hit rate and the frequent pairs, as the log is and over the shuffled ones."""
    n = len(found.shuffled_chains)
    table = Table(
        "",
        title=f"{found.n_targets:,} test interactions, and the log {n} times shuffled within each user's training",
        title_justify="left",
    )
    for column in ("as it is", "shuffled", "from", "to"):
        table.add_column(column, justify="right")
    for name, metric in (("NDCG", "ndcg"), ("hit rate", "hit_rate")):
        own, popular = getattr(found.chain, metric), getattr(found.popularity, metric)
        spread = _spread([getattr(one, metric) for one in found.shuffled_chains])
        shown = (f"{100 * value:.2f}" for value in (own, *spread))
        table.add_row(f"Markov chain's {name} at {found.k}, %", *shown)
        table.add_row("popularity's, which knows no order", f"{100 * popular:.2f}", "", "", "")
    table.add_row(
        f"pairs that {found.support} users or more took in a row",
        f"{found.n_pairs:,}",
        *(f"{value:,.0f}" for value in _spread(found.shuffled_n_pairs)),
    )
    return table


def sequentiality_document(found: "Sequentiality") -> dict[str, object]:
    """The same for `--json`."""
    return {
        "sequentiality": {
            **found.model_dump(mode="json"),
            "shuffled_mean": found.mean.model_dump(),
            "shuffled_ndcg_sd": found.sd,
            "is_sequential": found.is_sequential,
            "verdict": found.verdict,
        }
    }


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return sum(values) / len(values), min(values), max(values)
