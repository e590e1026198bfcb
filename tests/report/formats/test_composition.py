"""What a report's sections say in words of their own."""

from datetime import UTC, datetime

import pytest

from nsbench.report.figures.canvas.gallery import NO_FIGURES
from nsbench.report.formats.composition import compose
from tests.report.stored_run_builder import stored, summary_of
from tests.tracking.run_builder import card_json, final_metrics


def description(n_test: int, n_ranked: float, protocol: str) -> str:
    """How a dataset is described whose runs ranked so many of its test interactions."""
    metrics = {**final_metrics(0.2, 0.4, 0.2, 0.1, 0.5), "test/all/n_targets": n_ranked}
    summary = summary_of([stored("a", metrics=metrics, card=card_json(n_test=n_test), protocol=protocol)])
    document = compose([summary], NO_FIGURES, "here", datetime(2026, 1, 1, tzinfo=UTC))
    (text,) = next(section for section in document.sections if section.title == "demo").words
    return text


def test_the_description_says_how_many_test_interactions_are_their_users_first():
    """Of 20 test interactions 18 were ranked."""
    assert "20 for testing (2 not ranked, each the first of its user). Protocol" in description(
        20, 18.0, "rolling/exclude"
    )


@pytest.mark.parametrize(
    ("n_ranked", "protocol"),
    [(20.0, "rolling/exclude"), (12.0, "last/exclude"), (12.0, "frozen/exclude"), (0.0, "rolling")],
)
def test_nothing_is_said_where_all_are_ranked_or_others_are_left_out_too(n_ranked, protocol):
    assert "20 for testing. Protocol" in description(20, n_ranked, protocol)
