import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from html.parser import HTMLParser
from uuid import UUID, uuid4

import pytest

from api import pages
from api.controls import CHOICES, CONTROLS, GROUPS, Control, group_title
from api.errors import ImagemillError
from api.examples import REFUSALS
from api.figures import change_percent, size_text
from api.presets import PRESETS, Preset, list_presets
from api.static_version import FOREVER
from api.wording import words_for
from conformance.service import PATIENCE
from core.formats import READABLE, TARGETS
from core.options import OPTIONS
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, RESULT, Live


class Page(HTMLParser):
    """What a browser would make of it: controls with their values, and the addresses that are loaded or led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.accepted: list[str] = []
        self.refresh: str | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert not [name for name in given if name.startswith("on")]
        assert tag not in {"iframe", "object"}
        assert tag != "script" or given.get("src") or given.get("type") == "application/json"
        if (name := given.get("name")) and tag in {"input", "select"}:
            chosen = tag == "input" and (given.get("type") != "checkbox" or "checked" in given)
            self.values[name] = (given.get("value") or "") if chosen else ""
            self._select = name
        if tag == "option" and "selected" in given:
            self.values[self._select] = given.get("value") or "selected"
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("accept"):
            self.accepted = str(given["accept"]).split(",")
        if given.get("http-equiv") == "refresh":
            self.refresh = given.get("content")
        self.addresses += [str(given[name]) for name in ("href", "src", "action") if name in given]


def page(live: Live, path: str, status: int = 200) -> tuple[Page, str]:
    answer = live.http.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'; style-src 'self'; " in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    return Page(answer.text), answer.text


def test_the_form_asks_for_all_that_can_be_asked(shared: Live) -> None:
    form, text = page(shared, "/")
    assert set(form.values) == {"file", "target_format", *(option.name for option in OPTIONS)}
    assert set(form.values) - {"file"} | {"files"} <= form.labels
    assert len(form.ids) == len(set(form.ids))
    assert all(f'value="{fmt.name}"' in text for fmt in TARGETS)
    assert 'enctype="multipart/form-data"' in text
    assert not any(form.values.values())
    assert all(unescape(option.sentence) in unescape(text) for option in OPTIONS)


def test_the_form_shows_defaults_and_how_texts_are_written(shared: Live) -> None:
    text = unescape(page(shared, "/")[1])
    assert '<option value=""></option>' not in text
    for control in CONTROLS:
        if control.choices and control.option.default is not None:
            default = re.escape(CHOICES[control.name][str(control.option.default).lower()])
            found = re.search(rf'<select[^>]* name="{control.name}".*?</select>', text, re.DOTALL)
            assert found
            assert re.search(rf'>\s*<option value="">{default} \(default\)</option>', found[0])
            assert len(re.findall(f">{default}", found[0])) == 1
        if control.option.example:
            assert f"It must be {control.option.allowed}." in text
    assert 'placeholder="10,20,300,200"' in text


def test_a_browser_offers_every_file_that_is_read(shared: Live) -> None:
    first, *endings = page(shared, "/")[0].accepted
    assert first == "image/*"
    assert {f".{fmt.extension}" for fmt in READABLE} <= set(endings)
    assert {".heif", ".tif", ".j2k", ".jpeg"} <= set(endings)


def test_a_stray_option_is_told_once_and_the_list_above_is_short(shared: Live) -> None:
    answer = shared.post(path="/jobs", target_format="png", quality="80", lossless="true", nonsense="1")
    text = unescape(answer.text)
    assert answer.status_code == 422
    assert text.count("PNG has no such option. Leave it empty.") == 2
    assert "PNG takes" not in text, "each option says in the form who takes it"
    assert text.count("'nonsense' is not an option.") == 1
    assert '<a href="#quality">Quality</a>' in text
    assert set(Page(answer.text).addresses) >= {"#quality", "#lossless"}


def test_pages_load_nothing_from_elsewhere_and_all_that_they_load_is_there(shared: Live) -> None:
    job = shared.in_status(Status.SUCCEEDED)
    for path in (
        "/",
        f"/jobs/{job}",
        f"/jobs/{shared.in_status(Status.QUEUED)}",
        "/jobs",
        "/formats",
        "/problems/expired",
    ):
        for address in page(shared, path)[0].addresses:
            assert re.match("/[^/]|[/#]", address), address
            if address.startswith("/static/"):
                loaded = shared.http.get(address)
                assert loaded.status_code == 200
                assert loaded.headers["cache-control"] == FOREVER
                assert "url(" not in loaded.text
                again = shared.http.get(address, headers={"If-None-Match": loaded.headers["etag"]})
                assert again.status_code == 304


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_whatever_a_control_offers_is_taken(control: Control) -> None:
    option = control.option
    offered = [*control.choices, *(str(end) for end in (option.lowest, option.highest) if end is not None)]
    offered += ["true"] if control.is_switch else []
    offered += [option.example] if option.example else []
    assert offered
    assert all(option.read(value) is not None for value in offered)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_is_a_link_that_fills_in_the_form(shared: Live, preset: Preset) -> None:
    assert f"/?preset={preset.name}" in page(shared, "/")[0].addresses
    form, text = page(shared, f"/?preset={preset.name}")
    assert {name: value for name, value in form.values.items() if value} == preset.chosen
    assert '<details id="options" open>' in text


def test_an_unknown_preset_is_the_form_as_it_is(shared: Live) -> None:
    assert not any(page(shared, "/?preset=toast")[0].values.values())


def test_a_preset_for_a_target_that_is_not_written_is_not_offered() -> None:
    assert "email" not in {preset.name for preset in list_presets([fmt for fmt in TARGETS if fmt.name != "jpeg"])}


def test_the_form_and_its_presets_speak_russian(shared: Live) -> None:
    answer = shared.http.get("/", headers={"Accept-Language": "ru"})
    text, words = unescape(answer.text), words_for("ru")
    for control in CONTROLS:
        assert f">{control.label_in(words)}</label>" in text
        assert control.sentence_in(words) in text
        for choice, name in control.list_choices(words) if control.choices else ():
            assert f'<option value="{choice}">{name}</option>' in text
    for group in GROUPS:
        assert re.search(rf'<summary id="group-\d">{group_title(group, words)}</summary>', text)
    for preset in PRESETS:
        assert f"<strong>{preset.label_in(words)}</strong>" in text
        assert preset.sentence_in(words) in text


def post(live: Live, data: bytes | None = PNG, name: str = "photo.png", **fields: str) -> UUID:
    answer = live.post(data, name, "/jobs", **fields)
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/jobs/[0-9a-f-]{36}", answer.headers["location"])
    return UUID(answer.headers["location"].rpartition("/")[2])


def test_the_form_leads_to_a_page_that_refreshes_itself_until_the_download(shared: Live) -> None:
    blank = {option.name: "" for option in OPTIONS}
    job_id = post(shared, PNG, "photo.png", **{**blank, "quality": "70"})
    shown, text = page(shared, f"/jobs/{job_id}")
    assert shown.refresh == f"1; url=/jobs/{job_id}?seen=1"
    assert "Quality: 70" in text
    assert "Waiting" in text
    assert "Cancel" in text
    shared.claim(job_id)
    assert "Converting" in page(shared, f"/jobs/{job_id}")[1]
    shared.succeed(job_id)
    shown, text = page(shared, f"/jobs/{job_id}")
    assert shown.refresh is None
    assert f"/v1/jobs/{job_id}/result" in shown.addresses
    assert "2.56 MB" in text
    assert "JPEG has no transparency" in text


def test_a_page_without_scripts_is_held_until_something_changes(shared: Live) -> None:
    """So the browser keeps the old page meanwhile, with the focus where it is."""
    job_id = post(shared)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(shared.http.get, f"/jobs/{job_id}", params={"seen": 1})
        shared.claim(job_id)
        answer = held.result(PATIENCE)
    assert "Converting" in answer.text
    assert Page(answer.text).refresh == f"1; url=/jobs/{job_id}?seen=2"
    assert Page(shared.http.get(f"/jobs/{job_id}", params={"seen": 1}).text).refresh


def test_a_held_page_comes_back_when_nothing_changes(shared: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "HELD_SECONDS", 0.0)
    job_id = post(shared)
    assert "Waiting" in page(shared, f"/jobs/{job_id}?seen=1")[1]
    assert shared.http.get(f"/jobs/{job_id}", params={"seen": "x"}).status_code == 400


def test_only_a_page_without_scripts_refreshes_itself(shared: Live) -> None:
    text = page(shared, f"/jobs/{post(shared)}")[1]
    assert re.search(r"<noscript><meta http-equiv=.refresh[^>]*></noscript>", text)
    assert text.count("http-equiv") == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [(Status.FAILED, "ends before the image does"), (Status.CANCELED, "Canceled"), (Status.EXPIRED, "Deleted")],
)
def test_other_ends_are_said_and_offer_no_download(shared: Live, status: Status, said: str) -> None:
    job_id = shared.in_status(status)
    shown, text = page(shared, f"/jobs/{job_id}")
    assert said in text
    assert shown.refresh is None
    assert not [address for address in shown.addresses if address.endswith(("/result", "/delete"))]


def test_a_refused_form_comes_back_with_what_was_chosen(shared: Live) -> None:
    answer = shared.post(path="/jobs", target_format="webp", quality="101", lossless="true", fit="cover", width="40")
    assert answer.status_code == 422
    form = Page(answer.text)
    chosen = {name: value for name, value in form.values.items() if value}
    assert chosen == {
        "target_format": "webp", "quality": "101", "lossless": "true", "fit": "cover", "width": "40",
    }  # fmt: skip
    assert "This must be a whole number from 1 to 100." in answer.text
    assert 'id="quality-wrong"' in answer.text
    assert '<details id="options" open>' in answer.text


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (None, 400, "could not be read"),
        (b"", 400, "0 bytes"),
        (b"a text", 415, "This is not an image of a format that is read here."),
        (PNG + bytes(2_000_000), 413, "more than 1 MB"),
        (PNG + bytes(9_000_000), 413, "more than 1 MB"),
    ],
    ids=["no file", "empty", "text", "too large", "much too large"],
)
def test_every_refusal_is_the_form_with_its_sentence_and_status(
    serve: Serve, data: bytes | None, status: int, said: str
) -> None:
    live = serve(max_upload_bytes=1_000_000)
    answer = live.post(data, path="/jobs", target_format="gif")
    assert answer.status_code == status
    assert said in answer.text
    assert 'action="/jobs"' in answer.text
    if status in {413, 415} and data and len(data) < 5_000_000:
        assert Page(answer.text).values["target_format"] == "gif"


def test_what_was_chosen_after_the_file_is_kept_too(serve: Serve) -> None:
    """Browsers send fields in the order of the page, where the file comes first."""
    live = serve(max_upload_bytes=1_000_000)
    big = PNG + bytes(1_800_000)
    files = [("file", ("a.png", big)), ("target_format", (None, b"gif")), ("width", (None, b"77"))]
    answer = live.http.post("/jobs", files=files)
    assert answer.status_code == 413
    assert Page(answer.text).values["target_format"] == "gif"
    assert Page(answer.text).values["width"] == "77"


def test_a_full_queue_shows_the_form_and_when_to_come_back(serve: Serve) -> None:
    live = serve(max_queued=1)
    live.submit()
    files = [("file", ("a.png", PNG)), ("target_format", (None, b"gif"))]
    answer = live.http.post("/jobs", files=files)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert Page(answer.text).values["target_format"] == "gif"
    assert "The queue is full (1 jobs). Try again in 5 s." in answer.text


def test_the_delete_button(shared: Live) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    answer = shared.http.post(f"/jobs/{job_id}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job_id}")
    assert shared.record(job_id).status is Status.EXPIRED
    assert shared.http.post(f"/jobs/{uuid4()}/delete").status_code == 404


def test_a_hostile_name_is_only_text(shared: Live) -> None:
    name = "<script>alert('x')<&\".png"
    job_id = post(shared, name=name)
    assert shared.record(job_id).filename == name
    shared.claim(job_id)
    shared.succeed(job_id, filename=shared.record(job_id).filename)
    text = page(shared, f"/jobs/{job_id}")[1]
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    refused = shared.post(path="/jobs", background='"><script>alert(1)</script>')
    assert refused.status_code == 422
    assert "<script>" not in refused.text


@pytest.mark.parametrize("path", [f"/jobs/{UUID(int=4)}", "/jobs/nonsense", "/jobs/a/b/c", "/problems/nothing"])
def test_an_unknown_page_is_404(shared: Live, path: str) -> None:
    answer = shared.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html" if path.startswith("/jobs") else "application/problem")


def test_a_wrong_method_on_a_page(shared: Live) -> None:
    answer = shared.http.put("/jobs", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert "PUT is not possible here" in answer.text


@pytest.mark.parametrize("example", REFUSALS, ids=lambda example: example.code)
def test_the_type_of_every_problem_leads_to_a_page(shared: Live, example: ImagemillError) -> None:
    shown = page(shared, f"/problems/{example.code}")[1]
    assert example.title in shown
    assert example.detail in unescape(shown)


@pytest.mark.parametrize(
    ("count", "text"),
    [(77, "77 bytes"), (1500, "1.5 kB"), (999_400, "999 kB"), (50_000_000, "50 MB"), (2_000_000_000, "2 GB")],
)
def test_sizes_for_people(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [(1000, 304, 70), (1000, 306, 69), (1000, 1005, -1), (1000, 1004, 0), (1000, 1, 99), (100, 325, -225), (0, 9, 0)],
)
def test_a_change_is_rounded_and_nothing_is_all_of_it_smaller(before: int, after: int, percent: int) -> None:
    assert change_percent(before, after) == percent


def test_a_job_page_says_the_change_as_the_list_does(shared: Live) -> None:
    job_id = shared.submit()
    shared.claim(job_id)
    shared.succeed(job_id)
    percent = round(100 * (len(RESULT) - len(PNG)) / len(PNG))
    assert f"{percent}% larger" in page(shared, f"/jobs/{job_id}")[1]
