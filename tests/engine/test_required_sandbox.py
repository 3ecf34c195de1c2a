"""Without a filter that holds no conversion runs, unless the operator chose that."""

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import images
from conformance.running import LIMITS, Boxed
from tests.engine.processes import alive, until, zygotes
from worker.sandbox.supervisor import FilterMissing, Sandbox, SandboxLost

PROGRAM = "import sys; from worker.__main__ import main; sys.exit(main({zygote!r}))"


def start_sandbox(zygote: str, *, degraded: bool = False) -> tuple[Sandbox, Callable[[], list[str]]]:
    box = Sandbox(zygote)
    return box, lambda: box.prepare(jobs=1, budget=4 << 30, degraded=degraded)


def test_without_a_filter_the_sandbox_is_refused() -> None:
    box, prepare = start_sandbox("tests.engine.bare")
    try:
        with pytest.raises(FilterMissing, match="no filters here"):
            prepare()
    finally:
        box.close()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86_64 has these numbers")
def test_a_filter_that_does_not_hold_is_none() -> None:
    box, prepare = start_sandbox("tests.engine.leaky")
    try:
        with pytest.raises(
            FilterMissing, match="it does not deny a child to start a process, to open a file, to signal"
        ):
            prepare()
    finally:
        box.close()


def test_a_degraded_sandbox_says_what_it_lacks_and_converts() -> None:
    box, prepare = start_sandbox("tests.engine.bare", degraded=True)
    try:
        assert prepare() == ["sandbox without seccomp: no filters here", "sandbox without landlock: no Landlock here"]
        assert Boxed(box, LIMITS)(images.oriented(1)).converted.width == 48
    finally:
        box.close()


def test_a_later_zygote_without_a_filter_takes_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one had it, so the worker runs."""
    monkeypatch.setattr("worker.sandbox.supervisor.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("worker.sandbox.supervisor.STARTS", 2)
    box, prepare = start_sandbox("tests.engine.later_zygote")
    try:
        assert prepare() == []
        (first,) = zygotes()
        os.kill(first, signal.SIGKILL)
        until(lambda: not alive(first))
        with pytest.raises(SandboxLost):
            Boxed(box, LIMITS)(images.oriented(1))
    finally:
        box.close()


def run_worker(zygote: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(zygote=zygote)],
        env={**os.environ, "IMAGEMILL_LOG_FORMAT": "text", **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path.cwd(),
    )


def test_the_worker_does_not_start_without_a_filter_and_says_what_to_do() -> None:
    ended = run_worker("tests.engine.bare")
    assert ended.returncode == 2
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(
        "imagemill: IMAGEMILL_SANDBOX is required, but conversions would run without the system-call filter: "
        "no filters here. Run the worker on Linux on x86_64 or aarch64"
    )
    assert "IMAGEMILL_SANDBOX=degraded" in last
