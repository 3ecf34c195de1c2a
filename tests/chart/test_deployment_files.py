"""The files around the chart: images, k8s/, skaffold.yaml, and the check that `helm test` runs."""

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import SETS, rendered
from tests.chart.rendering import CHART, ROOT, VERSION, containers, of_kind, pods, render

CHECK = CHART / "files" / "convert.py"


def test_what_is_copied_into_an_image_reaches_the_builder_and_is_there() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {name for names in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in names.split()}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("file", sorted((ROOT / "k8s" / "loadtest").glob("*.yaml")), ids=lambda path: path.name)
def test_the_pods_of_a_load_test_are_restricted_too(file: Path) -> None:
    found = list(pods(list(yaml.safe_load_all(file.read_text(encoding="utf-8")))))
    assert found
    for _, pod in found:
        assert pod["securityContext"]["runAsNonRoot"]
        assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in containers(pod))


def test_the_janitor_runs_the_workers_image() -> None:
    (janitor,) = of_kind(rendered("default"), "Deployment")["janitor"]["spec"]["template"]["spec"]["containers"]
    assert janitor["image"] == f"imagemill-worker:{VERSION}"
    assert janitor["args"] == ["janitor"]


def test_skaffold_releases_what_the_values_files_are_for() -> None:
    config = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    releases = {release["name"]: release for release in config["deploy"]["helm"]["releases"]}
    assert releases["imagemill"]["dependsOn"] == ["keda", "monitoring"]
    for release in releases.values():
        assert all((ROOT / path).is_file() for path in release["valuesFiles"])
    for image in config["build"]["artifacts"]:
        assert f" AS {image['docker']['target']}\n" in (ROOT / image["docker"]["dockerfile"]).read_text(
            encoding="utf-8"
        )
    # Profiles patch by position.
    assert list(releases)[2] == "imagemill"
    for profile in config["profiles"]:
        for patch in profile["patches"]:
            assert patch["path"] == "/deploy/helm/releases/2/valuesFiles/-"
            assert (ROOT / patch["value"]).is_file()


def test_skaffold_sets_values_that_exist() -> None:
    config = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for path in config["deploy"]["helm"]["releases"][2]["setValueTemplates"]:
        value: Any = defaults
        for part in path.split("."):
            value = value[part]
        assert isinstance(value, str)


def test_the_verify_step_finds_the_check_of_the_chart() -> None:
    job = yaml.safe_load((ROOT / "k8s" / "verify-job.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    (step,) = config["verify"]
    assert step["executionMode"]["kubernetesCluster"]["jobManifestPath"] == "k8s/verify-job.yaml"
    pod = job["spec"]["template"]["spec"]
    assert step["container"]["name"] == pod["containers"][0]["name"]
    shipped = {(m["kind"], m["metadata"]["name"]) for m in render(release="imagemill")}
    assert ("ConfigMap", pod["volumes"][0]["configMap"]["name"]) in shipped
    assert ("Service", step["container"]["args"][0].removeprefix("http://")) in shipped


def test_every_values_file_for_imagemill_is_rendered_by_these_tests() -> None:
    used = {path for paths in SETS.values() for path in paths}
    others = {"k8s/values-keda.yaml", "k8s/values-keda-alone.yaml", "k8s/values-kube-prometheus-stack.yaml"}
    there = {f"k8s/{path.name}" for path in (ROOT / "k8s").glob("values-*.yaml")}
    assert there == others | {path for path in used if path.startswith("k8s/")}


def test_the_policies_expect_keda_and_prometheus_where_they_are_released() -> None:
    config = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    spaces = {release["name"]: release["namespace"] for release in config["deploy"]["helm"]["releases"]}
    policy = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["networkPolicy"]
    named = [policy[key][0]["namespaceSelector"]["matchLabels"] for key in ("scalerFrom", "monitoringFrom")]
    assert [labels["kubernetes.io/metadata.name"] for labels in named] == [spaces["keda"], spaces["monitoring"]]


def test_the_check_is_shipped_as_it_is() -> None:
    (text,) = of_kind(rendered("default"), "ConfigMap")["check"]["data"].values()
    assert text == CHECK.read_text(encoding="utf-8")


class Api(http.server.BaseHTTPRequestHandler):
    """Answers as the API does, for one job; `result` is what comes out."""

    status, result = "succeeded", b"GIF89a"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert b'name="file"; filename="check.png"' in body
        assert b"\x89PNG\r\n\x1a\n" in body
        self.answer(202, json.dumps({"id": "1", "status": "queued"}).encode())

    def do_GET(self) -> None:
        job = json.dumps({"id": "1", "status": self.status}).encode()
        self.answer(200, self.result if self.path.endswith("/result") else job)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[type[Api]]:
    class One(Api):
        address = ""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), One) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        One.address = f"http://127.0.0.1:{server.server_address[1]}"
        yield One
        server.shutdown()
        thread.join()


def check(address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECK, address], capture_output=True, text=True, check=False)


def test_the_check_is_content_with_a_gif(api: Any) -> None:
    done = check(api.address)
    assert (done.returncode, done.stdout) == (0, "converted a PNG to a GIF as job 1\n"), done.stderr


@pytest.mark.parametrize(("status", "result"), [("failed", b"GIF89a"), ("succeeded", b"\x89PNG")])
def test_the_check_fails_otherwise(api: Any, status: str, result: bytes) -> None:
    api.status, api.result = status, result
    assert check(api.address).returncode == 1


def test_the_picture_that_the_check_sends_is_one() -> None:
    from io import BytesIO

    from PIL import Image

    found = subprocess.run(
        [sys.executable, "-c", f"import runpy, sys; sys.stdout.buffer.write(runpy.run_path({str(CHECK)!r})['png']())"],
        capture_output=True,
        check=True,
    )
    with Image.open(BytesIO(found.stdout)) as image:
        image.load()
        assert (image.size, image.mode, image.getpixel((7, 7))) == ((8, 8), "L", 224)
