"""Before and after: source and result on one stage, by pointer and by keyboard."""

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, Response, expect

from api.figures import change_percent
from conformance import images
from conformance.service import wait_for
from tests.e2e.page.comparing import DISC, Comparing, File, color_at, is_like

GREEN_GROUND = "#00ff00"
BIG_QUARTERS = File("quarters.png", images.encoded(images.quarters((1200, 900)), "PNG"))


def is_grey(color: tuple[int, ...]) -> bool:
    """Of the checkerboard, which only lies behind clear pixels."""
    return max(color) - min(color) < 8


def test_a_sideways_photo_and_its_result_stand_upright_on_each_other(comparing: Comparing) -> None:
    turned = images.quarters((400, 300)).transpose(Image.Transpose.ROTATE_90)
    photo = File("Urlaub.jpg", images.encoded(turned, "JPEG", exif=images.exif(6), quality=95))
    comparing.compare(photo, target_format="webp")
    picture = comparing.dialog.locator(".compare-picture")
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(4 / 3, abs=0.02)
    for share in ("0", "100"):
        comparing.slider.fill(share)
        corners = [color_at(picture, x, y) for x, y in ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))]
        wanted = (images.RED, images.GREEN, images.BLUE, images.YELLOW)
        assert [is_like(*pair) for pair in zip(corners, wanted, strict=True)] == [True] * 4, (share, corners)


def test_the_slider_divides_and_what_is_clear_shows_the_checkerboard(comparing: Comparing) -> None:
    comparing.compare(DISC, target_format="jpeg", background=GREEN_GROUND)
    picture = comparing.dialog.locator(".compare-picture")
    left, right = (0.03, 0.03), (0.97, 0.03)
    assert is_grey(color_at(picture, *left))
    assert is_like(color_at(picture, *right), (0, 255, 0))
    comparing.slider.fill("0")
    assert is_like(color_at(picture, *left), (0, 255, 0))
    comparing.slider.fill("100")
    assert is_grey(color_at(picture, *right))


def test_the_original_does_not_shine_through_where_the_result_is_not(comparing: Comparing) -> None:
    comparing.compare(BIG_QUARTERS, target_format="jpeg", width="300", height="100", fit="cover")
    picture = comparing.dialog.locator(".compare-picture")
    assert is_like(color_at(picture, 0.2, 0.05), images.RED)
    comparing.slider.fill("0")
    assert is_grey(color_at(picture, 0.2, 0.05))


def test_the_divider_follows_the_pointer_anywhere_on_the_picture(comparing: Comparing) -> None:
    comparing.compare(BIG_QUARTERS, target_format="webp")
    mouse, box = comparing.page.mouse, comparing.dialog.locator(".compare-picture").bounding_box()
    assert box is not None
    mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 20)
    mouse.down()
    assert float(comparing.slider.input_value()) == pytest.approx(10, abs=1)
    mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 90, steps=4)
    mouse.up()
    mouse.move(box["x"] + 5, box["y"] + 5)
    assert float(comparing.slider.input_value()) == pytest.approx(80, abs=1)
    assert comparing.slider.get_attribute("aria-valuetext") == "80 percent original"


def test_a_zoomed_picture_moves_under_the_pointer_and_its_pixels_are_squares(comparing: Comparing) -> None:
    comparing.compare(BIG_QUARTERS, target_format="webp")
    mouse, box = comparing.page.mouse, comparing.stage.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25
    image = comparing.dialog.locator(".compare-source")
    for percent, rendering in (("100", "auto"), ("200", "pixelated"), ("400", "pixelated")):
        comparing.dialog.get_by_role("button", name=f"{percent}%").click()
        expect(image).to_have_css("image-rendering", rendering)
        expect(image).to_have_css("width", f"{12 * int(percent)}px")
    before = comparing.scroll()
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 100, y + 50, steps=3)
    mouse.up()
    assert comparing.scroll() == pytest.approx((before[0] - 100, before[1] - 50), abs=1)
    assert comparing.slider.input_value() == "50"


