import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from standalone.children import TETHER, Notice, Program, reap_child, start_program, stop_children
from standalone.watcher import StopRequest, describe_ending
from tests.standalone.harness import eventually
from tests.standalone.standins import program


def family(pid: int, size: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []

    def complete() -> bool:
        found[:] = psutil.Process(pid).children(recursive=True)
        return len(found) == size and all("idle" in one.cmdline() for one in found)

    eventually(complete, f"{size} descendants")
    return found


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_stop_ends_descendants_too_those_in_other_sessions_included() -> None:
    child = start_program(program("parent", os.environ))
    descendants = family(child.process.pid, 2)
    stop_children([child])
    assert child.process.returncode == -signal.SIGTERM
    eventually(lambda: gone(descendants), "the descendants ended")


def test_a_child_that_takes_no_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    plain = program("stubborn", os.environ, str(deaf))
    notices = (Notice(signal.SIGTERM, 0.2), Notice(signal.SIGKILL, 60))
    child = start_program(Program(name=plain.name, command=plain.command, env=plain.env, notices=notices))
    eventually(deaf.exists, "the child takes no SIGTERM any more")
    stop_children([child])
    assert child.process.returncode == -signal.SIGKILL


def test_the_most_patient_notices_count_for_all(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    plain = program("stubborn", os.environ, str(deaf))
    hasty, patient = Notice(signal.SIGTERM, 0.1), Notice(signal.SIGTERM, 0.8)
    kill = Notice(signal.SIGKILL, 60)
    children = [
        start_program(Program(name="a", command=plain.command, env=plain.env, notices=(first, kill)))
        for first in (hasty, patient)
    ]
    eventually(deaf.exists, "a child takes no SIGTERM any more")
    began = time.monotonic()
    stop_children(children)
    assert time.monotonic() - began >= 0.8


def test_reaping_a_child_that_died_ends_its_process_group() -> None:
    child = start_program(program("parent", os.environ))
    descendants = family(child.process.pid, 2)
    try:
        child.process.kill()
        reap_child(child)
        eventually(lambda: sum(gone([one]) for one in descendants) == 1, "the one of the same group ended")
    finally:
        for one in descendants:
            if one.is_running():
                one.kill()


def test_stopping_nothing_is_fine() -> None:
    stop_children([])


def test_a_program_whose_launcher_is_gone_already_does_not_start() -> None:
    command = [sys.executable, "-I", "-S", str(TETHER), "9", "1", "-1", "-1", "/bin/echo", "started"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the launcher is gone" in done.stderr


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "ended with exit status 0"), (-9, "was ended by SIGKILL"), (-99, "was ended by signal 99")],
)
def test_how_it_ended(status: int, words: str) -> None:
    assert describe_ending(status) == words


def test_one_ctrl_c_that_comes_twice_is_one() -> None:
    request = StopRequest()
    request._receive_signal(signal.SIGINT, None)
    request._receive_signal(signal.SIGINT, None)
    request._receive_signal(signal.SIGTERM, None)
    assert request.was_asked
    assert not request.is_hurried
