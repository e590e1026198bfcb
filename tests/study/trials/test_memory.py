"""Points that would run out of memory again are recorded and pruned, and not trained."""

from pathlib import Path

import pytest

from nsbench.config import Settings
from nsbench.study.trials import memory
from nsbench.study.trials.memory import OUT_OF_MEMORY, KernelKills, load_of, refusal
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.pool import WORKER_LOST
from tests.study.study_builder import TINY, finish, order_of


def test_the_load_is_users_times_negatives_of_all_kinds() -> None:
    """64 users x 30 negatives, and 64 x (10 + 20)."""
    assert load_of(Settings.of("random", {"batch_size": 64, "n_negatives": 30})) == 1920
    assert load_of(Settings.of("mixed", {"batch_size": 64, "n_in_batch": 10, "n_uniform": 20})) == 1920


def test_what_is_as_large_as_a_trial_that_ran_out_of_memory_is_refused_and_smaller_is_not(session, dataset):
    """The defaults have 64 users x 100 negatives; one negative less is less."""
    tuning = session.tuning(order_of(3), dataset)
    tuning.next_assignment().ended(Outcome("failed", "out of memory (CUDA out of memory); a smaller batch_size"))
    trials = tuning.study.trials

    def refused(n_negatives: int) -> str:
        return refusal(Settings.of("random", {**TINY, "n_negatives": n_negatives}), trials, tuning.plan)

    assert refused(100) == (
        "out of memory is to be expected: trial 0 failed for it with batch_size x negatives = 6,400, and this one has 6,400"
    )
    assert refused(101)
    assert refused(99) == ""


def test_a_trial_that_failed_for_another_reason_refuses_nothing(session, dataset):
    tuning = session.tuning(order_of(3), dataset)
    tuning.next_assignment().ended(Outcome("failed", "the loss is nan"))
    assert refusal(Settings.of("random", {**TINY, "n_negatives": 500}), tuning.study.trials, tuning.plan) == ""


def test_a_trial_that_the_kernel_kills_is_tried_again_and_refuses_larger_ones_once_it_is_given_up(session, dataset):
    """The same point three times, not refused itself; then what is as large as it is."""
    tuning = session.tuning(order_of(1), dataset)
    for _ in range(3):
        assignment = tuning.next_assignment()
        assert assignment.job.request.refusal == ""
        assignment.ended(Outcome("orphaned", f"{WORKER_LOST}: {OUT_OF_MEMORY}: the kernel killed its process"))
    reason = refusal(assignment.job.settings, tuning.study.trials, tuning.plan)
    assert reason.startswith("out of memory is to be expected: trial 2 failed for it")


def test_a_refused_trial_ends_as_pruned_when_its_run_is_recorded_and_the_study_goes_on(session, dataset):
    """Two planned: one fails for memory, a larger one is refused and counts as pruned, a smaller one is trained."""
    tuning = session.tuning(order_of(2), dataset)
    first = tuning.next_assignment()
    first.ended(Outcome("failed", "out of memory: the kernel killed its process"))
    tuning.study.enqueue_trial({**first.trial.params, "n_negatives": 400})
    tuning.study.enqueue_trial({**first.trial.params, "n_negatives": 20})
    second = tuning.next_assignment()
    assert second.job.request.refusal.startswith("out of memory is to be expected: trial 0")
    second.started("run")
    second.ended(Outcome("pruned", second.job.request.refusal))
    third = tuning.next_assignment()
    assert third.job.request.refusal == ""
    finish(third, 0.5)
    assert [trial.state.name for trial in tuning.study.trials] == ["FAIL", "PRUNED", "COMPLETE"]
    assert tuning.is_done


@pytest.mark.parametrize(("before", "after", "grown"), [(2, 3, True), (3, 3, False)])
def test_a_kill_by_the_kernel_is_told_by_its_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int, grown: bool
) -> None:
    count = tmp_path / "vmstat"
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_MACHINE", count)
    count.write_text(f"nr_free_pages 10\noom_kill {before}\n")
    kills = KernelKills()
    count.write_text(f"nr_free_pages 10\noom_kill {after}\n")
    assert kills.has_grown() == grown
    assert not kills.has_grown()
