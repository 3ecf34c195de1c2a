"""`make page-pictures`: the page in each state, as PNG for the documentation."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from conformance.browser.chromium import NoBrowser
from conformance.page.browser import PHONE, Guard, fresh_context, running_browser
from conformance.page.driving import drop_files, find_row, take_line
from conformance.page.samples import make_bitmap
from conformance.page.scenes import make_film, make_logo, make_photo, make_torn_photo
from conformance.page.site import standing_site
from conformance.service import PATIENCE

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 150_000
READY = "#files[multiple]"
NARROW = {"width": 1000, "height": 760}


def main() -> int:
    """Take every picture, or those that are named, and say how large each is."""
    named = sys.argv[1:] or list(SCENES)
    try:
        with running_browser() as browser, standing_site() as site:
            for name in named:
                take_picture(browser, site.url, name, *SCENES[name])
    except NoBrowser as missing:
        print(f"make page-pictures: {missing}", file=sys.stderr)
        return 2
    return 0


def take_picture(
    browser: Browser, url: str, name: str, settings: dict[str, object], show: Callable[[Page], None]
) -> None:
    guard = Guard()
    with fresh_context(
        browser, **{"base_url": url, "viewport": NARROW, "reduced_motion": "reduce", **settings}
    ) as context:
        guard.watch(context)
        page = context.new_page()
        page.goto("/")
        page.locator(READY).wait_for(state="attached")
        show(page)
        size = save_small(page.screenshot(animations="disabled"), IMAGES / f"page-{name}.png")
    print(f"page-{name}.png {size:,} bytes", *guard.unexpected, sep="\n  ")


def save_small(screenshot: bytes, path: Path) -> int:
    """Write with as many colours as fit into MOST_BYTES, and return the size."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    for colors in (256, 128, 64, 32):
        image.quantize(colors, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            break
    return path.stat().st_size


def wait_for(page: Page, name: str, *states: str) -> None:
    """Wait until the row has one of the states."""
    page.wait_for_function(
        "([name, states]) => [...document.querySelectorAll('#list > li.row')].some((row) => "
        "row.querySelector('.name').textContent === name && states.includes(row.dataset.state))",
        arg=[name, list(states)],
        timeout=PATIENCE * 1000,
    )


def scroll_to_list(page: Page) -> None:
    page.locator("#list").evaluate("(list) => list.scrollIntoView({ block: 'end' })")
    page.mouse.move(1, 1)


def show_form(page: Page) -> None:
    page.mouse.move(1, 1)


def show_running(page: Page) -> None:
    """One is done, one runs, one is on its way with half of it gone, others wait."""
    page.select_option("#target_format", "avif")
    drop_files(
        page,
        [
            make_photo("harbour.jpg", 1),
            make_photo("above the lake.jpg", 2, hold=60),
            make_bitmap("scan of the deed.bmp", 9),
            make_photo("first snow.jpg", 4),
        ],
    )
    with take_line(page, megabits=6):
        page.click("#convert")
        wait_for(page, "above the lake.jpg", "processing")
        wait_for(page, "scan of the deed.bmp", "uploading")
        page.wait_for_function(
            "() => [...document.querySelectorAll('#list progress')].some((bar) => bar.position > 0.4)"
        )
        scroll_to_list(page)


def show_done(page: Page) -> None:
    """Every file is done, two of them with a loss."""
    page.select_option("#target_format", "jpeg")
    drop_files(page, [make_photo("harbour.bmp", 1, "BMP"), make_logo("logo.png"), make_film("waves.gif")])
    page.click("#convert")
    for name in ("harbour.bmp", "logo.png", "waves.gif"):
        wait_for(page, name, "succeeded")
    scroll_to_list(page)


def show_failed(page: Page) -> None:
    page.select_option("#target_format", "webp")
    drop_files(page, [make_photo("harbour.jpg", 1), make_torn_photo("from the old disk.jpg")])
    page.click("#convert")
    wait_for(page, "harbour.jpg", "succeeded")
    wait_for(page, "from the old disk.jpg", "failed")
    scroll_to_list(page)


def show_comparison(page: Page) -> None:
    page.select_option("#target_format", "jpeg")
    drop_files(page, [make_photo("harbour.bmp", 1, "BMP")])
    page.click("#convert")
    wait_for(page, "harbour.bmp", "succeeded")
    find_row(page, "harbour.bmp").locator("button.preview").click()
    page.get_by_role("dialog").wait_for()
    for image in page.get_by_role("dialog").locator("img").all():
        image.wait_for()


SCENES: dict[str, tuple[dict[str, object], Callable[[Page], None]]] = {
    "form": ({}, show_form),
    "running": ({}, show_running),
    "done": ({}, show_done),
    "failed": ({}, show_failed),
    "compare": ({}, show_comparison),
    "phone": ({"viewport": PHONE, "is_mobile": True, "device_scale_factor": 1}, show_done),
    "dark": ({"color_scheme": "dark"}, show_done),
}

if __name__ == "__main__":
    sys.exit(main())
