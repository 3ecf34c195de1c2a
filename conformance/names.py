"""The names in Redis of an installation with the default prefix."""

from core.redis_names import RedisNames

NAMES = RedisNames()
STREAM, GROUP, EVENTS, CANCELED = NAMES.stream, NAMES.group, NAMES.events, NAMES.canceled
cache_key = NAMES.status
