"""openapi-typescript makes types of the document, TypeScript believes a client by them, and the client works."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.openapi.conftest import run_node


@pytest.fixture
def client(node: Path, document: Path) -> Path:
    run_node(node, "node", "generate.js", str(document), "schema.d.ts")
    return node


def test_a_generated_client_submits_waits_and_downloads(client: Path, api_url: str, photo: Path) -> None:
    run_node(client, "npx", "--no", "tsc")
    target = photo.with_suffix(".webp")
    said = json.loads(run_node(client, "node", "client.js", api_url, str(photo), str(target)))
    assert said == {"status": "succeeded", "width": 64, "refused": "bad_option"}
    with Image.open(target) as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 48))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('target_format: "webp"', 'target_format: "docx"'),
        ("quality: 80", 'quality: "high"'),
        ("body: { file, target", "body: { file: 7, target"),
        ("refused.error?.code", "refused.error?.cause"),
        ("job.result?.width", "job.result.width"),
    ],
)
def test_a_wrong_program_is_refused_by_the_types(client: Path, right: str, wrong: str) -> None:
    program = (client / "client.ts").read_text()
    assert right in program
    (client / "wrong.ts").write_text(program.replace(right, wrong))
    config = json.loads((client / "tsconfig.json").read_text())
    (client / "wrong.json").write_text(json.dumps({**config, "files": ["wrong.ts", "node.d.ts"]}))
    with pytest.raises(AssertionError, match=r"error TS\d+"):
        run_node(client, "npx", "--no", "--", "tsc", "--noEmit", "-p", "wrong.json")
