"""Ask the API by its own OpenAPI document, right and wrong, call by call and in chains: `python -m conformance.api_fuzz`.

It starts a service of its own; `--url` names one that runs. All other arguments go to Schemathesis, like `-n 500` for
more examples or `--seed 1`. What is left out is in schemathesis.toml, with the reasons.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.api_fuzz.running import run_schemathesis
from conformance.whole_service import databases_and_service


@contextmanager
def started_service() -> Iterator[str]:
    """The address of an API with a worker and a janitor, on servers of its own."""
    with databases_and_service() as service:
        service.start("janitor")
        service.start("worker")
        yield f"http://127.0.0.1:{service.start('api').probe_port}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m conformance.api_fuzz", description=__doc__)
    parser.add_argument("--url", help="the address of a running service")
    known, others = parser.parse_known_args()
    if known.url:
        return run_schemathesis(known.url, others).returncode
    with started_service() as url:
        return run_schemathesis(url, others).returncode


if __name__ == "__main__":
    sys.exit(main())
