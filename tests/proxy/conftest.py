from tests.api.conftest import redis_url, serve

__all__ = ["redis_url", "serve"]
