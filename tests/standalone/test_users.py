import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.standalone.harness import PATIENCE, Launched

ROOT = Path(__file__).parents[2]
NOBODY = pwd.getpwnam("nobody")
PLAIN = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}

root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can be two users; the other tests show the ordinary one"
)


def as_nobody() -> list[str]:
    """A command that runs another as nobody, with the right to read our interpreter where it lies in root's home."""
    setpriv = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for command in (setpriv, [*setpriv, *reading]):
        probe = [*command, sys.executable, "-c", "import standalone.launcher"]
        if (
            shutil.which("setpriv")
            and subprocess.run(probe, capture_output=True, env=PLAIN, check=False).returncode == 0
        ):
            return command
    pytest.skip("this machine does not let nobody run the interpreter of the tests")


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that belongs to nobody; tmp_path lies where only its owner may look."""
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, NOBODY.pw_uid, NOBODY.pw_gid)
        yield Path(directory)


@root_only
def test_an_ordinary_user_can_run_it(home: Path, port: int) -> None:
    running = Launched(home / "data", {**PLAIN, "HOME": str(home), "PORT": str(port)}, as_nobody())
    try:
        assert "is ready" in running.ready()
        assert {one.uids().effective for one in running.seen} == {NOBODY.pw_uid}
    finally:
        status = running.end()
    assert status == 0
    assert running.nothing_left()
    assert running.err.empty()


@root_only
def test_the_data_of_another_user_is_a_sentence(home: Path, port: int) -> None:
    (home / "data").mkdir(mode=0o700)
    running = Launched(home / "data", {**PLAIN, "HOME": str(home), "PORT": str(port)}, as_nobody())
    assert running.process.wait(timeout=PATIENCE) == 1
    assert "cannot be written to by this user. Give another directory: DATA_DIR=..." in running.err.get(
        timeout=PATIENCE
    )


@root_only
def test_root_runs_postgres_as_a_user_of_its_own(launched: Callable[..., Launched]) -> None:
    running = launched()
    running.ready()
    users = {one.name(): one.uids().effective for one in running.seen}
    assert users["postgres"] == pwd.getpwnam("pgserver").pw_uid
    assert psutil.Process(running.process.pid).uids().effective == 0
