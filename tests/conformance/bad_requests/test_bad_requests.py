"""Every bad request gets the answer of the table and leaves nothing, and damaged bytes break nothing."""

from pathlib import Path

from conformance.bad_requests.report import describe_faults, make_page
from conformance.bad_requests.running import ROWS, find_leftovers
from conformance.bad_requests.stand import Stand
from conformance.raw_fuzz.running import fuzz_service

PAGE = Path(__file__).parents[3] / "docs" / "results" / "bad-requests.md"
COUNT = 600


def test_every_bad_request_gets_its_answer_and_leaves_nothing(stand: Stand) -> None:
    trials, left = find_leftovers(stand)
    assert describe_faults(trials, left) == []
    for api in (stand.open_api, stand.keyed_api):
        log = api.log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        assert api.popen.poll() is None


def test_damaged_requests_break_nothing(stand: Stand) -> None:
    """A short campaign; `make raw-fuzz` is the long one."""
    campaign, faults = fuzz_service(stand, seed=3, seconds=240, count=COUNT)
    assert faults == []
    assert campaign.sent == COUNT
    assert {200, 400, 404} <= campaign.statuses.keys()


def test_the_table_holds_what_it_promises() -> None:
    assert len(ROWS) >= 150
    assert len({(row.topic, row.name) for row in ROWS}) == len(ROWS)
    assert all(row.status < 500 for row in ROWS)
    assert PAGE.read_text(encoding="utf-8") == make_page(ROWS), "run `make bad-requests ARGS=--write`"
