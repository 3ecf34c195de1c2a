import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from standalone import launcher
from standalone.config import read_config
from standalone.errors import StartupError
from standalone.watcher import StopRequest, Watcher
from tests.standalone.harness import PATIENCE, Launched, eventually
from tests.standalone.standins import program
from tools.setting_rows import LAUNCHER

ROOT = Path(__file__).parents[2]
Start = Callable[..., Launched]
ELSEWHERE = {"IMAGEMILL_DATABASE_URL": "postgresql://else/where", "IMAGEMILL_REDIS_URL": "redis://else.where/0"}


def test_ctrl_c_stops_everything_and_leaves_nothing_behind(launched: Start, port: int) -> None:
    running = launched()
    assert running.ready() == f"http://127.0.0.1:{port}/"
    assert {one.name() for one in running.seen} & {"postgres", "valkey-server", "redis-server"}
    assert running.end(signal.SIGINT) == 0
    assert running.nothing_left()
    assert running.out.empty()
    assert running.err.empty()
    eventually(lambda: "  Stopped.\n" in running.steps.queue, "the end is told")
    assert "Ctrl-C again does not wait" in "".join(running.steps.queue)


@pytest.fixture
def not_ignored() -> Iterator[None]:
    """What these tests run under may ignore SIGHUP, as nohup does, and the launcher would inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("not_ignored")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_stop_it_too(launched: Start, number: signal.Signals) -> None:
    running = launched(**ELSEWHERE)
    running.ready()
    assert running.end(number) == 0
    assert running.nothing_left()


def test_the_children_get_the_settings_that_say_where_everything_is(launched: Start, port: int, tmp_path: Path) -> None:
    running = launched(IMAGEMILL_STATUS_CACHE="off")
    running.ready()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        env = json.load(answer)
    assert env["IMAGEMILL_DATABASE_URL"].startswith("postgresql://postgres@/imagemill?host=/")
    assert env["IMAGEMILL_REDIS_URL"].startswith("unix:///")
    assert (env["IMAGEMILL_PORT"], env["IMAGEMILL_DRAIN_SECONDS"]) == (str(port), "2")
    assert env["IMAGEMILL_STATUS_CACHE"] == "off"
    assert (tmp_path / "data").stat().st_mode & 0o066 == 0


def test_a_child_that_dies_is_said_and_started_again(launched: Start) -> None:
    running = launched()
    running.ready()
    for word, name in (("standins.py api", "api"), ("postgres-18", "PostgreSQL"), ("redis", "Redis")):
        died = running.named(word)
        died.kill()
        sentence = f"imagemill: {name} was ended by SIGKILL; it starts again in 0.5 s.\n"
        assert running.err.get(timeout=PATIENCE) == sentence
        eventually(lambda died=died: not died.is_running(), "the dead child is collected")  # type: ignore[misc]
        eventually(lambda word=word: _is_there(running, word), "it runs again")  # type: ignore[misc]


def _is_there(running: Launched, word: str) -> bool:
    try:
        return bool(running.named(word).is_running())
    except StopIteration:
        return False


def test_a_killed_launcher_takes_its_children_with_it(launched: Start) -> None:
    running = launched(STANDIN_STUBBORN="/dev/null")
    running.ready()
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    eventually(running.nothing_left, "all children ended")
    again = launched()
    assert again.ready()


def test_a_second_ctrl_c_does_not_wait(launched: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)  # The child that writes there may be another user.
    deaf = tmp_path / "deaf"
    running = launched(STANDIN_STUBBORN=str(deaf), **ELSEWHERE)
    running.ready()
    eventually(deaf.exists, "the child takes no SIGTERM any more")
    api = running.named("standins.py api")
    running.process.send_signal(signal.SIGINT)
    eventually(lambda: not api.is_running(), "the first Ctrl-C is heard")
    # One Ctrl-C may come twice within half a second; and one more, while Python itself ends, would kill it.
    time.sleep(0.7)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=PATIENCE) == 0
    assert running.nothing_left()


def test_given_urls_replace_the_embedded_servers(launched: Start, port: int) -> None:
    running = launched(**ELSEWHERE)
    running.ready()
    assert {one.name() for one in running.seen}.isdisjoint({"postgres", "valkey-server", "redis-server"})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        assert ELSEWHERE.items() <= json.load(answer).items()


def test_a_port_in_use_is_one_sentence_and_nothing_is_started(launched: Start, port: int, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        running = launched()
        assert running.process.wait(timeout=PATIENCE) == 1
    assert running.err.get(timeout=PATIENCE) == (
        f"imagemill: Port {port} on 127.0.0.1 cannot be used: Address already in use. "
        f"Choose another port, like: make run PORT={port + 1}\n"
    )
    assert not (tmp_path / "data").exists()


def test_it_says_what_it_does_and_the_address_comes_last_and_alone(launched: Start) -> None:
    first = launched()
    first.ready()
    steps = first.told()
    for word in ("Starting PostgreSQL, with a new database", "Starting Redis", "up to date", "Starting API, worker"):
        assert word in steps
    for answer in (f"are in {first.data_dir}", "No keys are asked for", "Ctrl-C stops it"):
        assert answer in steps
    assert steps.splitlines()[-1].endswith("Open this in a browser:")
    assert first.end() == 0
    second = launched()
    second.ready()
    assert "Starting PostgreSQL.\n" in second.told()


def test_the_readme_shows_what_a_first_start_says(launched: Start, port: int) -> None:
    running = launched()
    address = running.ready()
    said = re.sub("  This is root.*\n", "", running.told()) + address
    said = said.replace(str(running.data_dir), "/home/you/imagemill/data").replace(str(port), "8000")
    shown = re.search(r"```text\n(.*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert re.sub(r"Ready after \d+ s", "Ready after 4 s", said) == shown[1]


def test_a_given_redis_that_cannot_be_used_is_a_sentence(launched: Start) -> None:
    """The stand-in of the API is ready then, as the API is."""
    parts = {"database": "ok", "redis": "away", "workers": "ok", "storage": "ok"}
    running = launched(STANDIN_PAGE=json.dumps({"status": "ready", "parts": parts}), **ELSEWHERE)
    running.ready()
    assert running.err.get(timeout=PATIENCE) == (
        "imagemill: The Redis of IMAGEMILL_REDIS_URL cannot be used. "
        "Images are accepted, but none is converted until it can.\n"
    )
    assert running.err.empty()


@pytest.mark.parametrize(
    ("page", "lacks"),
    [
        ('{"parts": {"redis": "away"}}', True),
        ('{"parts": {"redis": "ok"}}', False),
        ('{"parts": null}', False),
        ("[]", False),
        ('{"parts": {"redis": "aw', False),
    ],
)
def test_redis_is_missed_only_where_the_page_says_so(page: str, *, lacks: bool) -> None:
    assert launcher.lacks_redis(page) == lacks


def test_a_worker_gets_the_time_that_its_setting_allows() -> None:
    api, worker, janitor = launcher.make_services(
        {"IMAGEMILL_DRAIN_SECONDS": "40", "IMAGEMILL_API_DRAIN_SECONDS": "20"}
    )
    assert [program.notices[0].seconds for program in (api, worker, janitor)] == [25, 45, 10]


def test_a_misspelt_setting_is_told_once_and_not_handed_on(launched: Start, port: int) -> None:
    running = launched(IMAGEMILL_SLOT="4", **ELSEWHERE)
    running.ready()
    sentence = "imagemill: IMAGEMILL_SLOT is not a setting and is ignored. Did you mean IMAGEMILL_SLOTS?\n"
    assert running.err.get(timeout=PATIENCE) == sentence
    assert running.err.empty()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        assert "IMAGEMILL_SLOT" not in json.load(answer)


@pytest.mark.parametrize("when", ["STANDIN_MIGRATION", "STANDIN_API"])
def test_refused_settings_end_it_with_status_2_and_not_a_word_more(launched: Start, when: str) -> None:
    running = launched(**{when: "2"}, **ELSEWHERE)
    assert running.process.wait(timeout=PATIENCE) == 2
    assert running.err.empty()
    assert running.out.empty()
    assert running.nothing_left()


@pytest.mark.parametrize(("setting", "sentence"), LAUNCHER.values(), ids=LAUNCHER)
def test_a_setting_of_its_own_that_is_wrong_is_a_sentence_and_status_2(
    launched: Start, setting: dict[str, str], sentence: str
) -> None:
    running = launched(**setting)
    assert running.process.wait(timeout=PATIENCE) == 2
    assert running.err.get(timeout=PATIENCE) == f"imagemill: {sentence}\n"
    assert running.err.empty()


def test_a_host_that_is_no_name_is_a_sentence_too(launched: Start) -> None:
    running = launched(IMAGEMILL_HOST="no such host")
    assert running.process.wait(timeout=PATIENCE) == 2
    assert "IMAGEMILL_HOST is no such host, which is no address of this machine" in running.err.get(timeout=PATIENCE)


def test_a_second_launcher_on_the_same_data_is_one_sentence(launched: Start) -> None:
    first = launched(**ELSEWHERE)
    first.ready()
    second = launched(PORT="1")
    assert second.process.wait(timeout=PATIENCE) == 1
    assert f"already runs on {first.data_dir} (process {first.process.pid})" in second.err.get(timeout=PATIENCE)
    assert first.process.poll() is None


def test_a_failed_migration_is_one_sentence_and_nothing_is_left(launched: Start) -> None:
    running = launched(STANDIN_MIGRATION="3")
    assert running.process.wait(timeout=PATIENCE) == 1
    assert "could not be brought up to date: migrate ended with exit status 3" in running.err.get(timeout=PATIENCE)
    assert running.out.empty()
    assert not list(running.data_dir.glob("postgres-18/postmaster.pid"))


def test_a_service_that_never_is_ready_is_a_sentence(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "SECONDS_TO_START", 1)
    config = read_config({"PORT": str(port), "DATA_DIR": str(tmp_path), **ELSEWHERE}, tmp_path / ".env")
    watcher = Watcher(StopRequest(), lambda _: None, lambda _: None)
    with pytest.raises(StartupError, match=r"not ready within 1 seconds; /readyz said: .*refused"):
        launcher.launch_service(
            config,
            watcher,
            lambda _: pytest.fail("it was announced"),
            lambda _: program("migrate", os.environ),
            lambda _: [program("idle", os.environ)],
        )
