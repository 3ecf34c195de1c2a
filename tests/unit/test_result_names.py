"""Names of results: their endings, their lengths, and what Windows stores."""

import pytest

from core.formats import FORMATS
from core.names import MOST_BYTES, make_portable, name_result, shorten_name

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
"""Five characters that are seen as one."""


@pytest.mark.parametrize(
    ("filename", "result"),
    [
        ("photo.png", "photo.jpg"),
        ("photo", "photo.jpg"),
        ("photo.HEIC", "photo.jpg"),
        ("photo.Jpeg", "photo.jpg"),
        ("photo.jfif", "photo.jpg"),
        ("photo.cr2", "photo.jpg"),
        ("v1.2 final", "v1.2 final.jpg"),
        ("report.2024.heic", "report.2024.jpg"),
        ("report.2024", "report.2024.jpg"),
        ("evil.exe", "evil.exe.jpg"),
        ("archive.png.tiff", "archive.png.jpg"),
        ("photo. png", "photo.jpg"),
        ("photo..png", "photo.jpg"),
        ("photo .png", "photo.jpg"),
        ("photo.", "photo.jpg"),
        (".png", "image.jpg"),
        (".hidden", ".hidden.jpg"),
        ("..png", "image.jpg"),
        ("image", "image.jpg"),
        ("日本.png", "日本.jpg"),
        ("Größe 1:2.webp", "Größe 1:2.jpg"),
        ("x" * 255, "x" * 251 + ".jpg"),
        ("x" * 251 + ".png", "x" * 251 + ".jpg"),
        ("é" * 127, "é" * 125 + ".jpg"),
        ("日" * 85, "日" * 83 + ".jpg"),
        ("\U0001f389" * 63, "\U0001f389" * 62 + ".jpg"),
    ],
)
def test_a_result_is_named_after_its_upload(filename: str, result: str) -> None:
    assert name_result(filename, "jpg") == result


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
def test_every_ending_of_a_format_is_replaced(fmt: object) -> None:
    assert {name_result(f"a.{name}", "x") for name in (fmt.name, fmt.extension, *fmt.aliases)} == {"a.x"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("cluster", "bytes_"),
    [("e\u0301", 3), ("e\u0301\u0323", 5), ("\U0001f44d\U0001f3fd", 8), ("\u2764\ufe0f", 6), (FAMILY, 18), ("नि", 6)],
)
@pytest.mark.parametrize("before", range(9))
def test_what_is_seen_as_one_is_not_cut(cluster: str, bytes_: int, before: int) -> None:
    kept = shorten_name("x" * before + cluster * 100, ".jpg")
    times, over = divmod(MOST_BYTES - 4 - before, bytes_)
    assert kept == "x" * before + cluster * times + ".jpg"
    assert len(kept.encode()) + over == MOST_BYTES


def test_marks_without_end_are_cut_all_the_same() -> None:
    kept = name_result("a" + "\u0301" * 400, "jpg")
    assert kept.startswith("a\u0301")
    assert MOST_BYTES - 2 < len(kept.encode()) <= MOST_BYTES


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("photo.jpg", "photo.jpg"),
        ("a:b*c?d.jpg", "a_b_c_d.jpg"),
        ('<a>|"b".jpg', "_a___b_.jpg"),
        ("a/b\\c.jpg", "a_b_c.jpg"),
        ("a\tb.jpg", "a_b.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("nul", "_nul"),
        ("Aux.tar.jpg", "_Aux.tar.jpg"),
        ("lpt9 .jpg", "_lpt9 .jpg"),
        ("COM¹.jpg", "_COM¹.jpg"),
        ("com10.jpg", "com10.jpg"),
        ("console.jpg", "console.jpg"),
        ("dots...", "dots"),
        ("blank. ", "blank"),
    ],
)
def test_a_portable_name_is_one_that_windows_stores(name: str, stored: str) -> None:
    assert make_portable(name) == stored
