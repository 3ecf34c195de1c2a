"""Pages in the person's language, chosen by the browser or by hand; the API stays English."""

import re
from html import unescape
from pathlib import Path

import pytest

import api
from api.errors import ImagemillError
from api.examples import REFUSALS
from api.figures import count_text
from api.wording import LANGUAGES, words_for
from core.formats import find_target
from core.options import WrongOptions, parse_options
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, Live
from tests.api.test_pages import Page

RUSSIAN = {"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}
SAID = re.compile(r"""\bsay\(\s*["']([\w.]+)["']\s*[,)]""")


def visible(html: str) -> str:
    """The text of a page, without its scripts and without what is marked as another language."""
    html = re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL)
    html = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', "", html[html.index("<body") :], flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_every_sentence_that_is_said_has_words() -> None:
    sources = [*Path(api.__file__).parent.glob("*.py"), *Path(api.__file__).parent.glob("templates/*.html")]
    keys = {key for source in sources for key in SAID.findall(source.read_text(encoding="utf-8"))}
    assert len(keys) > 80
    for language in LANGUAGES:
        assert [key for key in sorted(keys) if not words_for(language).has(key)] == []


def test_no_words_of_pages_are_left_over() -> None:
    sources = [*Path(api.__file__).parent.glob("*.py"), *Path(api.__file__).parent.glob("templates/*.html")]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    pages = (Path(api.__file__).parent / "words" / "en" / "pages.json").read_text(encoding="utf-8")
    made = ("job.", "formats.alpha.", "formats.frames.", "batch.count.")
    keys = re.findall(r'^  "([\w.]+)":', pages, re.MULTILINE)
    assert [key for key in keys if key not in text and not key.startswith(made)] == []


@pytest.mark.parametrize("path", ["/", "/jobs", "/formats", "/jobs/nonsense", "/batches/nonsense", "/problems/expired"])
def test_a_page_is_russian_for_who_asks_for_it(shared: Live, path: str) -> None:
    answer = shared.http.get(path, headers=RUSSIAN)
    assert '<html lang="ru">' in answer.text
    assert answer.headers["content-language"] == "ru"
    assert {"Accept-Language", "Cookie"} <= set(re.split(r",\s*", answer.headers["vary"]))
    english = re.findall(r"\b(?:the|is|are|your|and|of|with|this)\b", visible(answer.text), re.IGNORECASE)
    assert english == []


@pytest.mark.parametrize("status", list(Status))
def test_a_job_is_told_in_russian(shared: Live, status: Status) -> None:
    job_id = shared.in_status(status)
    text = visible(shared.http.get(f"/jobs/{job_id}", headers=RUSSIAN).text)
    assert words_for("ru").say(f"status.{status}") in text
    assert re.findall(r"\b(?:the|is|are|your|and|with|this)\b", text, re.IGNORECASE) == []


def test_the_api_stays_english(shared: Live) -> None:
    answer = shared.http.get("/v1/jobs/nonsense", headers=RUSSIAN)
    assert answer.json()["detail"].startswith("There is no job")


def test_a_person_chooses_the_language_and_stays_on_the_page(shared: Live) -> None:
    shown = Page(shared.http.get("/formats").text)
    assert "/language/ru?next=/formats" in shown.addresses
    chosen = shared.http.get("/language/ru?next=/formats")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/formats")
    cookie = chosen.headers["set-cookie"]
    assert "language=ru" in cookie
    headers = {"Cookie": "language=ru", "Accept-Language": "en"}
    assert '<html lang="ru">' in shared.http.get("/formats", headers=headers).text
    assert '<html lang="en">' in shared.http.get("/formats", headers={"Cookie": "language=xx"}).text
    shared.http.cookies.delete("language")


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", "/\\evil.example", "/v1/jobs", "jobs", ""]
)
def test_no_link_leads_from_the_choice_to_another_site(shared: Live, where: str) -> None:
    answer = shared.http.get("/language/en", params={"next": where})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    shared.http.cookies.delete("language")


