"""Which runs of the ladder are missing: a real home, workers and store, with models of a fraction of a second."""

import shutil

import pytest

from nsbench.data.dataset import Dataset
from nsbench.study.ablation.ladder_runs import LadderOrder, Ladders
from nsbench.study.session import Session
from nsbench.terms import RunKind, Tag
from nsbench.tracking.store import open_store
from tests.study.study_builder import TINY

HELD = {**TINY, "max_epochs": 1}
"""Trained: published, padding, cold, choice, epochs, optimizer and attention; with one epoch early stopping is validated alike,
but is another setting."""

TRAINED = {"published", "padding", "stopping", "cold", "choice", "epochs", "optimizer", "attention"}


def ladders(dataset: Dataset, session: Session, n_repeats: int = 1) -> Ladders:
    return Ladders(LadderOrder(("random",), HELD, n_repeats), dataset, session.home)


@pytest.fixture(scope="module")
def climbed(dataset: Dataset, session: Session) -> Ladders:
    from tests.study.conftest import NullViewer

    own = ladders(dataset, session)
    session.run([session.ladder_runs(own)], dataset.card.name, NullViewer())
    return own


def test_every_rung_has_its_run_and_names_the_one_that_trained_its_model(climbed: Ladders) -> None:
    runs = {run.tags[Tag.RUNG]: run for run in climbed.finished()}
    assert len(runs) == 15
    assert {rung for rung, run in runs.items() if Tag.EVALUATED not in run.tags} == TRAINED
    assert runs["selected"].tags[Tag.EVALUATED] == runs["padding"].run_id
    assert runs["rolling"].tags[Tag.EVALUATED] == runs["cold"].run_id
    assert runs["published"].protocol == "frozen/keep/tail/keep/optimistic/users/published"
    assert runs["ties"].protocol == "rolling/exclude/separate/leave_out/mean/interactions/filled"


def test_what_is_done_is_not_made_again_and_leaves_nothing_on_the_disk(
    climbed: Ladders, dataset: Dataset, session: Session
) -> None:
    again = ladders(dataset, session)
    runs = session.ladder_runs(again)
    assert (runs.n_finished, runs.n_planned) == (15, 15)
    assert (again.n_trainings, again.n_rankings) == (0, 0)
    assert not list(session.home.checkpoints.glob("*"))


def test_another_seed_is_missing_whole(climbed: Ladders, dataset: Dataset, session: Session) -> None:
    again = ladders(dataset, session, n_repeats=2)
    session.ladder_runs(again)
    assert (again.n_trainings, again.n_rankings) == (8, 7)


def test_another_number_of_epochs_is_another_ladder(climbed: Ladders, dataset: Dataset, session: Session) -> None:
    other = Ladders(LadderOrder(("random",), {**HELD, "max_epochs": 2}, 1), dataset, session.home)
    session.ladder_runs(other)
    assert other.n_trainings == 8


def test_rungs_that_lost_their_model_are_trained_again_and_counted_once(
    climbed: Ladders, dataset: Dataset, session: Session, viewer: object
) -> None:
    """The run of `cohorts` is deleted: its model, that of `cold`, is gone."""
    store = open_store(session.home)
    lost = next(run for run in climbed.finished() if run.tags[Tag.RUNG] == "cohorts")
    store.tracker()._client.delete_run(lost.run_id)  # type: ignore[attr-defined]
    again = ladders(dataset, session)
    runs = session.ladder_runs(again)
    assert (again.n_trainings, again.n_rankings) == (1, 1)
    session.run([runs], dataset.card.name, viewer)  # type: ignore[arg-type]
    found = again.finished()
    assert len(found) == 15
    stored = store.reader().runs(dataset.card.name, (RunKind.ABLATION,))
    cold = [run for run in stored if run.tags[Tag.RUNG] == "cold"]
    assert len(cold) == 2
    assert len({run.metrics["test/all/hit_rate_at_10"] for run in cold}) == 1
    shutil.rmtree(session.home.checkpoints, ignore_errors=True)


def test_other_seeds_are_made_beside_those_that_are_done(climbed: Ladders, dataset: Dataset, session: Session) -> None:
    later = Ladders(LadderOrder(("random",), HELD, 2, first_seed=1), dataset, session.home)
    runs = session.ladder_runs(later)
    assert (runs.n_finished, runs.n_planned) == (0, 30)
    assert {task.request.seed for job in later.jobs for task in job.tasks} == {1, 2}
    assert runs.n_rankings_left == later.n_rankings == 30 - len(TRAINED) * 2
    sized = Ladders(LadderOrder(("random",), HELD, 1, first_seed=0), dataset, session.home)
    assert session.ladder_runs(sized).n_finished == 15
