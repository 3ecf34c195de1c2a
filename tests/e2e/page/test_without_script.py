"""Without JavaScript: the form, the status page, the download, the deletion. Everything that programs alone can ask for."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from conformance import images
from conformance.service import PATIENCE

SECONDS = PATIENCE * 1000


@pytest.fixture
def picture() -> FilePayload:
    return {"name": "Urlaub.png", "mimeType": "image/png", "buffer": images.png_with_alpha()}


def test_a_file_is_converted_downloaded_and_deleted(plain_page: Page, picture: FilePayload, tmp_path: Path) -> None:
    page = plain_page
    page.goto("/")
    page.set_input_files("input[type=file]", files=[picture])
    page.select_option("#target_format", "jpeg")
    page.get_by_role("button", name="Convert").click()
    link = page.locator("a[download]").first
    link.wait_for(timeout=SECONDS)
    with page.expect_download() as downloading:
        link.click()
    downloading.value.save_as(tmp_path / "result")
    assert downloading.value.suggested_filename == "Urlaub.jpg"
    assert images.decoded((tmp_path / "result").read_bytes()).format == "JPEG"
    page.get_by_role("button", name="Delete").click()
    page.wait_for_load_state()
    expect(page.locator("a[download]")).to_have_count(0)
