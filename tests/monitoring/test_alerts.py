"""Alerts fire when they should and are silent when they should: by promtool, on the rules that the chart ships."""

import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from dashboards.boards import BOARDS
from dashboards.model import name_runbook
from tests.chart.rendering import NAMESPACE, RELEASE, ROOT, Refused, render
from tests.markdown import page_of
from tests.monitoring.chart_rules import GRAFANA, LABELS, NAME, RUNBOOKS, Rule, groups, rules, write_rules
from tests.monitoring.prometheus import promtool

CASES = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
PAGES = "docs/runbooks"
ALERTS = rules("alert")
BY_NAME = {alert["alert"]: alert for alert in ALERTS}


def without_annotations(rule: Rule) -> Rule:
    return {key: value for key, value in rule.items() if key != "annotations"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where promtool finds the rules beside the cases."""
    bare = [{**group, "rules": [without_annotations(rule) for rule in group["rules"]]} for group in groups()]
    write_rules(tmp_path / "rules.json", bare)
    return tmp_path


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_they_fire_and_stay_silent(file: Path, folder: Path) -> None:
    shutil.copy(file, folder)
    assert "SUCCESS" in promtool("test", "rules", file.name, cwd=folder)


def test_a_case_that_is_wrong_is_found(folder: Path) -> None:
    file = next(file for file in CASES if file.stem == "service")
    case = yaml.safe_load(file.read_text(encoding="utf-8"))
    case["tests"][0]["alert_rule_test"][0]["exp_alerts"] = []
    (folder / "wrong.yaml").write_text(yaml.safe_dump(case), encoding="utf-8")
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", "wrong.yaml", cwd=folder)


def test_each_alert_and_each_severity_fires_and_is_silent_in_some_case() -> None:
    asked = [question for file in CASES for question in questions(file)]
    fired = {(q["alertname"], a["exp_labels"]["severity"]) for q in asked for a in q["exp_alerts"]}
    assert fired == {(alert["alert"], alert["labels"]["severity"]) for alert in ALERTS}
    assert {q["alertname"] for q in asked if not q["exp_alerts"]} == set(BY_NAME)


def questions(file: Path) -> list[dict[str, Any]]:
    tests = yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    return [question for test in tests for question in test.get("alert_rule_test", [])]


def test_what_an_alert_says(tmp_path: Path) -> None:
    """Value and labels are filled in by Prometheus, everything else by the chart."""
    write_rules(tmp_path / "rules.json", groups())
    case = {
        "rule_files": ["rules.json"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": f"imagemill_queue_oldest_seconds{selector()}", "values": "600x10"}],
                "alert_rule_test": [
                    {
                        "eval_time": "5m",
                        "alertname": "ImagemillOldestJobWaits",
                        "exp_alerts": [
                            {
                                "exp_labels": {**LABELS, "severity": "warning"},
                                "exp_annotations": {
                                    "summary": "A job has waited for 10m 0s",
                                    "description": f"Jobs of {NAME} in {NAMESPACE} wait longer than 5 minutes for a worker.",
                                    "runbook_url": f"{RUNBOOKS}/oldest-job-waits.md",
                                    "dashboard_url": f"{GRAFANA}/d/imagemill-conversions"
                                    f"?var-namespace={NAMESPACE}&var-release={NAME}&viewPanel=2",
                                },
                            }
                        ],
                    }
                ],
            }
        ],
    }
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(case), encoding="utf-8")
    promtool("test", "rules", "case.yaml", cwd=tmp_path)


def selector() -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in LABELS.items()) + "}"


def test_promtool_finds_nothing_wrong(tmp_path: Path) -> None:
    path = write_rules(tmp_path / "rules.json", groups())
    assert f"{sum(len(group['rules']) for group in groups())} rules found" in promtool(
        "check", "rules", path.name, cwd=tmp_path
    )


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")
def test_each_alert_leads_to_its_runbook_and_panel_and_the_panel_to_the_runbook(alert: Rule) -> None:
    name, annotations = alert["alert"], alert["annotations"]
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert annotations["runbook_url"] == f"{RUNBOOKS}/{name_runbook(name)}"
    assert (ROOT / PAGES / name_runbook(name)).is_file()
    link = urlsplit(annotations["dashboard_url"])
    board = next(board for board in BOARDS if link.path == f"/d/{board.uid}")
    asked = parse_qs(link.query)
    assert (asked["var-namespace"], asked["var-release"]) == ([NAMESPACE], [NAME])
    panel = next(panel for panel in board.panels if [str(panel.id)] == asked["viewPanel"])
    assert name in panel.alerts


def test_each_runbook_and_each_panels_alert_is_one_that_exists() -> None:
    assert {page.name for page in (ROOT / PAGES).glob("*.md")} == {name_runbook(name) for name in BY_NAME} | {
        "README.md"
    }
    assert {alert for board in BOARDS for panel in board.panels for alert in panel.alerts} == set(BY_NAME)
    assert set(page_of(f"{PAGES}/README.md").links) == {name_runbook(name) for name in BY_NAME}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_runbook_says_what_it_means_how_to_look_and_what_to_do(name: str) -> None:
    page = page_of(f"{PAGES}/{name_runbook(name)}")
    assert [block.text for block in page.of("h1")] == [name]
    assert [block.text for block in page.of("h2")] == ["What it means", "How to look", "What to do"]
    panel = next(panel for board in BOARDS for panel in board.panels if name in panel.alerts)
    assert panel.title in page.text, "name the panel"
    assert "bash" in {block.language for block in page.code}, "show a command"
    known = SHOWN | {metric for group in groups() for rule in group["rules"] for metric in metrics(rule["expr"])}
    queries = [block.text for block in page.code if block.language == "promql"]
    assert metrics(" ".join(page.spans + queries)) <= known


def metrics(expr: str) -> set[str]:
    return set(re.findall(r"imagemill[_:][a-z0-9_:]+", expr))


SHOWN = {
    metric for board in BOARDS for panel in board.panels for query in panel.queries for metric in metrics(query.expr)
}


def test_nothing_is_left_to_fill_in_and_everything_is_of_this_release() -> None:
    for group in groups({"monitoring": {"grafana": "", "runbooks": "docs/runbooks"}}, release="shop"):
        for rule in group["rules"]:
            text = rule["expr"] + str(rule.get("annotations", {}))
            assert not re.search(r"\$(?!value|labels)", text), text
            selectors = re.findall(r"[a-z_:0-9]+\{([^}]*)\}", re.sub(r'"/[^"]*"', '""', rule["expr"]))
            assert selectors
            assert all('namespace="prod"' in selected for selected in selectors)
            assert all('release="shop-imagemill"' in s or "data-shop-imagemill-" in s for s in selectors)


def test_two_releases_make_no_series_of_the_same_name_and_labels() -> None:
    one, two = ({rule["expr"] for group in groups(release=name) for rule in group["rules"]} for name in ("one", "two"))
    assert not one & two


@pytest.mark.parametrize(
    ("workers", "most"),
    [({"autoscaling": {"maxReplicas": 7}}, 7), ({"autoscaling": {"enabled": False}, "replicas": 3}, 3)],
)
def test_the_most_workers_are_those_of_the_values(workers: dict[str, Any], most: int) -> None:
    expr = next(
        rule["expr"]
        for group in groups({"worker": workers})
        for rule in group["rules"]
        if rule.get("alert") == "ImagemillWorkersAtMaximum"
    )
    assert f">= {most}\n" in expr


@pytest.mark.parametrize("address", ["https://a.example/", 'https://a"b', "ftp://a.example"])
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="grafana"):
        render({"monitoring": {"enabled": True, "grafana": address}}, release=RELEASE)
