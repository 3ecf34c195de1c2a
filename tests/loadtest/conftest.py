"""The service's processes, as the end-to-end tests have them."""

from tests.e2e.conftest import service

__all__ = ["service"]
