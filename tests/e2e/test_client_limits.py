"""The limits of a client hold over all API processes, with and without Redis."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx

from conformance import images
from conformance.service import PATIENCE, Process, Service, wait_for

FILE = {"file": ("a.png", images.png_with_alpha())}
TARGET = {"target_format": "jpeg"}


def send(api: Process) -> httpx.Response:
    address = f"http://127.0.0.1:{api.probe_port}/v1/jobs"
    return httpx.post(address, files=FILE, data=TARGET, timeout=PATIENCE)


def counted_alone(api: Process) -> int:
    """How many uploads the process counted without Redis."""
    line = re.search(r'^imagemill_rate_limit_checks_total{where="process"} (\S+)$', api.page(), re.MULTILINE)
    assert line
    return int(float(line[1]))


def test_two_processes_share_one_rate(service: Service) -> None:
    apis = [service.start("api", rate_limit="10/hour") for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, apis * 12))
    taken = [answer.status_code for answer in answers].count(202)
    # Where this machine is so busy that Redis missed the budget of a request, its process counted it alone.
    alone = sum(counted_alone(api) for api in apis)
    assert 10 <= taken <= 10 + alone
    assert alone < 24


def test_two_processes_share_one_line(service: Service) -> None:
    apis = [service.start("api", max_waiting_per_client="5") for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(send, apis * 12)]
    assert (statuses.count(202), statuses.count(429)) == (5, 19)


def test_the_rate_goes_on_through_an_outage_of_redis(service: Service) -> None:
    nowhere = service.start("api", rate_limit="2/hour", redis_url="redis://127.0.0.1:1/0")
    assert [send(nowhere).status_code for _ in range(4)] == [202, 202, 429, 429]
    wait_for("the sentence in the log", lambda: "counts rate limits for itself" in nowhere.log.read_text())
    assert nowhere.log.read_text().count("counts rate limits for itself") == 1
    assert nowhere.metric("imagemill_rate_limit_checks_total") == 4


def test_the_start_says_whether_keys_are_asked_for(service: Service) -> None:
    for auth, sentence in {"none": "no keys are asked for", "keys": "every job belongs to a key"}.items():
        assert sentence in service.start("api", auth=auth).log.read_text()
