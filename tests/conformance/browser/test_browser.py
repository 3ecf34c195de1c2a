"""A judge that sees what is wrong, in a real browser."""

from pathlib import Path
from shutil import which

import pytest
from PIL import Image

from conformance import images
from conformance.browser.__main__ import Judged
from conformance.browser.chromium import PROGRAMS, Pair, Verdict, judge_pairs
from conformance.browser.sources import EXACT, LOSSY, Given, list_handed

FRAMES = images.film(3)
TIMES = (200, 300, 400)


def film_of(frames: list[Image.Image], name: str = "GIF", times: tuple[int, ...] = TIMES) -> bytes:
    return images.encoded(
        frames[0], name, save_all=True, append_images=frames[1:], duration=times[: len(frames)], loop=0
    )


@pytest.mark.skipif(not any(map(which, PROGRAMS)), reason="chromium is not installed")
def test_the_browser_sees_what_differs() -> None:
    picture = images.quarters()
    right, turned = images.encoded(picture, "PNG"), images.encoded(picture.rotate(180), "PNG")
    soft = images.encoded(images.soft_disc(), "PNG")
    pairs = {
        "the same": Pair("", "image/png", right, right),
        "the same, soft": Pair("", "image/png", soft, soft),
        "turned": Pair("", "image/png", right, turned),
        "of another size": Pair("", "image/png", right, images.encoded(images.quarters((10, 10)), "PNG")),
        "without transparency": Pair("", "image/png", soft, images.encoded(images.opened(soft).convert("RGB"), "PNG")),
        "refused": Pair("", "image/png", right, None),
        "no image": Pair("", "image/png", b"no image", None),
        "the same film": Pair("", "image/gif", film_of(FRAMES), film_of(FRAMES, "PNG")),
        "a frame too few": Pair("", "image/gif", film_of(FRAMES), film_of(FRAMES[:2], "PNG")),
        "another last frame": Pair("", "image/gif", film_of(FRAMES), film_of([*FRAMES[:2], FRAMES[0]], "PNG")),
        "slower": Pair("", "image/gif", film_of(FRAMES), film_of(FRAMES, "PNG", (400, 600, 800))),
        "shown with a flaw": Pair("", "image/png", turned, right, sound=right),
        "shown with a flaw, and wrong": Pair("", "image/png", turned, soft, sound=right),
        "damaged, shown as the sound one": Pair("", "image/png", right + b"junk", turned, sound=right),
        "a still": Pair("", "image/gif", film_of(FRAMES), images.encoded(FRAMES[0], "PNG")),
    }
    verdicts = dict(zip(pairs, judge_pairs(list(pairs.values())), strict=True))
    alike = {"the same", "the same, soft", "the same film", "shown with a flaw"}
    assert {name for name, verdict in verdicts.items() if verdict.get("difference") == 0} == alike
    assert [name for name, verdict in verdicts.items() if not verdict["shown"]] == ["no image"]
    assert verdicts["refused"] == {"shown": True}
    assert verdicts["turned"]["difference"] > 100
    assert {name for name, verdict in verdicts.items() if verdict.get("flawed")} == {
        "shown with a flaw", "shown with a flaw, and wrong",
    }  # fmt: skip
    assert "pixels" in verdicts["shown with a flaw, and wrong"]["wrong"]
    assert verdicts["damaged, shown as the sound one"]["difference"] > 100
    assert verdicts["without transparency"]["difference"] > 100
    assert verdicts["the same film"]["frames"] == len(FRAMES)
    assert "pixels" in verdicts["of another size"]["wrong"]
    assert verdicts["another last frame"]["start"] == sum(TIMES[:2])
    assert "plays" in verdicts["slower"]["wrong"]


def judged(verdict: Verdict, code: str = "ok", name: str = "png", data: bytes = b"") -> str:
    details = {"x": 1, "y": 2, "ground": "#fff", "seen": [1, 2, 3], "made": [4, 5, 6]}
    return Judged(Given("a file", name, data), code, details | verdict).fault


def test_only_lossy_files_may_differ_by_more_than_a_rounding() -> None:
    assert judged({"shown": True, "difference": EXACT}) == ""
    assert "3 of 255 apart at 1, 2 on #fff" in judged({"shown": True, "difference": EXACT + 1})
    assert judged({"shown": True, "difference": LOSSY}, name="jpeg") == ""
    assert judged({"shown": True, "difference": LOSSY + 1}, name="jpeg")
    assert judged({"shown": True, "difference": LOSSY}, name="webp", data=b"RIFF....WEBPVP8 ") == ""
    assert judged({"shown": True, "difference": LOSSY}, name="webp", data=b"RIFF....WEBPVP8L")


def test_a_file_that_only_the_browser_reads_is_a_fault() -> None:
    assert "corrupt_image" in judged({"shown": True}, code="corrupt_image")
    assert judged({"shown": False}, code="corrupt_image") == ""
    assert judged({"shown": True, "wrong": "too short"}) == "too short"


def test_handed_files_are_taken_once_and_by_their_content(tmp_path: Path) -> None:
    picture = images.encoded(images.quarters(), "PNG")
    for name, data in {"a.png": picture, "b.jpg": picture, "c.txt": b"text", "d.tif": images.tiff_pages()}.items():
        (tmp_path / name).write_bytes(data)
    assert [(one.name, one.format) for one in list_handed([tmp_path])] == [("a.png", "png")]
