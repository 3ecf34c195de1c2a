"""Schemathesis with all its checks finds nothing; what the contract wants otherwise is in conformance/api_fuzz.

A few examples of each call here; `make api-fuzz` runs more of them, and the edges of every parameter.
"""

import re
import subprocess
from pathlib import Path

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from api.app import create_app
from api.settings import ApiSettings
from conformance.api_fuzz.hooks import find_refused
from conformance.api_fuzz.running import HERE, describe_failures, run_schemathesis
from conformance.service import PATIENCE
from core.formats import find_target

FEW = ("--phases=fuzzing,stateful", "--max-examples=8", "--no-shrink", "--no-color", "--seed=1")


def test_every_call_holds_to_the_document(api_url: str, tmp_path: Path) -> None:
    done = run_schemathesis(
        api_url, FEW, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE * 5
    )
    assert done.returncode == 0, describe_failures(done.stdout)
    assert re.search(r"(\d{2,}) generated, \1 passed", done.stdout), done.stdout[-2000:]


def test_what_the_state_of_a_job_or_batch_decides_is_expected() -> None:
    """Whether a call meets such a state depends on how fast the worker is."""
    document = create_app(ApiSettings(database_url="postgresql://localhost/none")).openapi()
    config = SchemathesisConfig.from_path(HERE / "schemathesis.toml")
    found = schemathesis.openapi.from_dict(document, config=config).get_all_operations()
    operations = [operation.ok() for operation in found if isinstance(operation, Ok)]
    assert "GET /v1/batches/{batch_id}/result" in {operation.label for operation in operations}
    for operation in operations:
        by_state = {"404", "409", "410"} & set(operation.definition.raw["responses"])
        checks = config.projects.get_default().checks_config_for(operation=operation)
        missing = by_state - set(checks.positive_data_acceptance.expected_statuses)
        assert not missing, f"{operation.label}: {missing}"


def test_options_that_a_target_refuses_are_left_out() -> None:
    jpeg = find_target("jpeg")
    assert jpeg is not None
    fields = {"quality": 80, "lossless": True, "dither": False, "fit": "cover", "target_format": "jpeg"}
    assert find_refused(jpeg, fields) == {"lossless", "dither", "fit"}


FAILED = """Schemathesis v4

=================================== ERRORS ====================================
Network Error
=================================== FAILURES ===================================
________________________________ Stateful tests ________________________________
1. Test Case ID: itALUE
- ST202 Schema-valid request rejected
    curl -X GET http://127.0.0.1:59679/v1/batches/5a43dc58/result
    curl -X POST -d {long}
=================================== WARNINGS ===================================
Missing test data
=================================== SUMMARY ====================================
Seed: 1
"""


def test_a_failure_names_the_call_in_a_few_short_lines() -> None:
    told = describe_failures(FAILED.replace("{long}", "x" * 10_000))
    assert "Network Error" in told
    assert "curl -X GET http://127.0.0.1:59679/v1/batches/5a43dc58/result" in told
    assert len(told) < 1000
    assert not {"Missing test data", "Seed: 1", "Schemathesis v4"} & set(told.splitlines())


@pytest.mark.parametrize("lines", [1, 1000])
def test_a_run_that_ends_without_a_report_shows_its_last_lines(lines: int) -> None:
    told = describe_failures("line\n" * lines + "Traceback")
    assert told.endswith("line\nTraceback")
    assert len(told) < 1000
