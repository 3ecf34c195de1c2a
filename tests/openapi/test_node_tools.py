"""openapi-typescript makes types of the document, and a client by them works; Redocly finds no error in it.

One file, so that the packages are installed once. What Redocly does not look for is in node/redocly.yaml, with reasons.
"""

import json
from pathlib import Path

import pytest
from PIL import Image

from conformance.node import NodeFailed, run_node
from tests.openapi.conftest import read_document

WRONG = {
    'target_format: "webp"': 'target_format: "docx"',
    "quality: 80": 'quality: "high"',
    "body: { file, target": "body: { file: 7, target",
    "refused.error?.code": "refused.error?.cause",
    "job.result?.width": "job.result.width",
}
"""Mistakes that the types must find in client.ts."""


@pytest.fixture(scope="module")
def client(node: Path, document: Path) -> Path:
    run_node(node, "node", "generate.js", str(document), "schema.d.ts")
    return node


def compile_types(directory: Path, *arguments: str) -> str:
    return run_node(directory, "node", "node_modules/typescript/bin/tsc", *arguments)


def test_a_generated_client_submits_waits_and_downloads(client: Path, api_url: str, photo: Path) -> None:
    compile_types(client)
    target = photo.with_suffix(".webp")
    said = json.loads(run_node(client, "node", "client.js", api_url, str(photo), str(target)))
    assert said == {"status": "succeeded", "width": 64, "refused": "bad_option"}
    with Image.open(target) as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 48))


def test_the_types_find_mistakes(client: Path) -> None:
    program = (client / "client.ts").read_text()
    names = [f"wrong{number}.ts" for number in range(len(WRONG))]
    for name, (right, wrong) in zip(names, WRONG.items(), strict=True):
        assert right in program
        (client / name).write_text(program.replace(right, wrong))
    config = json.loads((client / "tsconfig.json").read_text())
    (client / "wrong.json").write_text(json.dumps({**config, "files": [*names, "node.d.ts"]}))
    with pytest.raises(NodeFailed) as refused:
        compile_types(client, "--noEmit", "--pretty", "false", "-p", "wrong.json")
    assert {line.partition("(")[0] for line in str(refused.value).splitlines() if ": error TS" in line} == {*names}


def lint(node: Path, document: Path) -> None:
    program = "node_modules/@redocly/cli/bin/cli.js"
    run_node(node, "node", program, "lint", "--max-problems=500", "--format=stylish", str(document))


def test_redocly_finds_no_error(node: Path, document: Path) -> None:
    lint(node, document)


def test_redocly_would_find_one(node: Path, document: Path, tmp_path: Path) -> None:
    wrong = read_document(document)
    wrong["paths"]["/v1/jobs"]["post"]["operationId"] = "get_job"  # type: ignore[index]
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    with pytest.raises(NodeFailed, match="operation-operationId-unique"):
        lint(node, tmp_path / "wrong.json")
