"""The README's own commands, run against the service as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from conformance.service import PATIENCE, Service
from core.transitions import Status

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands are curl's, and there is none here")
def test_the_curl_examples_work_as_they_are_written(service: Service, tmp_path: Path) -> None:
    found = re.search(r"<!-- test: curl -->\n```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    service.start("janitor")
    service.start("worker")
    api = service.start("api")
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(tmp_path / "photo.jpg")
    marked = re.sub(r"\n(curl )", r"\necho; echo ---; \1", found[1])
    script = "set -euo pipefail\n" + marked.replace("127.0.0.1:8000", f"127.0.0.1:{api.probe_port}")

    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert ran.returncode == 0, ran.stderr
    submitted, waited, _downloaded, formats, events, _deleted = (part.strip() for part in ran.stdout.split("---")[1:])
    assert json.loads(submitted)["status"] == "queued"
    assert json.loads(waited)["status"] == "succeeded"
    with Image.open(tmp_path / "photo.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (1024, 768))
    assert {"webp", "avif"} <= {fmt["name"] for fmt in json.loads(formats)["write"]}
    assert "succeeded" in events
    assert service.job(json.loads(waited)["id"]).status is Status.EXPIRED
