"""The tables of runs tell what became of each of them."""

from nsbench.report.tables.run_counts import run_count_tables
from tests.report.stored_run_builder import stored, summary_of


def test_left_out_runs_have_a_table_only_where_there_are_some():
    assert len(run_count_tables(summary_of([stored()]))) == 1
    counts, left_out = run_count_tables(summary_of([stored(), stored(minute=1)]))
    assert [cell.text for cell in counts.rows[0]] == ["mixed", "repeat", "", "2", "0", "0", "0", "0", "1"]
    assert [cell.text for cell in left_out.rows[0]] == ["mixed", "1", "a seed that ran again later"]


def test_of_very_many_faulty_runs_the_rest_is_counted():
    """Twenty are named; a hit rate of 7 is no share."""
    faulty = [stored("a", seed, {"test/all/hit_rate_at_10": 7.0}, minute=seed) for seed in range(23)]
    _, table = run_count_tables(summary_of(faulty))
    assert len(table.rows) == 21
    assert table.rows[-1][-1].text == "3 more are in report.json"
