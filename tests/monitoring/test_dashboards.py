"""The dashboards' files are what the code makes, complete and readable by Grafana and Prometheus."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import FOLDER, make_files
from dashboards.model import name_runbook
from tests.chart.rendering import of_kind, render
from tests.monitoring.chart_rules import rules
from tests.monitoring.prometheus import promtool
from tests.monitoring.queries import dashboards, panels, queries
from tools.doc_tables import METRICS

BOARDS = dashboards()
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in panels(board)]
UNITS = {"reqps", "percentunit", "none", "s", "ops", "bytes", "Bps", "short"}
WIDTH = 24


def test_the_files_are_current() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert shipped == make_files(), "run `make dashboards`"
    assert set(BOARDS) == {"service", "conversions", "cluster", "loadtest"}


@pytest.mark.parametrize("name", BOARDS)
def test_the_sdk_reads_what_it_wrote(name: str) -> None:
    """Every key of the file is one that Grafana's own model has."""
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(BOARDS[name]), cls=JSONEncoder))
    for panel in panels(again):
        if not panel["fieldConfig"]["defaults"].get("custom"):
            panel["fieldConfig"]["defaults"].pop("custom", None)  # an empty one is the reader's own
    assert again == BOARDS[name]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_found_and_filtered(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == f"imagemill-{name}"
    assert board["title"].startswith("imagemill / ")
    assert board["description"]
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert set(variables) == {"datasource", "namespace", "release", "runbooks"}
    assert [link["type"] for link in board["links"]] == ["dashboards"]


@pytest.mark.parametrize(
    ("name", "panel"), PANELS, ids=lambda value: value if isinstance(value, str) else value["title"]
)
def test_a_panel_is_complete(name: str, panel: Any) -> None:
    assert len(panel["description"]) > 3, name
    assert panel["targets"]
    assert all(target["legendFormat"] for target in panel["targets"])
    assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    for link in panel["links"]:
        alert = link["title"].removeprefix("Runbook of ")
        assert link["url"] == f"${{runbooks}}/{name_runbook(alert)}"


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_their_own_place_and_number(name: str) -> None:
    ids = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(BOARDS[name]):
        letters = [target["refId"] for target in panel["targets"]]
        assert "" not in letters
        assert len(set(letters)) == len(letters)
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells


def test_promtool_reads_every_query(tmp_path: Path) -> None:
    found = [{"record": f"panel:{number}", "expr": query.expr} for number, query in enumerate(queries())]
    rules_file = {"groups": [{"name": "panels", "rules": found}]}
    (tmp_path / "panels.json").write_text(json.dumps(rules_file), encoding="utf-8")
    assert f"{len(found)} rules found" in promtool("check", "rules", "panels.json", cwd=tmp_path)


def test_every_recorded_series_is_used_and_every_used_one_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules("record")}
    shown = {metric for query in queries() for metric in query.metrics if ":" in metric}
    alerts = " ".join(rule["expr"] for rule in rules("alert"))
    alerted = set(re.findall(r"imagemill:[a-z0-9_:]+", alerts))
    assert shown <= recorded
    assert alerted <= recorded
    assert recorded == shown | alerted
    for name in shown - alerted:
        boards = {query.board for query in queries() if name in query.metrics}
        assert len(boards) > 1, f"{name} is used in one place only"


def test_our_queries_are_of_one_release() -> None:
    for query in queries():
        for selector in re.findall(
            r"\b(?:imagemill[_:]|process_|up(?={))[\w:]*(\{[^}]*\})", re.sub(r"{job_id}", "", query.expr)
        ):
            assert 'namespace="prod"' in selector, query
            assert 'release="demo-imagemill"' in selector, query


def test_the_chart_ships_them_with_the_runbooks_address() -> None:
    shipped = of_kind(render({"monitoring": {"enabled": True, "runbooks": "https://books.example/r"}}), "ConfigMap")
    for name, board in BOARDS.items():
        text = shipped[f"dashboard-{name}"]["data"][f"{name}.json"]
        assert "RUNBOOKS" not in text
        variables = {variable["name"]: variable for variable in json.loads(text)["templating"]["list"]}
        assert variables.pop("runbooks")["query"] == "https://books.example/r"
        assert variables == {v["name"]: v for v in board["templating"]["list"] if v["name"] != "runbooks"}


def test_every_metric_of_ours_is_shown_or_alerted_on_and_every_one_that_is_asked_for_exists() -> None:
    known = set(re.findall(r"^\| `(imagemill_\w+)`", METRICS.read_text(encoding="utf-8"), re.MULTILINE))
    text = " ".join(
        [query.expr for query in queries()] + [rule["expr"] for kind in ("alert", "record") for rule in rules(kind)]
    )
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bimagemill_\w+", text)}
    assert asked == known
