"""The receiver in docs/webhooks.md takes what the sender signs, and nothing else."""

import json
import re
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.webhook_secrets import decode_secret
from janitor.webhooks.signing import encode_body, sign_message
from tests.integration.receiver import SECRET

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
BODY = encode_body({"type": "job.succeeded", "data": {"id": "1", "status": "succeeded", "filename": "übung.png"}})


def test_the_example_in_python_verifies(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {"__name__": "example"}
    exec(found[1].replace('"whsec_..."', repr(SECRET)), names)  # noqa: S102 - our own page
    client = names["app"].test_client()

    def post(body: bytes, secret: str = SECRET, age: int = 0) -> int:
        headers = sign_message(decode_secret(secret), uuid4(), int(time.time()) - age, BODY)
        answer = client.post("/hooks/imagemill", data=body, headers=headers, content_type="application/json")
        return int(answer.status_code)

    assert post(BODY) == 204
    assert capsys.readouterr().out == "job.succeeded 1 succeeded\n"
    other = json.dumps(json.loads(BODY)).encode()
    assert (post(other), post(BODY, age=3600), post(BODY, "whsec_" + "A" * 44)) == (401, 401, 401)
    assert client.post("/hooks/imagemill", data=BODY).status_code == 401
