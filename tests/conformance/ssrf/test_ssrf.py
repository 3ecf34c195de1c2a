"""No URL leads a webhook to an inner address, whoever checks it; `make ssrf` writes the page."""

from pathlib import Path

import pytest

from conformance.ssrf.cases import CASES, Case, Owed
from conformance.ssrf.judging import try_case
from core.webhook_urls import find_host

PAGE = Path(__file__).parents[3] / "docs" / "results" / "ssrf.md"


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.url))
def test_a_url_ends_where_it_may(case: Case) -> None:
    trial = try_case(case)
    assert trial.became is case.owed, trial
    if case.owed is Owed.GIVEN:
        assert (trial.looked_up, trial.connected) == ([], []), "the sender does not rely on the API"
        assert trial.refusal.endswith("."), "a sentence"
    if case.owed is Owed.SENT:
        assert trial.attempt is not None
        assert trial.attempt.error == "The host has no address that webhooks may go to.", "it does not tell which"


def test_the_page_lists_them_all() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"{len(CASES)} addresses and names, 0 other than owed" in page, "run `make ssrf`"
    assert all(case.url.encode("unicode_escape").decode() in page for case in CASES)


def test_a_receiver_is_known_by_host_and_port() -> None:
    assert find_host("https://Example.com./a?b") == find_host("https://example.com:443/") == "example.com"
    assert find_host("https://[::1]:8443/") == "[::1]:8443"
