"""What a person does: choose a file, press the button, watch, download. A plain form post, no JavaScript."""

import re
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image

from conformance import images
from conformance.service import PATIENCE, Service, wait_for


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    service.start("janitor")
    service.start("worker")
    api = service.start("api")
    with httpx.Client(base_url=f"http://127.0.0.1:{api.probe_port}", follow_redirects=True, timeout=PATIENCE) as client:
        yield client


def convert(browser: httpx.Client, name: str, data: bytes, **fields: str) -> httpx.Response:
    """Post the form, follow to the status page, wait there as its own refresh would, and follow the download link."""
    form = browser.get("/").text
    assert 'action="/jobs"' in form
    page = browser.post("/jobs", files={"file": (name, data)}, data=fields)
    assert page.status_code == 200, page.text
    assert re.fullmatch(r"/jobs/[0-9a-f-]{36}", page.url.path)

    def download_link() -> str | None:
        text = browser.get(page.url).text
        assert "failed" not in text.lower(), text
        found = re.search(r'href="(/v1/jobs/[^"]+/result)"', text)
        return found[1] if found else None

    answer = browser.get(wait_for("the download link", download_link))
    assert answer.status_code == 200
    return answer


def test_a_sideways_photo_is_upright_and_tells_no_place(browser: httpx.Client) -> None:
    answer = convert(browser, "Urlaub.jpg", images.described_jpeg(6), target_format="png")
    assert answer.headers["content-type"] == "image/png"
    assert 'filename="Urlaub.png"' in answer.headers["content-disposition"]
    with Image.open(BytesIO(images.described_jpeg(6))) as before, Image.open(BytesIO(answer.content)) as after:
        assert after.size == (before.height, before.width)
        assert dict(after.getexif()) == {}


def test_a_clear_picture_stays_clear(browser: httpx.Client) -> None:
    answer = convert(browser, "logo.png", images.png_with_alpha(), target_format="webp")
    with Image.open(BytesIO(images.png_with_alpha())) as before, Image.open(BytesIO(answer.content)) as after:
        assert after.mode == "RGBA"
        assert after.getchannel("A").getextrema() == before.convert("RGBA").getchannel("A").getextrema()


def test_an_animation_stays_one(browser: httpx.Client) -> None:
    answer = convert(browser, "dance.gif", images.animated_gif(), target_format="webp")
    with Image.open(BytesIO(images.animated_gif())) as before, Image.open(BytesIO(answer.content)) as after:
        assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1) > 1


def test_a_refused_upload_shows_the_form_again_with_the_sentence(browser: httpx.Client) -> None:
    page = browser.post("/jobs", files={"file": ("a.png", b"this is text")}, data={"target_format": "webp"})
    assert page.status_code == 415
    assert 'action="/jobs"' in page.text
    assert re.search(r"not an (accepted )?image", page.text, re.IGNORECASE)