def test_an_unknown_language_is_no_page(shared: Live) -> None:
    assert shared.http.get("/language/xx").status_code == 404
    assert shared.http.get("/words/xx.json").status_code == 404


def test_the_choice_stays_below_the_prefix(serve: Serve) -> None:
    live = serve(root_path="/imagemill")
    answer = live.http.get("/language/ru?next=/jobs")
    assert answer.headers["location"] == "/imagemill/jobs"
    assert "Path=/imagemill" in answer.headers["set-cookie"]


def test_scripts_get_their_words(shared: Live) -> None:
    for language in LANGUAGES:
        answer = shared.http.get(f"/words/{language}.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["status.queued"] == words_for(language).say("status.queued")
        assert "page.skip" not in answer.json()
        again = shared.http.get(f"/words/{language}.json", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("example", REFUSALS, ids=lambda example: example.code)
def test_every_refusal_is_told_in_russian(shared: Live, example: ImagemillError) -> None:
    text = visible(shared.http.get(f"/problems/{example.code}", headers=RUSSIAN).text)
    assert words_for("ru").say(f"problem.{example.code}.title") in text


def test_a_wrong_field_is_told_in_russian(shared: Live) -> None:
    files = {"file": ("a.png", PNG)}
    fields = {"target_format": "png", "quality": "80", "colors": "999"}
    text = shared.http.post("/jobs", files=files, data=fields, headers=RUSSIAN).text
    shown = visible(text)
    assert words_for("ru").say("page.option_not_taken", target="PNG") in shown
    assert words_for("ru").say("wrong.number", lowest=2, highest=256) in shown
    assert re.findall(r"\b(?:must|takes|leave)\b", shown) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("fields", "key", "values"),
    [
        ({"target_format": "png", "background": "red"}, "rule.background", {"target": "PNG"}),
        ({"target_format": "jpeg", "fit": "cover"}, "rule.fit", {}),
        ({"target_format": "jpeg", "enlarge": "true"}, "rule.enlarge", {}),
        ({"target_format": "png", "dither": "false"}, "rule.dither", {}),
        ({"target_format": "gif", "loop": "3", "page": "2"}, "rule.loop_page", {}),
        ({"target_format": "gif", "loop": "3", "animation": "first"}, "rule.loop_animation", {}),
        ({"target_format": "webp", "lossless": "true", "max_bytes": "9"}, "rule.max_bytes", {}),
        ({"target_format": "icns", "sizes": "48,16"}, "rule.sizes_listed", {"side": 48}),
        ({"target_format": "ico", "sizes": "16, 257"}, "rule.sizes_up_to", {"side": 257, "most": 256}),
        ({"target_format": "jpeg", "background": "transparent"}, "wrong.background", {}),
        ({"target_format": "jpeg", "width": "70000"}, "wrong.number", {"lowest": "1"}),
        ({"target_format": "jpeg", "metadata": "some"}, "wrong.choice", {}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_options_are_told_by_their_labels(
    shared: Live, language: str, fields: dict[str, str], key: str, values: dict[str, object]
) -> None:
    found = find_target(fields["target_format"])
    assert found is not None
    words = words_for(language)
    highest = count_text(65_535, language)
    known = {"target": found.title, "sides": found.shown_sides, "highest": highest, **values}
    sentence = words.say(key, **known)
    files = {"file": ("a.png", PNG)}
    answer = shared.http.post("/jobs", files=files, data=fields, headers={"Accept-Language": language})
    assert answer.status_code == 422
    text = visible(answer.text)
    assert text.count(sentence) == 1
    with pytest.raises(WrongOptions) as wrong:
        parse_options(found, {name: value for name, value in fields.items() if name != "target_format"})
    # The API's sentence has the name that programs send.
    assert [error.detail for error in wrong.value.errors if error.detail in text] == []
