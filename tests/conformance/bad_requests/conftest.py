from collections.abc import Iterator

import pytest

from conformance.bad_requests.stand import Stand, prepared_stand
from tests.e2e.conftest import own_service


@pytest.fixture(scope="module")
def stand(postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A service for bad requests."""
    assert migrated_url
    with own_service(postgres_url, tmp_path_factory.mktemp("service")) as service, prepared_stand(service) as made:
        yield made
