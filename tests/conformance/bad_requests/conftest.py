from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from conformance.bad_requests.stand import Stand, prepared_stand
from tests.e2e.conftest import running_service


@pytest.fixture
def stand(tmp_path: Path, database_url: str, engine: Engine, redis_url: str) -> Iterator[Stand]:
    """A service for bad requests."""
    with running_service(tmp_path, database_url, engine, redis_url) as service, prepared_stand(service) as made:
        yield made
