"""What the chart says after an installation."""

import pytest

from tests.chart.conftest import SETS, read
from tests.chart.rendering import ROOT, merged, notes


def said(name: str) -> str:
    return notes(merged(*(read(ROOT / path) for path in SETS[name])))


def test_it_says_how_to_open_and_to_try_it() -> None:
    text = said("default")
    assert "kubectl -n prod port-forward service/demo-imagemill-api 8000:80" in text
    assert "helm -n prod test demo" in text
    assert "0 to 15, one for each 3 jobs" in text
    assert "https://images.example.com/" in said("production")


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (
            "default",
            (
                "the claim data-demo-imagemill-postgresql-0, the Secret demo-imagemill-postgresql, "
                "the claim data-demo-imagemill-redis-0"
            ),
        ),
        ("fixed", "nothing"),
        ("external", "nothing"),
    ],
)
def test_it_says_what_uninstalling_leaves(name: str, left: str) -> None:
    assert f"Uninstalling leaves {left}.\n" in f"{said(name)}\n"


def test_it_says_when_the_queue_is_not_followed() -> None:
    assert "1, whatever the queue says" in said("fixed")
