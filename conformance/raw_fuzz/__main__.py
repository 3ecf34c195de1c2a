"""`make raw-fuzz ARGS="--seconds 600 --seed 1"`: damaged requests to a service of its own. 1 when anything is wrong.

The bytes of a case with a wrong answer go to build/raw-fuzz.
"""

import argparse
import sys
from pathlib import Path

from conformance.bad_requests.stand import prepared_stand
from conformance.raw_fuzz.running import fuzz_service, make_case
from conformance.whole_service import databases_and_service

FOLDER = Path(__file__).parents[2] / "build" / "raw-fuzz"


def main() -> int:
    """Run a campaign and tell what was seen."""
    parser = argparse.ArgumentParser(prog="make raw-fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long")
    parser.add_argument("--count", type=int, help="how many requests at most")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same requests")
    asked = parser.parse_args()
    with databases_and_service() as service, prepared_stand(service) as stand:
        campaign, faults = fuzz_service(stand, seed=asked.seed, seconds=asked.seconds, count=asked.count)
        for number, _ in campaign.bad:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / f"{asked.seed}-{number}.bin").write_bytes(make_case(stand, asked.seed, number))
    statuses = ", ".join(f"{status or 'none'} {count}" for status, count in sorted(campaign.statuses.items()))
    memory = f"memory {min(campaign.memory) >> 20} to {max(campaign.memory) >> 20} MiB"
    print(f"{campaign.sent} requests in {campaign.seconds:.0f} s: {statuses}; {memory}")
    print("\n".join([*faults, f"{len(faults)} wrong"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
