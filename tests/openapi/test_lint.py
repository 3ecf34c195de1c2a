"""Redocly finds nothing in the document; what it does not look for stands in node/redocly.yaml, with the reason."""

import json
from pathlib import Path

import pytest

from tests.openapi.conftest import read_document, run_node


def lint(node: Path, document: Path) -> None:
    run_node(node, "npx", "--no", "--", "redocly", "lint", "--max-problems=500", "--format=stylish", str(document))


def test_redocly_finds_no_error(node: Path, document: Path) -> None:
    lint(node, document)


def test_redocly_would_find_one(node: Path, document: Path, tmp_path: Path) -> None:
    wrong = read_document(document)
    wrong["paths"]["/v1/jobs"]["post"]["operationId"] = "get_job"  # type: ignore[index]
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    with pytest.raises(AssertionError, match="operation-operationId-unique"):
        lint(node, tmp_path / "wrong.json")
