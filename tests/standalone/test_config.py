import re
from pathlib import Path

import pytest

from standalone.config import read_config
from standalone.errors import StartupError, WrongSetting
from standalone.launcher import _make_environment


def test_works_without_anything(tmp_path: Path) -> None:
    config = read_config({}, tmp_path / ".env")
    assert (config.host, config.port, config.data_dir) == ("127.0.0.1", 8000, Path("data"))
    assert config.database_url is None
    assert config.redis_url is None


def test_the_environment_wins_over_the_file_and_empty_is_not_given(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nPORT=8001\nDATA_DIR='a b'\nIMAGEMILL_REDIS_URL=redis://file\nX=$HOME\n")
    config = read_config({"PORT": "8002", "IMAGEMILL_REDIS_URL": ""}, tmp_path / ".env")
    assert (config.port, config.data_dir, config.redis_url) == (8002, Path("a b"), None)
    assert config.env["X"] == "$HOME"


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("mill.example", False),
    ],
)
def test_who_can_reach_it_is_known(tmp_path: Path, host: str, alone: bool) -> None:
    assert read_config({"IMAGEMILL_HOST": host}, tmp_path / ".env").is_for_this_machine_alone is alone


def test_the_limits_of_a_client_hold_where_others_reach_it(tmp_path: Path) -> None:
    def limit(**environ: str) -> str | None:
        config = read_config(environ, tmp_path / ".env")
        return _make_environment(config, None).get("IMAGEMILL_RATE_LIMIT")

    assert limit() == "none"
    assert limit(IMAGEMILL_RATE_LIMIT="5/minute") == "5/minute"
    assert limit(IMAGEMILL_HOST="0.0.0.0") is None  # noqa: S104


@pytest.mark.parametrize("text", ["0", "65536", "80x", "-1", "²"])
def test_a_port_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(StartupError, match=f"PORT must be a whole number from 1 to 65535, not '{text}'"):
        read_config({"PORT": text}, tmp_path / ".env")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "is not text in UTF-8. Save it as that."),
        (b'# one\nPORT="8133\n', ", line 2, is not understood. Write NAME=value, and close every quote."),
        (b"A=1\n\nPORT: 8133\n", ", line 3, is not understood."),
        (b"PORT\n", ", line 1, is not understood."),
        (None, "cannot be read: Is a directory."),
    ],
)
def test_a_bad_file_is_a_sentence_that_names_the_line(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / ".env"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(WrongSetting, match=rf"{re.escape(str(file))} ?{re.escape(sentence)}"):
        read_config({}, file)


def test_a_file_may_have_a_mark_windows_ends_exports_and_comments(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfexport PORT=8002 # ours\r\n\r\nDATA_DIR='a b'\r\n")
    config = read_config({}, tmp_path / ".env")
    assert (config.port, config.data_dir) == (8002, Path("a b"))


def test_white_space_around_a_value_is_taken_off(tmp_path: Path) -> None:
    config = read_config({"PORT": " 8113 ", "IMAGEMILL_HOST": " localhost\n"}, tmp_path / ".env")
    assert (config.port, config.host) == (8113, "localhost")


def test_the_sample_changes_nothing_and_its_lines_are_understood(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / ".env.sample"
    assert read_config({}, sample) == read_config({}, tmp_path / "missing")
    (tmp_path / "all").write_text(sample.read_text().replace("\n#", "\n").replace("\n ", "\n# "))
    config = read_config({}, tmp_path / "all")
    assert (config.port, config.data_dir) == (8000, Path("data"))
    assert config.database_url
    assert config.redis_url
