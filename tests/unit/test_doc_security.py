"""Every claim of docs/security.md names tests that exist."""

import re

from tests.tracked import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
CLAIMS = [row for row in ROWS if len(row) == 3 and row[0].endswith(".")]


def test_each_claim_has_its_tests_or_says_that_it_has_none() -> None:
    assert len(CLAIMS) > 30
    assert [claim for claim, _, proof in CLAIMS if "`" not in proof and not proof.startswith("no test: ")] == []


def test_the_tests_that_are_named_are_there() -> None:
    missing = []
    for _, _, proof in CLAIMS:
        file = ""
        for name in re.findall(r"`([^`]+)`", proof):
            path, _, test = name.partition("::")
            file = path or file
            found = (ROOT / file).is_file() and (not test or f"\ndef {test}(" in (ROOT / file).read_text("utf-8"))
            missing += [] if found else [f"{file}::{test}"]
    assert missing == []
