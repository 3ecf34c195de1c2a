from collections.abc import Iterator

import pytest

from conformance.bad_requests.stand import Stand, prepared_stand
from conformance.servers import embedded_redis
from core.database import make_engine
from tests.conftest import TEMPLATE, new_database, server_directory
from tests.e2e.conftest import running_service


@pytest.fixture(scope="module")
def stand(postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A service for bad requests."""
    assert migrated_url
    directory = tmp_path_factory.mktemp("service")
    with (
        server_directory() as redis_directory,
        embedded_redis(redis_directory) as redis_url,
        new_database(postgres_url, TEMPLATE) as database_url,
    ):
        engine = make_engine(database_url, pool=1)
        with running_service(directory, database_url, engine, redis_url) as service, prepared_stand(service) as made:
            yield made
        engine.dispose()
