"""What the pods may not do, and that a job that needs too much fails alone."""

from collections import Counter
from pathlib import Path

import pytest
from kubernetes import client

from core.formats import TARGETS
from tests.e2e.cluster.kube import restarts
from tests.e2e.cluster.load import burst
from tests.e2e.cluster.release import Release
from tests.e2e.cluster.report import Report

PARTS = ("api", "worker", "janitor", "postgresql", "redis")
RIGHTS = (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("create", "pods/exec"), ("get", "configmaps"))


@pytest.mark.parametrize(("verb", "resource"), RIGHTS)
def test_the_accounts_can_do_nothing(release: Release, verb: str, resource: str) -> None:
    kind, _, sub = resource.partition("/")
    attributes = {"namespace": release.cluster.namespace, "verb": verb, "resource": kind, "subresource": sub or None}
    for part in PARTS:
        user = f"system:serviceaccount:{release.cluster.namespace}:imagemill-{part}"
        review = client.AuthorizationV1Api().create_subject_access_review(
            {"spec": {"user": user, "resourceAttributes": attributes}}
        )
        assert not review.status.allowed, user


def test_root_file_systems_are_read_only_and_hold_no_token(release: Release) -> None:
    release.load(burst(1, hold=0))
    for part in PARTS:
        for pod in release.cluster.ready_pods(part):
            name = pod.metadata.name
            assert "Read-only file system" in release.cluster.run(name, "sh", "-c", "echo x > /root-file; true")
            assert "No such file" in release.cluster.run(name, "ls", "/var/run/secrets/kubernetes.io/serviceaccount")
            assert "uid=0" not in release.cluster.run(name, "id")


def test_a_second_postgresql_would_wait(release: Release) -> None:
    """While the server runs, nobody else gets the lock on its data."""
    command = "flock -n /var/lib/postgresql/one-server.lock true; echo $?"
    assert release.cluster.run("imagemill-postgresql-0", "sh", "-c", command).strip() == "1"


def test_every_format_converts_behind_both_layers_of_the_sandbox(release: Release, report: Report) -> None:
    """As the pods are: not root, no capability, a read-only file system, the runtime's own filter."""
    release.allow_holds()
    release.start(burst(1, hold=60))
    release.wait_for_workers(1)
    worker = release.cluster.ready_pods("worker")[0].metadata.name
    shown = release.cluster.run(worker, "python", "-c", METRICS)
    layers = {line.split('"')[1]: line.split()[-1] for line in shown.splitlines() if line.startswith(LAYER)}
    assert layers == {"seccomp": "1.0", "landlock": "1.0"}, shown
    script = (Path(__file__).with_name("in_pod") / "formats.py").read_text(encoding="utf-8")
    api = release.cluster.ready_pods("api")[0].metadata.name
    said = release.cluster.run(api, "python", "-c", script, "http://imagemill-api")
    outcomes = dict(line.split(": ") for line in said.splitlines())
    asked = {pair.split(" to ")[1] for pair in outcomes if pair.startswith(("png to ", "- to "))}
    assert asked >= {fmt.name for fmt in TARGETS}
    assert set(outcomes.values()) <= {"succeeded", "unavailable"}, outcomes
    report.add("formats in the pods", "conversions, there and back", Counter(outcomes.values()))


def test_a_job_that_needs_too_much_memory_fails_alone(release: Release, report: Report) -> None:
    """With little memory for each job, a large picture fails by its code; the pod and its neighbours go on."""
    release.change({"worker": {"jobMemory": "96Mi"}})
    release.allow_holds()
    release.start(burst(4, hold=30))
    release.wait_for_workers(1)
    said = release.cluster.run(release.cluster.ready_pods("api")[0].metadata.name, "python", "-c", LARGE)
    assert "'memory_limit'" in said, said
    pods = release.cluster.ready_pods("worker")
    assert set(restarts(pods).values()) == {0}
    assert not release.load(burst(8, hold=0)).wrong()
    report.add("a job past its memory", "outcome; restarts of the workers", ("memory_limit", restarts(pods)))


LAYER = "imagemill_sandbox_layer{"
METRICS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9090/metrics").read().decode())
"""
"""What a worker shows."""

LARGE = """
import json, urllib.request, zlib
def chunk(kind, content):
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
side = 6000
head = side.to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
data = zlib.compress(b"".join(b"\\0" + bytes(3 * side) for _ in range(side)), 1)
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
def part(name, content):
    return b'--edge\\r\\nContent-Disposition: form-data; name="' + name + b'"\\r\\n\\r\\n' + content + b"\\r\\n"
body = part(b"target_format", b"webp") + part(b'file"; filename="large.png', png) + b"--edge--\\r\\n"
base = "http://imagemill-api/v1/jobs"
request = urllib.request.Request(base, body, {"Content-Type": "multipart/form-data; boundary=edge"})
job = json.load(urllib.request.urlopen(request))
while job["status"] in ("queued", "processing"):
    job = json.load(urllib.request.urlopen(f"{base}/{job['id']}?wait=20"))
print(job["status"], job["error"])
"""
"""A picture of 36 megapixels in a few kilobytes, uploaded from inside; the outcome is written."""
