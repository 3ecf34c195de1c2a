"""The damages of a campaign, and what it takes for wrong."""

import random

from conformance.raw_fuzz.mutations import MOST_BYTES, MUTATIONS, damage
from conformance.raw_fuzz.requests import REQUESTS
from conformance.raw_fuzz.running import Campaign, is_whole, judge_answer, measure_growth


def test_a_seed_is_a_campaign() -> None:
    one, same, other = (damage(random.Random(f"1:{number}"), REQUESTS) for number in (5, 5, 6))  # noqa: S311
    assert one == same
    assert one != other


def test_every_damage_takes_any_bytes() -> None:
    dice = random.Random(1)  # noqa: S311
    for mutation in MUTATIONS:
        for data in (b"", b"\r\n", b"7", *REQUESTS):
            assert isinstance(mutation(dice, data), bytes)
    assert all(len(damage(dice, REQUESTS)) <= MOST_BYTES + max(map(len, REQUESTS)) for _ in range(500))


def test_what_is_wrong_with_an_answer_is_noted() -> None:
    campaign = Campaign(seed=1)
    for number, answer in enumerate((b"", b"HTTP/1.1 400 Bad", b"HTTP/1.1 503 Busy", b"HTTP/1.1 500 No", b"hello")):
        judge_answer(campaign, number, answer)
    assert [number for number, _ in campaign.bad] == [3, 4]
    assert campaign.sent == 5
    assert campaign.accepted == 0


def test_memory_that_grows_is_seen() -> None:
    assert measure_growth([1, 5, 5, 5, 5, 5, 9, 9]) == 4
    assert measure_growth([1, 2]) == 0


def test_an_answer_is_whole_with_its_length() -> None:
    assert is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    assert not is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")
