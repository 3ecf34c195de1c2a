"""Every bad request gets the answer of the table, and leaves nothing."""

from pathlib import Path

from conformance.bad_requests.report import describe_faults, make_page
from conformance.bad_requests.running import ROWS, find_leftovers
from conformance.bad_requests.stand import Stand

PAGE = Path(__file__).parents[3] / "docs" / "results" / "bad-requests.md"


def test_every_bad_request_gets_its_answer_and_leaves_nothing(stand: Stand) -> None:
    trials, left = find_leftovers(stand)
    assert describe_faults(trials, left) == []
    for api in (stand.open_api, stand.keyed_api):
        log = api.log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        assert api.popen.poll() is None


def test_the_table_holds_what_it_promises() -> None:
    assert len(ROWS) >= 150
    assert len({(row.topic, row.name) for row in ROWS}) == len(ROWS)
    assert all(row.status < 500 for row in ROWS)
    assert PAGE.read_text(encoding="utf-8") == make_page(ROWS), "run `make bad-requests ARGS=--write`"
