"""CPU time is what the process worked for, whatever the clock says."""

import time

from nsbench.training.progress import Counts
from nsbench.training.stopwatch import Stopwatch


def test_waiting_takes_time_by_the_clock_and_none_of_the_processor():
    counts, stopwatch = Counts(), Stopwatch()
    time.sleep(0.2)
    stopwatch.lap(counts)
    assert counts.train_s >= 0.2
    assert counts.cpu_s < 0.1


def test_work_takes_both_and_laps_add_up():
    counts, stopwatch = Counts(train_s=1.0, cpu_s=1.0), Stopwatch()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    stopwatch.lap(counts)
    assert counts.cpu_s >= 1.05
    assert counts.train_s > 1.0


def test_what_passes_before_a_restart_is_not_counted():
    counts, stopwatch = Counts(), Stopwatch()
    time.sleep(0.2)
    stopwatch.restart()
    stopwatch.lap(counts)
    assert counts.train_s < 0.2
