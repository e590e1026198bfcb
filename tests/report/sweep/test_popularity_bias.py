"""Generated logs that differ in their popularity bias alone: which stand together, and what is shown of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nsbench.data.origin import SyntheticOrigin
from nsbench.report.analysis import summary_of_runs
from nsbench.report.figures.canvas.style import marks_of_methods
from nsbench.report.figures.sweep.popularity_bias import bias_figure
from nsbench.report.summary import DatasetSummary
from nsbench.report.sweep.popularity_bias import bias_families
from nsbench.report.tables.popularity_bias import bias_tables, bias_words
from tests.report.stored_run_builder import repeats
from tests.tracking.run_builder import card_json

MOST_WANTED = {"k": 10, "hit_rate": {"all": 0.6, "head": 0.9, "mid": 0.7, "tail": 0.5}}
ORIGIN = SyntheticOrigin(like="demo", n_users=9, n_items=100, n_interactions=90, skew=1, seed=3)


def log_of(bias: float | None, wanted: Mapping[str, Sequence[float]], seed: int = 3) -> DatasetSummary:
    """A log with one run for each expected hit rate of a method; head, mid and tail have twice, once and half of it."""
    origin = ORIGIN.model_copy(update={"popularity_bias": bias, "seed": seed}).model_dump()
    card = card_json(f"bias-{bias}", origin=origin, most_wanted=MOST_WANTED)
    runs = [
        replace(
            run,
            dataset_card=card,
            metrics={
                **run.metrics,
                **{
                    f"truth/{group}/hit_rate_at_10": factor * rate
                    for group, factor in (("all", 1), ("head", 2), ("mid", 1), ("tail", 0.5))
                },
            },
        )
        for method, rates in wanted.items()
        for run, rate in zip(repeats(method, [0.1] * len(rates), 0.5), rates, strict=True)
    ]
    return summary_of_runs(json.loads(card)["name"], runs)


def test_logs_of_one_generator_stand_in_one_table_by_bias() -> None:
    """Their best methods are marked log by log, and what is reachable stands below each."""
    summaries = [log_of(1.0, {"random": [0.2], "mixed": [0.3]}), log_of(0.0, {"random": [0.4], "mixed": [0.36]})]
    (table,) = bias_tables(summaries)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["0", "random", "1", "40.00", "80.00", "40.00", "20.00"],
        ["0", "mixed", "1", "36.00", "72.00", "36.00", "18.00"],
        ["0", "Best reachable", "", "60.00", "90.00", "70.00", "50.00"],
        ["1", "random", "1", "20.00", "40.00", "20.00", "10.00"],
        ["1", "mixed", "1", "30.00", "60.00", "30.00", "15.00"],
        ["1", "Best reachable", "", "60.00", "90.00", "70.00", "50.00"],
    ]
    assert [row[3].rank.name for row in table.rows] == ["BEST", "SECOND", "OTHER", "SECOND", "BEST", "OTHER"]
    assert bias_words(summaries)


def test_a_panel_has_a_line_for_each_method_and_a_dashed_one_of_what_is_reachable() -> None:
    summaries = [log_of(0.0, {"random": [0.4, 0.42]}), log_of(0.5, {"random": [0.3, 0.32]})]
    figure = bias_figure(summaries, marks_of_methods(summaries))
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Total", "Head", "Mid", "Tail"]
    best = figure.axes[3].lines[-1]
    assert (best.get_linestyle(), list(best.get_xdata()), list(best.get_ydata())) == ("--", [0.0, 0.5], [50, 50])


def test_other_logs_are_not_compared() -> None:
    """One log alone, one of another seed, one without a bias, and one whose runs lack the metric."""
    alone = log_of(0.0, {"random": [0.4]})
    others = [log_of(0.5, {"random": [0.4]}, seed=4), log_of(None, {"random": [0.4]})]
    without = log_of(1.0, {"random": [float("nan")]})
    summaries = [alone, *others, without]
    assert bias_families(summaries) == ()
    assert (bias_tables(summaries), bias_words(summaries), bias_figure(summaries, {})) == ((), (), None)
