"""When a supervisor or a zygote dies, nothing of it stays. Nothing in the sandbox knows a secret or inherits free memory."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.processes import alive, children, children_of, until
from worker.sandbox.zygote_process import SINGLE

SUPERVISOR = """
import os, sys
from conformance.slow import ZYGOTE, slowed
from core.options import Options
from engine.request import Limits, Request
from worker.sandbox.supervisor import Handle, Sandbox

sandbox = Sandbox(ZYGOTE)
limits = Limits(max_pixels=10**6, max_frames=9, max_result_bytes=10**6, memory_bytes=10**9, seconds=60)
request = Request(source="jpeg", target="png", options=Options(), limits=limits)
upload = os.memfd_create("upload")
os.write(upload, slowed(b"", 50))
print("ready", flush=True)
sandbox.run(request, upload, os.memfd_create("result"), Handle())
"""

HEAP = """
from pathlib import Path
from worker.sandbox.zygote import return_free_memory

def count_pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

used = [bytearray(50_000) for _ in range(1000)]
last = bytearray(50_000)  # Above the rest, so that nothing is given back by itself.
del used
before = count_pages()
return_free_memory()
print(before - count_pages())
"""


@pytest.fixture
def supervisor() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "IMAGEMILL_DATABASE_URL": "postgresql://me:topsecret@localhost/x"}
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR], stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd()
    )
    with process:
        yield process
        process.kill()


def family(process: subprocess.Popen[str]) -> tuple[int, int]:
    """The zygote and the child of a supervisor that holds a job."""
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    (zygote,) = children_of(process.pid)
    until(lambda: bool(children(zygote)))
    (child,) = children(zygote)
    return zygote, child


def test_no_process_outlives_a_supervisor_that_is_killed(supervisor: subprocess.Popen[str]) -> None:
    zygote, child = family(supervisor)
    supervisor.kill()
    until(lambda: not alive(zygote) and not alive(child))


def test_no_child_outlives_its_zygote(supervisor: subprocess.Popen[str]) -> None:
    zygote, child = family(supervisor)
    os.kill(zygote, signal.SIGKILL)
    until(lambda: not alive(child))


def test_zygote_and_child_know_no_secret(supervisor: subprocess.Popen[str]) -> None:
    for pid in family(supervisor):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        names = {entry.split(b"=")[0] for entry in environment.split(b"\0") if entry}
        assert b"topsecret" not in environment
        # The C library takes the list of tunables apart in place.
        assert {name for name in names if not name.startswith(b"glibc.malloc.")} <= {
            b"PYTHONPATH", b"PYTHONSAFEPATH", b"GLIBC_TUNABLES", b"LD_LIBRARY_PATH",
        } | {name.encode() for name in SINGLE}  # fmt: skip


def test_children_inherit_no_free_memory() -> None:
    given = subprocess.run([sys.executable, "-c", HEAP], stdout=subprocess.PIPE, text=True, check=True, cwd=Path.cwd())
    assert int(given.stdout) * os.sysconf("SC_PAGE_SIZE") > 40_000_000
