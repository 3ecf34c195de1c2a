"""`make ssrf`: try every address and name that a webhook must not reach; a page of results, and 1 when one is reached."""

import sys
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from conformance.ssrf.cases import CASES, Owed
from conformance.ssrf.judging import Trial, try_case

PAGE = Path(__file__).parents[2] / "docs" / "results" / "ssrf.md"
INTRODUCTION = """# Where a webhook may lead

`make ssrf` gives each URL to the check of the API and then to the sender's own code, with a resolver that answers as an
attacker's would; connections are recorded instead of made. A URL that the API refuses is sent all the same, so that
neither relies on the other. A name with one closed address among its addresses is refused, a name is looked up once, and
the connection goes to the address that was checked. Redirects are tried with real servers in
`tests/integration/test_delivery.py`: a 3xx is a failure, and its target gets no request.
"""


def main() -> int:
    """Try all, print what is other than owed, write the page."""
    trials = [try_case(case) for case in CASES]
    bad = [trial for trial in trials if not trial.is_good]
    PAGE.write_text(make_page(trials), encoding="utf-8")
    sys.stdout.write(f"{len(trials)} addresses and names, {len(bad)} other than owed; see {PAGE.name}\n")
    for trial in bad:
        sys.stdout.write(f"{trial.case.url!r}: owed {trial.case.owed}, {trial}\n")
    return 1 if bad else 0


def make_page(trials: list[Trial]) -> str:
    """Return the page: a table of kinds, and one of every URL."""
    bad = sum(not trial.is_good for trial in trials)
    day = datetime.now(UTC).date().isoformat()
    lines = [INTRODUCTION, f"{len(trials)} addresses and names, {bad} other than owed. Made on {day}.", ""]
    lines += ["| kind | tried | " + " | ".join(Owed) + " | other than owed |", "|---|---|---|---|---|---|"]
    for kind, same in groupby(trials, key=lambda trial: trial.case.kind):
        some = list(same)
        counts = " | ".join(str(sum(trial.became is owed for trial in some)) for owed in Owed)
        lines.append(f"| {kind} | {len(some)} | {counts} | {sum(not trial.is_good for trial in some)} |")
    lines += ["", "## Every URL", "", "| URL | its name leads to | became | what is said |", "|---|---|---|---|"]
    lines += [_row(trial) for trial in trials]
    return "\n".join(lines) + "\n"


def _row(trial: Trial) -> str:
    answers = "; then ".join(", ".join(found) or "nothing" for found in trial.case.answers) if trial.looked_up else ""
    url = trial.case.url.encode("unicode_escape").decode().replace("|", "\\|")
    return f"| `{url}` | {answers} | {trial.became or 'REACHED'} | {trial.answer} |"


if __name__ == "__main__":
    sys.exit(main())
