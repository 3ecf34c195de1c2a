"""The panel of options on the page, without the list of files, and what a person does in it."""

from playwright.sync_api import Locator, Page, Route

START = """async () => {
  const app = "/static/app/";
  const [{ OptionsPanel }, { loadWords }] = await Promise.all([import(`${app}options.js`), import(`${app}words.js`)]);
  const data = JSON.parse(document.querySelector("#page-data").textContent);
  await loadWords(data.root, data.language);
  window.panel = new OptionsPanel(document.querySelector("#form"), data);
}"""
SENT = """() => Object.fromEntries(
  [...new FormData(document.querySelector("#form"))].filter(([name, value]) => name !== "file" && value !== ""))"""


def open_panel(page: Page, address: str = "/") -> Page:
    page.route("**/static/*/app/main.js", _hold_the_list)
    page.goto(address)
    page.evaluate(START)
    return page


def _hold_the_list(route: Route) -> None:
    route.fulfill(content_type="text/javascript", body="")


def unfold(page: Page) -> None:
    """Open the options."""
    page.locator("#options > summary").click()


def message_of(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}-wrong")


def is_valid(page: Page) -> bool:
    return bool(page.evaluate("() => window.panel.isValid"))


def fields_of(page: Page) -> dict[str, str]:
    """What the panel gives to the list of files. The form itself would send the same."""
    fields: dict[str, str] = page.evaluate("() => window.panel.fields")
    assert page.evaluate(SENT) == {"target_format": page.locator("#target_format").input_value(), **fields}
    return fields


def give(page: Page, /, **texts: str) -> None:
    """Fill in the options as a person does, and leave each field."""
    for name, text in texts.items():
        control = page.locator(f"#{name}")
        if control.evaluate("(it) => it.tagName") == "SELECT":
            control.select_option(text)
        elif control.get_attribute("type") == "checkbox":
            control.set_checked(text == "true")
        else:
            control.fill(text)
            control.blur()


def give_by_script(page: Page, target: str, fields: dict[str, str]) -> None:
    page.evaluate("([target, fields]) => window.panel.load(target, fields)", [target, fields])
