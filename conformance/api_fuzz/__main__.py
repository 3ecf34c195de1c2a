"""Ask the API by its own OpenAPI document, right and wrong, call by call and in chains: `python -m conformance.api_fuzz`.

It starts a service of its own; `--url` names one that runs. All other arguments go to Schemathesis, like `-n 500` for
more examples or `--seed 1`. What is left out is in schemathesis.toml, with the reasons.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.api_fuzz.running import run_schemathesis
from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from conformance.service import Service
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import make_redis


@contextmanager
def started_service() -> Iterator[str]:
    """The address of an API with a worker and a janitor, on servers of its own."""
    with (
        tempfile.TemporaryDirectory() as first,
        tempfile.TemporaryDirectory() as second,
        tempfile.TemporaryDirectory() as logs,
        embedded_postgres(Path(first), UNSAFE_BUT_FAST) as database_url,
        embedded_redis(Path(second)) as redis_url,
        make_redis(redis_url) as client,
    ):
        engine = make_engine(database_url, pool=1)
        upgrade(engine)
        service = Service(Path(logs), database_url, redis_url, engine, client)
        try:
            service.start("janitor")
            service.start("worker")
            yield f"http://127.0.0.1:{service.start('api').probe_port}"
        finally:
            service.stop_all()
            engine.dispose()


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