def test_wheel_and_double_click_zoom_at_the_pointer(comparing: Comparing) -> None:
    comparing.compare(BIG_QUARTERS, target_format="webp")
    page, box = comparing.page, comparing.dialog.locator(".compare-picture").bounding_box()
    assert box is not None
    chosen = comparing.dialog.locator("button[aria-pressed=true]")
    # The upper left quarter is red; only its own corner is seen when it was zoomed into.
    x, y = box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1
    page.mouse.dblclick(x, y)
    expect(chosen).to_have_text("100%")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    expect(chosen).to_have_text("200%")
    page.mouse.wheel(0, -120)
    expect(chosen).to_have_text("400%")
    assert all(is_like(color_at(comparing.stage, *at), images.RED) for at in ((0.2, 0.3), (0.9, 0.9)))
    page.mouse.wheel(0, 120)
    expect(chosen).to_have_text("200%")
    page.keyboard.up("Control")
    page.mouse.dblclick(x, y)
    expect(chosen).to_have_text("Fit")


def test_the_keyboard_does_it_all_and_the_focus_goes_back(comparing: Comparing) -> None:
    page, keyboard = comparing.page, comparing.page.keyboard
    comparing.choose(BIG_QUARTERS, comparing.convert(BIG_QUARTERS, target_format="webp"))
    page.locator("#open").focus()
    keyboard.press("Enter")
    expect(comparing.slider).to_be_focused()
    keyboard.press("ArrowRight")
    assert float(comparing.slider.input_value()) > 50
    for key, chosen in (
        ("+", "100%"),
        ("+", "200%"),
        ("+", "400%"),
        ("-", "200%"),
        ("0", "Fit"),
        ("+", "100%"),
        ("+", "200%"),
    ):
        keyboard.press(key)
        expect(comparing.dialog.locator("button[aria-pressed=true]")).to_have_text(chosen)
    keyboard.press("Shift+Tab")
    expect(comparing.stage).to_be_focused()
    before = comparing.scroll()
    keyboard.press("ArrowRight")
    wait_for("the picture to move", lambda: comparing.scroll() != before)
    for _ in range(12):
        keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    keyboard.press("Escape")
    expect(comparing.dialog).to_have_count(0)
    expect(page.locator("#open")).to_be_focused()


@pytest.mark.parametrize("how", ["button", "backdrop"])
def test_it_closes_and_lets_go_of_its_pictures(comparing: Comparing, how: str) -> None:
    comparing.compare(DISC, target_format="webp")
    assert comparing.page.evaluate("addresses.size") == 2
    if how == "button":
        comparing.dialog.get_by_role("button", name="Close").click()
    else:
        comparing.page.mouse.click(4, 4)
    expect(comparing.dialog).to_have_count(0)
    assert comparing.page.evaluate("addresses.size") == 0


def test_a_drag_out_of_the_dialog_does_not_close_it(comparing: Comparing) -> None:
    comparing.compare(DISC, target_format="webp")
    comparing.dialog.locator("h2").hover()
    comparing.page.mouse.down()
    comparing.page.mouse.move(2, 2)
    comparing.page.mouse.up()
    expect(comparing.dialog).to_be_visible()


def test_what_no_browser_shows_is_previewed_once_and_the_service_forgets_it(comparing: Comparing) -> None:
    preview_jobs: list[str] = []

    def note(answer: Response) -> None:
        if "/v1/convert" in answer.url:
            preview_jobs.append(answer.headers["location"])

    comparing.page.on("response", note)
    source = File("large.tiff", images.encoded(images.quarters((2400, 1200)), "TIFF"))
    comparing.compare(source, target_format="jp2", width="600")
    facts = comparing.facts()
    assert facts["Format"] == ["TIFF", "JP2"]
    assert facts["Dimensions"] == ["2400 x 1200", "600 x 300"]
    assert facts["Shown"] == ["as a preview, 1600 px", "as a lossless preview"]
    expect(comparing.dialog.get_by_text("The result has other dimensions")).to_be_visible()
    picture = comparing.dialog.locator(".compare-picture")
    for share in ("0", "100"):
        comparing.slider.fill(share)
        assert is_like(color_at(picture, 0.2, 0.2), images.RED)
        assert is_like(color_at(picture, 0.8, 0.8), images.BLUE)
    assert len(preview_jobs) == 2
    for job in preview_jobs:
        url = comparing.url + job
        wait_for("the preview to be forgotten", lambda url=url: httpx.get(url).json()["status"] == "expired")  # type: ignore[misc]
    sent = len(comparing.asked)
    comparing.page.keyboard.press("Escape")
    comparing.open()
    assert len(comparing.asked) - sent == 1, "the source is the same file, so only the result is sent again"


