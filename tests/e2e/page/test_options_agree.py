"""The rules of the page are those of the service: values by themselves, and options beside each other."""

import random

import pytest
from playwright.sync_api import Page, expect

from core.costs import find_fitting_area
from core.css_colors import CSS_COLORS
from core.formats import TARGETS, find
from core.options import BY_NAME, OPTIONS, Options, WrongOptions, parse_options
from tests.e2e.page.panel import give, open_panel, unfold
from tests.unit.test_options import BAD, GOOD

CHECK_VALUES = """async (cases) => {
  const { checkValue } = await import("/static/app/option_checks.js");
  const { options } = JSON.parse(document.querySelector("#page-data").textContent);
  return cases.map(([name, text]) => checkValue(name, options[name], text.trim()) === null);
}"""
CHECK_RULES = """async (cases) => {
  const { checkTogether } = await import("/static/app/option_rules.js");
  const { targets } = JSON.parse(document.querySelector("#page-data").textContent);
  return cases.map(([target, fields]) => [...checkTogether(
    targets.find(({ name }) => name === target), new Map(Object.entries(fields))).keys()].sort());
}"""


@pytest.fixture
def panel(page: Page) -> Page:
    return open_panel(page)


VALUES = [
    *((name, text) for name, (text, _) in GOOD.items()),
    *((name, text) for name, texts in BAD.items() for text in texts),
    *(("background", name) for name in CSS_COLORS),
    *(("background", text) for text in ("Orange", "#FFF", "currentcolor", "inherit", "rgb(1,2,3)", "#12345678", "#fff0")),
    *(("crop", text) for text in ("16:9", "0:9", "1,1,1,1", "00,0,01,1", "1 6 : 9", "1,,1,1", "99999:1", "1,2,3,4,5")),
    *(("sizes", text) for text in ("16", "16, 32", "9999", "10000", "16,", "0016,16", ",".join(map(str, range(1, 21))))),
    *((o.name, str(edge)) for o in OPTIONS if o.highest for edge in (o.lowest, o.highest, o.highest + 1, -1, "1e2", "7.0")),
]  # fmt: skip


def test_a_value_is_right_for_the_page_when_it_is_for_the_service(panel: Page) -> None:
    told: list[bool] = panel.evaluate(CHECK_VALUES, VALUES)
    # A list offers nothing else, in the letters that it has.
    typed = {(name, text) for name, text in VALUES if not BY_NAME[name].choices and BY_NAME[name].type != "boolean"}
    differing = [
        case
        for case, is_right in zip(VALUES, told, strict=True)
        if case in typed and is_right != (BY_NAME[case[0]].read(case[1].strip()) is not None)
    ]
    assert differing == []
    assert {True, False} == set(told)


OFFERED = {
    "quality": ("80",), "lossless": ("true",), "max_bytes": ("9000",), "subsampling": ("422",), "rotate": ("90",),
    "crop": ("16:9",), "width": ("40",), "height": ("30",), "fit": ("cover", "fill", "pad"), "enlarge": ("true",),
    "background": ("red",), "metadata": ("keep",), "color": ("keep",), "colors": ("16",), "dither": ("false",),
    "animation": ("first",), "loop": ("3",), "page": ("2",), "effort": ("4",), "progressive": ("true",),
    "dpi": ("300",), "paper": ("a4",), "sizes": ("256,16", "48", "16, 257", "1024,512"),
}  # fmt: skip


def make_choices(count: int) -> list[tuple[str, dict[str, str]]]:
    """Return targets with options that each takes; always the same."""
    chance = random.Random(15)  # noqa: S311 - the same cases every time
    cases = []
    for _ in range(count):
        target = chance.choice(TARGETS)
        names = [name for name in OFFERED if name in target.options and chance.random() < 0.3]
        cases.append((target.name, {name: chance.choice(OFFERED[name]) for name in names}))
    return cases


def refused_fields(name: str, fields: dict[str, str]) -> list[str]:
    target = find(name)
    assert target is not None
    try:
        parse_options(target, fields)
    except WrongOptions as wrong:
        return sorted(error.field for error in wrong.errors)
    return []


def test_the_page_refuses_together_what_the_service_does(panel: Page) -> None:
    cases = make_choices(4000)
    expected = [refused_fields(*case) for case in cases]
    told: list[list[str]] = panel.evaluate(CHECK_RULES, cases)
    assert [case for case, one, other in zip(cases, told, expected, strict=True) if one != other] == []
    ruled = {"background", "fit", "enlarge", "dither", "loop", "max_bytes", "sizes"}
    assert {field for fields in expected for field in fields} == ruled
    assert [] in expected


def test_a_slow_effort_tells_how_large_a_picture_may_be(panel: Page) -> None:
    """By the figures of the service, and only where that is less than any picture may be."""
    unfold(panel)
    panel.select_option("#target_format", "avif")
    hint = panel.locator("#effort-hint")
    for effort, lossless, target in ((9, False, "avif"), (5, False, "avif"), (9, True, "jxl")):
        panel.select_option("#target_format", target)
        give(panel, effort=str(effort), **({"lossless": "true"} if lossless else {}))
        area = find_fitting_area(target, Options(effort=effort, lossless=lossless), limit=60) / 1e6
        expect(hint).to_contain_text(f"up to {float(f'{area:.2g}'):g} megapixels fit")
    panel.select_option("#target_format", "avif")
    give(panel, effort="4")
    expect(hint).not_to_contain_text("megapixels")
