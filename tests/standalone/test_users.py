import grp
import os
import pwd
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from standalone import account, launcher
from standalone.access import open_our_code
from standalone.account import SYSTEM_USER, Account, choose_account
from standalone.errors import StartupError, WrongSetting
from standalone.servers import own_directory
from tests.standalone.harness import PATIENCE, Launched, eventually
from tests.standalone.test_launcher import ELSEWHERE

ROOT = Path(__file__).parents[2]
NOBODY = pwd.getpwnam("nobody")
PLAIN = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}

root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can be two users; the other tests show the ordinary one"
)


@pytest.fixture
def ordinary() -> Account:
    """A user without rights who can read our interpreter: the one that root's children run as."""
    account = choose_account()
    assert account is not None
    open_our_code(account)
    return account


@pytest.fixture
def home(ordinary: Account) -> Iterator[Path]:
    """A directory of that user; tmp_path lies where only its owner may look."""
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, ordinary.uid, ordinary.gid)
        yield Path(directory)


@root_only
def test_an_ordinary_user_can_run_it(ordinary: Account, home: Path, port: int) -> None:
    running = Launched(home / "data", {**PLAIN, "HOME": str(home), "PORT": str(port)}, ordinary)
    try:
        assert running.ready()
        assert {one.uids().effective for one in running.seen} == {ordinary.uid}
    finally:
        status = running.end()
    assert status == 0
    assert running.nothing_left()
    assert running.err.empty()


@root_only
def test_the_data_of_another_user_is_a_sentence(ordinary: Account, home: Path, port: int) -> None:
    (home / "data").mkdir(mode=0o700)
    running = Launched(home / "data", {**PLAIN, "HOME": str(home), "PORT": str(port)}, ordinary)
    assert running.process.wait(timeout=PATIENCE) == 2
    said = running.err.get(timeout=PATIENCE)
    assert f"{home / 'data'} belongs to the user root and cannot be written to by this user." in said


@root_only
def test_a_shared_directory_that_root_used_is_a_sentence(ordinary: Account, home: Path, port: int) -> None:
    (home / "data").mkdir()
    (home / "data").chmod(0o777)
    (home / "data" / "launcher.lock").touch(mode=0o600)
    running = Launched(home / "data", {**PLAIN, "HOME": str(home), "PORT": str(port)}, ordinary)
    assert running.process.wait(timeout=PATIENCE) == 2
    assert "launcher.lock cannot be opened: Permission denied. It belongs to the user root" in running.err.get(
        timeout=PATIENCE
    )


@root_only
def test_as_root_everything_but_the_launcher_is_the_system_user(launched: Callable[..., Launched]) -> None:
    running = launched()
    running.ready()
    eventually(lambda: len(running.family()) > 10, "all of them run")
    for process in running.seen:
        if process.is_running():
            assert set(process.uids()) == {pwd.getpwnam(SYSTEM_USER).pw_uid}, process
            assert set(process.gids()) == {grp.getgrnam(SYSTEM_USER).gr_gid}, process
            assert capabilities(process.pid) == [], process
    assert psutil.Process(running.process.pid).uids().effective == 0


def capabilities(pid: int) -> list[str]:
    """The sets of capabilities that are not empty, supplementary groups, and whether rights can be gained."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[name], 16)]
    return held + [name for name, wanted in (("Groups", ""), ("NoNewPrivs", "1")) if status[name].strip() != wanted]


@root_only
def test_the_children_of_root_are_not_sent_to_its_own_directories(launched: Callable[..., Launched]) -> None:
    running = launched(TMPDIR="/root", **ELSEWHERE)
    running.ready()
    env = psutil.Process(running.named("standins.py api").pid).environ()
    assert (env["HOME"], env["USER"], env["LOGNAME"]) == ("/", SYSTEM_USER, SYSTEM_USER)
    assert "TMPDIR" not in env


@root_only
@pytest.mark.parametrize("owner", ["root", "pgserver"])
def test_data_of_an_earlier_release_is_handed_over(tmp_path: Path, owner: str) -> None:
    if owner not in users():
        pytest.skip("the release before imagemill's own user never ran here")
    uid = pwd.getpwnam(owner).pw_uid
    data = tmp_path / "postgres-18"
    (data / "base").mkdir(parents=True)
    (data / "base" / "link").symlink_to("/etc/passwd")
    for path in (data, data / "base"):
        os.chown(path, uid, 0)
    account = choose_account()
    assert account is not None
    own_directory(data, account)
    assert {path.lstat().st_uid for path in (data, data / "base", data / "base" / "link")} == {account.uid}
    assert Path("/etc/passwd").stat().st_uid == 0


@root_only
def test_data_of_an_ordinary_user_is_left_to_him(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(WrongSetting, match=f"belongs to the user nobody, but this would run as the user {SYSTEM_USER}"):
        own_directory(tmp_path, choose_account())


@root_only
def test_a_port_for_root_alone_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "_read_lowest_port", lambda: 1024)
    with pytest.raises(WrongSetting, match=r"Port 80 is for root alone, .*make run PORT=8080"):
        launcher.check_port("127.0.0.1", 80, choose_account())


def test_a_user_that_cannot_be_made_is_a_sentence_with_the_command_and_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "useradd").write_text("#!/bin/sh\necho useradd: cannot open /etc/passwd. >&2\nexit 1\n")
    monkeypatch.setattr(account, "SYSTEM_USER", "imagemill-of-a-test")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "SYSTEM_PATH", str(tmp_path))
    with pytest.raises(StartupError, match=r"`useradd --system .*imagemill-of-a-test` said: .*Permission denied"):
        choose_account()
    (tmp_path / "useradd").chmod(0o755)
    with pytest.raises(StartupError, match=r"said: useradd: cannot open /etc/passwd\. Make that user by hand"):
        choose_account()
    (tmp_path / "useradd").unlink()
    with pytest.raises(StartupError, match=r"said: .*No such file or directory"):
        choose_account()


def test_of_launchers_that_start_at_once_one_makes_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run of useradd would give the user another number, after the one before has been used."""
    made, together = tmp_path / "made", threading.Barrier(4)
    program = tmp_path / "useradd"
    program.write_text(f"#!/bin/sh\nsleep 0.3\necho $$ >> {made}\n")
    program.chmod(0o755)

    def find_user() -> pwd.struct_passwd | None:
        return NOBODY if made.exists() else None

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "SYSTEM_PATH", f"{tmp_path}:{account.SYSTEM_PATH}")
    monkeypatch.setattr(account, "_find_user", find_user)

    def launch(_: int) -> Account | None:
        together.wait()
        return choose_account()

    with ThreadPoolExecutor(together.parties) as pool:
        chosen = list(pool.map(launch, range(together.parties)))

    assert {one.name for one in chosen if one} == {NOBODY.pw_name}
    assert len(made.read_text().split()) == 1


def users() -> set[str]:
    return {user.pw_name for user in pwd.getpwall()}
