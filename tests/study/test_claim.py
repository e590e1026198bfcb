"""Each run of a list is made by one process, and what a dead one had is free again."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nsbench.files.home import Home
from nsbench.study import claim
from nsbench.study.claim import StoredClaims
from nsbench.study.search.storage import open_storage
from nsbench.study.workers.process_id import this_process

SEEDS = ["seed 0", "seed 1", "seed 2"]
HERE = this_process()
DEAD = f"{HERE.rsplit(':', 2)[0]}:{2**22 + 1}:1"
"""Of this machine; no process has so high a number."""
ELSEWHERE = "elsewhere:1:1"

_numbers = itertools.count()


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """Claims as several processes have them, of whom one is at work at a time."""

    def __init__(self, home: Home, patch: pytest.MonkeyPatch) -> None:
        self._storage = open_storage(home)
        self._name = f"{claim.CLAIMS}{next(_numbers)}"
        self._patch = patch
        self.finished: set[str] = set()
        self.clock = Clock()

    def claims(self) -> StoredClaims:
        return StoredClaims(self._storage, self._name, lambda: self.finished, grace_s=60, clock=self.clock)

    @contextmanager
    def process(self, owner: str) -> Iterator[None]:
        with self._patch.context() as patch:
            patch.setattr(claim, "this_process", lambda: owner)
            yield


@pytest.fixture
def scene(home: Home, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(home, monkeypatch)


def test_what_one_has_another_does_not_get(scene: Scene) -> None:
    one, other = scene.claims(), scene.claims()
    with scene.process(ELSEWHERE):
        assert one.take(SEEDS[:2]) == SEEDS[:2]
        assert one.take(SEEDS[:1]) == SEEDS[:1]
    assert other.take(SEEDS) == ["seed 2"]
    assert other.states(SEEDS[:2]) == {"seed 0": "running", "seed 1": "running"}


def test_how_runs_ended_elsewhere_is_seen_and_only_the_store_says_finished(scene: Scene) -> None:
    """Seed 2's claim says finished, but the store doesn't have it any more: it is free."""
    one, other = scene.claims(), scene.claims()
    with scene.process(ELSEWHERE):
        one.take(SEEDS)
        for seed, state in zip(SEEDS, ("finished", "failed", "finished"), strict=True):
            one.end(seed, state)
    scene.finished = {"seed 0"}
    assert other.states(SEEDS) == {"seed 0": "finished", "seed 1": "failed", "seed 2": "free"}
    assert other.take(SEEDS) == ["seed 1", "seed 2"]


def test_what_is_let_go_is_free_at_once(scene: Scene) -> None:
    one, other = scene.claims(), scene.claims()
    with scene.process(ELSEWHERE):
        one.take(SEEDS)
        one.let_go()
    assert other.take(SEEDS) == SEEDS


def test_what_a_dead_process_of_this_machine_had_is_free_unless_it_finished(scene: Scene) -> None:
    """It died between the end of seed 1's run and that of its claim."""
    with scene.process(DEAD):
        scene.claims().take(SEEDS)
    scene.finished = {"seed 1"}
    assert scene.claims().states(SEEDS) == {"seed 0": "free", "seed 1": "finished", "seed 2": "free"}
    assert scene.claims().take(SEEDS) == ["seed 0", "seed 2"]


def test_what_a_silent_process_of_another_machine_had_is_free_after_the_grace(scene: Scene) -> None:
    """Looks every 10 s: after 60 s it isn't longer than 60 s yet, after 70 s it is; then the other has lost it."""
    silent, heir = scene.claims(), scene.claims()
    with scene.process(ELSEWHERE):
        silent.take(["seed 0"])
    found = []
    for second in range(0, 80, 10):
        scene.clock.now = float(second)
        found.append(heir.states(["seed 0"])["seed 0"])
    assert found == ["running"] * 7 + ["free"]
    assert heir.take(["seed 0"]) == ["seed 0"]
    with scene.process(ELSEWHERE):
        assert not silent.holds("seed 0")
        silent.end("seed 0", "finished")
        assert silent.states(["seed 0"]) == {"seed 0": "running"}
    assert heir.holds("seed 0")


def test_signs_of_life_are_renewed_and_keep_a_claim(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every 50 s a new sign: after 200 s it is held still."""
    monkeypatch.setattr(claim, "RENEW_EVERY_S", 0.0)
    ticking = itertools.count(1_000)
    monkeypatch.setattr(claim.time, "time", lambda: float(next(ticking)))
    one, other = scene.claims(), scene.claims()
    with scene.process(ELSEWHERE):
        one.take(["seed 0"])
    for second in range(0, 200, 10):
        scene.clock.now = float(second)
        if second % 50 == 0:
            with scene.process(ELSEWHERE):
                one.poll()
        assert other.states(["seed 0"]) == {"seed 0": "running"}
