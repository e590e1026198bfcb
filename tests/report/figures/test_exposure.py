"""The figure of what is recommended has a point for every method, and a line where there are repeats."""

from nsbench.report.figures.canvas.style import marks_of_methods
from nsbench.report.figures.exposure import exposure_figure
from nsbench.terms import RunKind
from tests.report.stored_run_builder import repeats, stored, summary_of, with_exposure


def figure_of(*groups, stacked=False):
    summary = summary_of(*groups)
    return exposure_figure(summary, marks_of_methods([summary]), stacked=stacked)


BASELINE = with_exposure([stored("PopRec", kind=RunKind.BASELINE)], [0.01], 900.0, 0.99)
TRAINED = with_exposure(repeats("a", [0.1, 0.2, 0.3], 0.5), [0.2, 0.3, 0.4], 30.0, 0.5)


def test_every_method_has_a_point_at_its_mean_and_repeats_have_a_line():
    """Coverages of 20, 30 and 40 %; the list's one run has 1 %."""
    coverage, popularity, gini = figure_of(BASELINE, TRAINED).axes
    points = [line.get_xdata().tolist() for line in coverage.lines if line.get_marker() != "None"]
    assert points == [[1.0], [30.0]]
    assert len([line for line in coverage.lines if line.get_marker() == "None"]) == 1
    assert [label.get_text() for label in coverage.get_yticklabels()] == ["PopRec", "a"]
    assert "popularity" in popularity.get_xlabel()
    assert "Gini" in gini.get_xlabel()


def test_popularity_is_logarithmic_where_a_list_is_far_from_all_others():
    """900 is thirty times 30."""
    assert figure_of(BASELINE, TRAINED).axes[1].get_xscale() == "log"
    assert figure_of(TRAINED).axes[1].get_xscale() == "linear"


def test_panels_can_stand_one_above_the_other():
    figure = figure_of(BASELINE, TRAINED, stacked=True)
    assert figure.get_figwidth() < figure_of(BASELINE, TRAINED).get_figwidth()
    assert len(figure.axes) == 3


def test_runs_that_recorded_nothing_of_it_have_no_figure():
    assert figure_of(repeats("old", [0.1, 0.2], 0.5)) is None
