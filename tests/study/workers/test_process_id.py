"""A dead process is told from a living one, and from one of another machine."""

import subprocess
import sys

from nsbench.study.workers.process_id import is_dead, is_of_this_machine, this_process


def test_this_process_is_alive():
    assert not is_dead(this_process())


def test_a_process_that_has_ended_is_dead():
    code = "from nsbench.study.workers.process_id import this_process; print(this_process())"
    owner = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert owner.count(":") == 2
    assert is_dead(owner)


def test_another_process_under_the_same_number_does_not_count():
    host, pid, _ = this_process().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:1")


def test_a_process_of_another_machine_is_not_judged():
    assert not is_dead("elsewhere:1:1")
    assert not is_of_this_machine("elsewhere:1:1")
