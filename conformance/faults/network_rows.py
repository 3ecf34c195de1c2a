"""Faults of the network between each pair: cut, reset, silent, deaf, slow, refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.faults.rows import Fault, Row
from conformance.faults.stand import API_NAMES, POSTGRES, REDIS, Stand
from conformance.faults.traffic import Manner
from conformance.faults.wires import ANSWERING, ASKING, BOTH, FAIR, Link, Weather

SILENT = Weather(silent=BOTH)
CLIENTS = "clients"

PAIRS = {
    "api-postgres": ("api", POSTGRES),
    "worker-postgres": ("worker", POSTGRES),
    "janitor-postgres": ("janitor", POSTGRES),
    "api-redis": ("api", REDIS),
    "worker-redis": ("worker", REDIS),
    "janitor-redis": ("janitor", REDIS),
    "client-api": (CLIENTS, ""),
}


def links_of(stand: Stand, pair: tuple[str, str]) -> list[Link]:
    return [stand.doors[name] for name in API_NAMES] if pair[0] == CLIENTS else [stand.links[pair]]


def weathered(pair: tuple[str, str], weather: Weather, *, then_reset: bool = False) -> Fault:
    """Make a fault of a link's weather. Afterwards the firewall may have forgotten the connections."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        for link in links_of(stand, pair):
            link.set(weather)
        yield
        for link in links_of(stand, pair):
            if then_reset:
                link.reset()
            link.set(FAIR)

    return fault


def broken(pair: tuple[str, str], how: str, times: int = 6) -> Fault:
    """Make a fault that ends all connections of a link, again and again."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        for _ in range(times):
            for link in links_of(stand, pair):
                getattr(link, how)()
            time.sleep(0.5)
        yield

    return fault


def rows_of(name: str, pair: tuple[str, str]) -> Iterator[Row]:
    """Each way in which a network fails, for one pair."""
    is_clients = pair[0] == CLIENTS
    between = name.replace("-", " and ")
    ways: dict[str, tuple[str, Fault, float]] = {
        "cut": ("connections end, six times", broken(pair, "cut"), 0.5),
        "reset": ("connections are reset, six times", broken(pair, "reset"), 0.5),
        "refused": ("nobody listens", weathered(pair, Weather(is_refusing=True)), 3.0),
        "silent": ("nothing comes through, and later all of it", weathered(pair, SILENT), 5.5),
        "lost": (
            "nothing comes through, and the connections are forgotten",
            weathered(pair, SILENT, then_reset=True),
            5.5,
        ),
        "no-answers": (
            "what is asked arrives, the answers do not",
            weathered(pair, Weather(deaf=frozenset({ANSWERING})), then_reset=True),
            4.0,
        ),
        "slow": ("0.3 s more each way", weathered(pair, Weather(delay=0.3)), 4.0),
    }
    if pair[1] == POSTGRES and pair[0] != "janitor":
        ways["narrow"] = ("20 KB/s", weathered(pair, Weather(bytes_per_second=20_000)), 4.0)
        ways["half"] = (
            "what is asked is held back, on one side only",
            weathered(pair, Weather(silent=frozenset({ASKING})), then_reset=True),
            4.0,
        )
    for way, (says, fault, seconds) in ways.items():
        yield Row(
            name=f"{name}-{way}",
            kind="network",
            says=f"between {between}: {says}",
            fault=fault,
            seconds=seconds,
            loses_answers=is_clients,
            stops_api=is_clients,
            manner=Manner(),
            is_quick=name == "client-api" and way == "no-answers",
        )


ROWS = tuple(row for name, pair in PAIRS.items() for row in rows_of(name, pair))
