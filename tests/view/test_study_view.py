"""What is shown while studies and repeats go on: the metric, what ended, what was cut off, and the time that is left."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from nsbench.study.workers.job import Assignment, Row
from nsbench.view.console import Console
from nsbench.view.study_view import StudyView, say_cut_off


@dataclass
class Listed:
    """A source whose rows a test writes."""

    title: str
    n_planned: int
    held: list[Row] = field(default_factory=list)
    objective: str = "valid/all/hit_rate_at_10"
    is_done: bool = False
    n_rankings_left: int = 0

    @property
    def n_finished(self) -> int:
        return sum(row.state == "finished" for row in self.held)

    def poll(self) -> None:
        """Does nothing."""

    def next_assignment(self, n_free: int = 1) -> Assignment | None:
        """None: nothing is made."""

    def rows(self) -> tuple[Row, ...]:
        return tuple(self.held)


def ended(name: str, seconds: float, *, cut_off: bool = False) -> Row:
    return Row(name, "finished", 0.5, epoch=20, seconds=seconds, cut_off=cut_off)


def shown(view: StudyView, sources: Sequence[Listed], capsys: pytest.CaptureFixture[str]) -> str:
    view.show(sources)
    return capsys.readouterr().out


def test_the_metric_and_the_time_left_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, 40 s each: after 40 s two of eight are done, and six take another 120 s.

    What an earlier command did, and a baseline, which isn't trained, say nothing of that.
    """
    clock = [0.0]
    monkeypatch.setattr("nsbench.view.study_view.time.monotonic", lambda: clock[0])
    view, study = StudyView(), Listed("log/random/default", 9, [ended("trial 0", 1.0)])
    baselines = Listed("log baselines", 100, objective="test/all/hit_rate_at_10", n_rankings_left=100)
    said = shown(view, [baselines, study], capsys)
    assert "log/random/default: 1 of 9 done before; shown is valid/all/hit_rate_at_10" in said
    assert "log baselines: 0 of 100 done before; shown is test/all/hit_rate_at_10" in said
    clock[0] = 40.0
    baselines.held.append(Row("PopRec", "finished", 0.1, seconds=1.0))
    study.held += [ended("trial 1", 40.0), ended("trial 2", 40.0)]
    lines = shown(view, [baselines, study], capsys).splitlines()
    assert len(lines) == 3
    assert lines[-1] == "log/random/default: trial 2  finished  0.5000  40 s  about 2 min left"


def test_runs_that_were_cut_off_are_counted_with_what_resumes_them(capsys: pytest.CaptureFixture[str]) -> None:
    cut = Listed("log/random repeats", 3, [ended("seed 0", 1), ended("seed 1", 1, cut_off=True)])
    say_cut_off([cut, Listed("log/mixed repeats", 1, [ended("seed 0", 1)])], Console(width=300))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("log/random repeats: 1 of 2 runs were cut off at epoch 20, ")
    assert "--epochs 60 resumes them" in line


def test_the_epochs_that_are_proposed_let_patience_end_most_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Validated every 85 epochs, a run can't stop by itself before 510: three times 8 or 20 would be cut off again."""
    rows = [Row("seed 0", "finished", 0.5, epoch=8, cut_off=True, validate_every=85), ended("seed 1", 1, cut_off=True)]
    say_cut_off([Listed("log/random repeats", 2, rows)], Console(width=300))
    (line,) = capsys.readouterr().out.splitlines()
    assert "2 of 2 runs were cut off at epochs 8 to 20" in line
    assert "--epochs 1360 resumes them" in line


def test_a_run_that_was_cut_off_says_so_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    view, runs = StudyView(), Listed("log/random repeats", 1)
    shown(view, [runs], capsys)
    runs.held.append(ended("seed 0", 3.0, cut_off=True))
    assert "seed 0  finished  0.5000  3 s  cut off at epoch 20" in shown(view, [runs], capsys)
