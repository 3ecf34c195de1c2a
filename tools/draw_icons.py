"""Draw the icons in PNG from the one in SVG, for systems that take no SVG. Run as `python -m tools.draw_icons`."""

import re
from pathlib import Path
from shutil import which

from playwright.sync_api import Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
STATIC = Path(__file__).parents[1] / "api" / "static"
SIDES = {"icon-180.png": 180, "icon-192.png": 192, "icon-512.png": 512}
MASKABLE, MASKABLE_SIDE = "icon-maskable-512.png", 512
"""A system cuts its own shape out of it: the ground has no corners, and the picture stays within the middle."""


def draw_icons() -> None:
    """Draw all icons with Chromium."""
    drawing = (STATIC / "icon.svg").read_text(encoding="utf-8")
    program = next(filter(None, map(which, PROGRAMS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        for name, side in SIDES.items():
            _draw(page, drawing, side, STATIC / name)
        _draw(page, make_maskable(drawing), MASKABLE_SIDE, STATIC / MASKABLE)
        browser.close()


def make_maskable(drawing: str) -> str:
    """Return the drawing with more ground around it."""
    return re.sub(r' rx="\d+"', "", drawing.replace('viewBox="0 0 16 16"', 'viewBox="-2 -2 20 20"')).replace(
        '<rect width="16" height="16"', '<rect x="-2" y="-2" width="20" height="20"'
    )


def _draw(page: Page, drawing: str, side: int, target: Path) -> None:
    page.set_viewport_size({"width": side, "height": side})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{side}px}}</style>{drawing}")
    page.screenshot(path=target, omit_background=True)


if __name__ == "__main__":
    draw_icons()
