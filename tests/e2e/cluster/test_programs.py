"""What programs use, switched on by values of the chart: keys from a Secret, webhooks, a list of hosts."""

import base64
import json
import secrets
from pathlib import Path
from typing import Any

from tests.e2e.cluster.load import ADDRESS
from tests.e2e.cluster.release import new_release
from tests.e2e.cluster.report import Report

SCRIPT = Path(__file__).with_name("in_pod") / "programs.py"
VALUES: dict[str, Any] = {
    "api": {
        "settings": {"auth": "keys", "allowedHosts": "images.example.com"},
        "keys": {"existingSecret": "our-keys"},
    },
    # A receiver in a pod has a private address and no certificate.
    "webhooks": {"enabled": True, "existingSecret": "our-webhooks", "allow": "10.0.0.0/8", "http": True},
}


def test_keys_webhooks_and_hosts_of_the_chart(report: Report) -> None:
    key = secrets.token_hex(32)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with new_release() as release:
        core, namespace = release.cluster.core, release.cluster.namespace
        for name, data in (("our-keys", {"keys": f"shop={key}"}), ("our-webhooks", {"secret": secret})):
            core.create_namespaced_secret(namespace, {"metadata": {"name": name}, "stringData": data})
        release.install(VALUES)
        pod = release.cluster.ready_pods("api")[0].metadata.name
        said = json.loads(release.cluster.run(pod, "python", "-c", SCRIPT.read_text("utf-8"), ADDRESS, key, secret))
        report.add("programs", "one call, one job twice with one key, its webhook, the list", str(said))
    assert said == {
        "without a key": 401,
        "another host": 421,
        "one call": [200, "GIF8"],
        "the same key twice": [True, "succeeded"],
        "webhook": ["job.succeeded", True, True],
        "list": 2,
    }