def test_a_heic_photo_is_shown(comparing: Comparing) -> None:
    made = comparing.convert(BIG_QUARTERS, target_format="heic")
    photo = File("IMG_1.HEIC", httpx.get(comparing.url + made["result"]["url"]).content)
    comparing.compare(photo, target_format="jpeg")
    assert comparing.facts()["Format"] == ["HEIC", "JPG"]
    assert comparing.facts()["Shown"] == ["as a lossless preview", "as it is"]


def test_animations_play_and_their_frames_are_counted(comparing: Comparing) -> None:
    comparing.compare(File("dance.gif", images.animated_gif(loop=0)), target_format="webp")
    assert comparing.facts()["Frames or pages"] == ["4", "4"]
    picture = comparing.dialog.locator(".compare-picture")
    for share in ("0", "100"):
        comparing.slider.fill(share)
        first = picture.screenshot()
        wait_for("another frame", lambda first=first: picture.screenshot() != first)  # type: ignore[misc]


def test_the_facts_tell_the_saving_and_the_warnings(comparing: Comparing) -> None:
    job = comparing.compare(DISC, target_format="jpeg", width="200", height="100", fit="cover", quality="40")
    facts = comparing.facts()
    assert facts["Dimensions"] == ["300 x 300", "200 x 100"]
    percent = change_percent(job["source"]["bytes"], job["result"]["bytes"])
    assert facts["Change"] == ["", f"{percent}% smaller"]
    assert facts["Shown"] == ["as it is", "as it is"]
    expect(comparing.dialog.get_by_text("The result has other proportions")).to_be_visible()
    assert len(comparing.dialog.locator(".compare-warnings li").all()) == len(job["warnings"]) == 1
    expect(comparing.dialog.locator(".compare-result")).to_have_css("object-fit", "contain")


def test_the_result_can_be_downloaded(comparing: Comparing) -> None:
    job = comparing.compare(DISC, target_format="webp")
    with comparing.page.expect_download() as downloading:
        comparing.dialog.get_by_role("link", name="Download the result").click()
    assert downloading.value.suggested_filename == job["result"]["filename"] == "disc.webp"


def test_fifty_megapixels_are_shown_by_image_elements_alone(comparing: Comparing) -> None:
    large = File("large.jpg", images.encoded(Image.new("RGB", (8000, 6000), images.RED), "JPEG"))
    facts = {"width": 8000, "height": 6000, "frames": 1, "bytes": len(large.data)}
    result = {**facts, "url": "/large.jpg", "filename": "large.jpg", "media_type": "image/jpeg"}
    comparing.page.route("**/large.jpg", lambda route: route.fulfill(body=large.data, content_type="image/jpeg"))
    comparing.choose(large, {"result": result, "source": {"format": "jpeg", **facts}, "warnings": []})
    comparing.open()
    comparing.dialog.get_by_role("button", name="100%").click()
    expect(comparing.dialog.locator(".compare-source")).to_have_css("width", "8000px")
    assert is_like(color_at(comparing.stage, 0.2, 0.5), images.RED)
    expect(comparing.page.locator("canvas")).to_have_count(0)


def test_a_row_of_the_list_opens_it(page: Page) -> None:
    page.goto("/")
    page.locator("#files[multiple]").wait_for()
    page.set_input_files("#files", files=[DISC.payload])
    page.select_option("#target_format", "jpeg")
    page.locator("#convert").click()
    button = page.locator("li.row button.preview")
    button.click()
    dialog = page.locator("dialog.compare")
    expect(dialog.locator(".compare-source")).to_be_visible()
    expect(dialog.locator(".compare-result")).to_be_visible()
    expect(dialog.locator(".compare-warnings li")).to_have_count(1)
    expect(dialog.locator("tbody tr").first).to_have_text("FormatPNGJPEG")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.locator("li.row .thumb img")).to_have_count(1)
