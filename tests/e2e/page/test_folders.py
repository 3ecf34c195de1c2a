"""Folders are dropped with everything in them; files of one name are told apart by where they lay."""

from pathlib import Path

from playwright.sync_api import Page, expect

from conformance.page.driving import drop_paths, list_rows
from conformance.page.samples import make_png
from tests.e2e.page.steps import open_form, start

FOLDERS = ["holiday/", "holiday/one/", "holiday/two/"]


def test_files_of_one_name_show_their_folders(page: Page, tmp_path: Path) -> None:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(make_png("a.png").data)
    (tmp_path / "holiday" / "diary.txt").write_text("dear diary")
    (tmp_path / "single.png").write_bytes(make_png("a.png").data)
    open_form(page)
    drop_paths(page, [tmp_path / "holiday", tmp_path / "single.png"])
    expect(list_rows(page)).to_have_count(4)
    expect(page.locator("#notice")).to_contain_text("1 file of the folder is no image")
    assert [text.strip() for text in page.locator("#list .folder").all_inner_texts()] == [*FOLDERS, ""]
    expect(page.locator("#list .folder").last).to_be_hidden()
    start(page, "webp")
    page.wait_for_function("() => document.querySelectorAll('#list [data-state=succeeded]').length === 4")
    # Who hears the buttons tells them apart as well.
    for kind in ("a.download", "button.preview", "button.remove"):
        labels = page.locator(f"#list {kind}").evaluate_all("(all) => all.map((it) => it.getAttribute('aria-label'))")
        assert len(set(labels)) == 4, labels
    page.click("#batch-link")
    # In the order of the batch: three are uploaded at a time, so it is another one.
    expect(list_rows(page)).to_have_count(4)
    assert {text.strip() for text in page.locator("#list .folder").all_inner_texts()} == {*FOLDERS, ""}
