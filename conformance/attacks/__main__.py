"""`make attacks`: attack a real API, print what it cost, and end with 1 when a bound is passed.

Names choose attacks, `--share 0.1` takes a tenth of each, `--write` writes docs/results/attacks.md.
"""

import argparse
import sys

from conformance.attacks.attacks import PLANS, run_attack
from conformance.attacks.page import PAGE, make_page, show_outcome
from conformance.attacks.target import running_service


def main() -> int:
    """Run the attacks. Return the exit status."""
    names = [plan.name for plan in PLANS]
    parser = argparse.ArgumentParser(prog="make attacks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--share", type=float, default=1.0, help="the share of each attack's count")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(names)):
        parser.error(f"no attack is called {', '.join(unknown)}; there are: {', '.join(names)}")
    outcomes = []
    with running_service() as service:
        for plan in PLANS:
            if not given.names or plan.name in given.names:
                outcome = run_attack(service, plan, given.share)
                outcomes.append(outcome)
                print(show_outcome(outcome), flush=True)
    if given.write:
        PAGE.write_text(make_page(outcomes), encoding="utf-8")
    return 1 if any(outcome.passed or outcome.unserved for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
