"""What must not be cut in two is ended before a signal does what it would have done."""

import os
import signal

import pytest

from nsbench.study.workers.shield import undivided


@undivided()
def killed(n_signals: int, done: list[str]) -> None:
    for _ in range(n_signals):
        os.kill(os.getpid(), signal.SIGINT)
    done.append("all")


@pytest.mark.parametrize(("n_signals", "done"), [(1, ["all"]), (2, [])])
def test_a_signal_waits_to_the_end_and_a_second_one_does_not(n_signals: int, done: list[str]) -> None:
    found: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        killed(n_signals, found)
    assert found == done


def test_handlers_are_back_afterwards_and_unhandled_signals_are_left_alone() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with undivided():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
