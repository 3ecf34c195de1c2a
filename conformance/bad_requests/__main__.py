"""`make bad-requests`: send every row to a service of its own, and tell what is answered otherwise or left. 1 if anything is.

`--write` writes docs/results/bad-requests.md when all is right.
"""

import argparse
import sys
import time
from pathlib import Path

from conformance.bad_requests.report import describe_faults, make_page
from conformance.bad_requests.running import ROWS, find_leftovers
from conformance.bad_requests.stand import prepared_stand
from conformance.whole_service import databases_and_service

PAGE = Path(__file__).parents[2] / "docs" / "results" / "bad-requests.md"


def main() -> int:
    """Run the table."""
    parser = argparse.ArgumentParser(prog="make bad-requests", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page")
    asked = parser.parse_args()
    with databases_and_service() as service, prepared_stand(service) as stand:
        began = time.monotonic()
        trials, left = find_leftovers(stand)
    faults = describe_faults(trials, left)
    print("\n".join([*faults, f"{len(trials)} rows in {time.monotonic() - began:.0f} s, {len(faults)} wrong"]))
    if asked.write and not faults:
        PAGE.write_text(make_page(ROWS), encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
