"""One signal is noted, a second one stops at once; and what a command that was ended leaves with."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from nsbench.cli import main as command_line
from nsbench.view.interruption import SIGNALS, Interrupted, Interruption, raise_on_signals


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_waits_for_a_good_moment_and_the_second_does_not(number: signal.Signals) -> None:
    with Interruption() as interruption:
        interruption.check()
        os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_the_handlers_before_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_leaves_with_the_code_of_the_signal_that_ended_it(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    """128 and the signal's number, as shells have it: 2, 15 and 1."""
    app = typer.Typer()
    app.command()(lambda: os.kill(os.getpid(), number))
    monkeypatch.setattr(command_line, "app", lambda **options: app([], **options))
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == code


def test_other_exits_keep_their_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave() -> None:
        raise typer.Exit(4)

    app = typer.Typer()
    app.command()(leave)
    monkeypatch.setattr(command_line, "app", lambda **options: app([], **options))
    monkeypatch.setattr(Interrupted, "last", None)
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == 4


def test_a_signal_that_is_ignored_as_under_nohup_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise_on_signals()
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGHUP)
        interruption.check()
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_terminal_that_was_closed_is_written_to_no_more() -> None:
    """The other end of a terminal is closed, so that what is printed after the signal would fail."""
    program = (
        "import os, signal\nfrom nsbench.view.interruption import raise_on_signals\nraise_on_signals()\n"
        "try:\n    os.kill(os.getpid(), signal.SIGHUP)\nexcept KeyboardInterrupt:\n    print('put right', flush=True)\n"
        "raise SystemExit(7)\n"
    )
    leader, follower = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=follower, stderr=follower)
    os.close(follower)
    os.close(leader)
    assert process.wait(timeout=60) == 7
