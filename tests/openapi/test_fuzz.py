"""Schemathesis with all its checks finds nothing; what the contract wants otherwise is in conformance/api_fuzz.

A few examples of each call here; `make api-fuzz` runs more of them, and the edges of every parameter.
"""

import re
import subprocess
from pathlib import Path

from conformance.api_fuzz.hooks import find_refused
from conformance.api_fuzz.running import run_schemathesis
from conformance.service import PATIENCE
from core.formats import find_target

FEW = ("--phases=fuzzing,stateful", "--max-examples=8", "--no-shrink", "--no-color", "--seed=1")


def test_every_call_holds_to_the_document(api_url: str, tmp_path: Path) -> None:
    done = run_schemathesis(
        api_url, FEW, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE * 5
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"(\d{2,}) generated, \1 passed", done.stdout), done.stdout


def test_options_that_a_target_refuses_are_left_out() -> None:
    jpeg = find_target("jpeg")
    assert jpeg is not None
    fields = {"quality": 80, "lossless": True, "dither": False, "fit": "cover", "target_format": "jpeg"}
    assert find_refused(jpeg, fields) == {"lossless", "dither", "fit"}
