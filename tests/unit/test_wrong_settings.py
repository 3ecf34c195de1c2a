"""Every wrong setting is one sentence, the same from every program that reads it."""

import os
import re
from pathlib import Path

import pytest
from annotated_types import Ge, Gt, Le

from api.settings import ApiSettings
from core.setting_names import NAMES, OF_TESTS, warn_unknown
from core.settings import Settings
from tools.setting_cases import REFUSED, WARNED
from tools.setting_rows import PROGRAMS, SECRET, Row
from tools.wrong_settings import list_refusals, list_warnings

ROOT = Path(__file__).parents[2]


def named(row: Row) -> str:
    return " ".join(row.given)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("row", REFUSED, ids=named)
def test_a_wrong_setting_is_a_sentence_of_who_reads_it(row: Row, program: str) -> None:
    said = list_refusals(program, row.environ)
    assert said == (list(row.said) if program in row.programs else [])
    assert SECRET not in "".join(said)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("row", WARNED, ids=named)
def test_what_does_not_count_is_said(row: Row, program: str) -> None:
    assert list_refusals(program, row.environ) == []
    said = list_warnings(program, row.environ)
    assert said == list(row.said)
    assert SECRET not in "".join(said)


def test_all_names_are_known_to_all_programs() -> None:
    assert {name.upper() for kind in PROGRAMS.values() for name in kind.model_fields} == NAMES
    every = {f"IMAGEMILL_{name}": "1" for name in NAMES | OF_TESTS}
    assert warn_unknown({**every, "PATH": "/bin", "imagemill_slots": "4"}) == []


def test_what_the_tests_read_is_no_misspelling() -> None:
    reads = re.compile(r"environ(?:\.get\(|\[)\"IMAGEMILL_(\w+)\"")
    sources = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("loadtest/**/*.py"), *ROOT.glob("k8s/**/*.py")]
    read = {name for source in sources for name in reads.findall(source.read_text(encoding="utf-8"))}
    assert "E2E_CLUSTER" in read
    assert read <= NAMES | OF_TESTS


def test_what_kubernetes_makes_for_services_is_no_misspelling() -> None:
    linked = {
        "IMAGEMILL_SERVICE_HOST": "10.0.0.1",
        "IMAGEMILL_API_SERVICE_HOST": "10.0.0.1",
        "IMAGEMILL_API_SERVICE_PORT_HTTP": "80",
        "IMAGEMILL_API_PORT": "tcp://10.0.0.1:80",
        "IMAGEMILL_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "IMAGEMILL_REDIS_PORT_6379_TCP_ADDR": "10.0.0.2",
    }
    assert warn_unknown(linked) == []
    assert len(warn_unknown({"IMAGEMILL_API_PORT": "80", "imagemill_slotz": "4"})) == 2


@pytest.mark.parametrize("kind", PROGRAMS.values())
def test_every_number_has_both_bounds(kind: type[Settings]) -> None:
    for name, info in kind.model_fields.items():
        if info.annotation in {int, float}:
            assert any(isinstance(bound, Ge | Gt) for bound in info.metadata), name
            assert any(isinstance(bound, Le) for bound in info.metadata), name


@pytest.mark.parametrize("kind", PROGRAMS.values(), ids=PROGRAMS)
def test_a_newline_at_the_end_of_a_secret_is_taken_off(kind: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEMILL_DATABASE_URL", " postgresql://user:pass\n@db/imagemill\r\n")
    monkeypatch.setenv("IMAGEMILL_REDIS_URL", "redis://:pass\n@redis/0\n")
    monkeypatch.setenv("IMAGEMILL_LOG_LEVEL", "debug\n")
    monkeypatch.setenv("IMAGEMILL_STATUS_CACHE", " false\n")
    monkeypatch.setenv("IMAGEMILL_JOB_SECONDS", " \n")
    settings = kind()
    assert settings.database_url == "postgresql://user:pass@db/imagemill"
    assert settings.redis_url == "redis://:pass@redis/0"
    assert (settings.log_level, settings.status_cache, settings.job_seconds) == ("debug", False, 60)
    assert "pass" not in repr(settings)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_what_is_not_utf_8_is_said_and_not_shown(name: str) -> None:
    wrong = os.fsdecode(b"postgresql://user:hunter2\xff@db/imagemill")
    assert list_refusals("api", {f"IMAGEMILL_{name}": wrong}) == [f"IMAGEMILL_{name} must be text in UTF-8."]


@pytest.mark.parametrize("value", ["*", "10.0.0.1", "10.0.0.0/8, ::1,fd00::/8", "127.0.0.1"])
def test_proxies(value: str) -> None:
    assert ApiSettings(forwarded_allow_ips=value).forwarded_allow_ips == value


@pytest.mark.parametrize(
    "value", ["localhost", "127.0.0.1", "::", "fe80::1%eth0", "my-host.example.", "[::1]", "a b", "a..b"]
)
def test_hosts(value: str) -> None:
    said = list_refusals("api", {"IMAGEMILL_HOST": value})
    assert bool(said) == (value in {"[::1]", "a b", "a..b"})


def test_the_text_of_a_foreign_error_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(url: str) -> None:
        raise ValueError(f"what a library says of {url}")

    monkeypatch.setattr("core.settings.read_redis_url", read)
    sentence = "IMAGEMILL_REDIS_URL is not a URL that can be read."
    assert list_refusals("api", {"IMAGEMILL_REDIS_URL": f"redis://:{SECRET}@h"}) == [sentence]
