"""Wrong settings of the way to Redis, among the rows of tools.setting_cases."""

from tools.setting_rows import ALL, SECRET, row

_BEGINS_REDIS = (
    "IMAGEMILL_REDIS_URL must begin with redis:// (or rediss:// or unix:// or redis+sentinel:// or rediss+sentinel://)."
)


REFUSED_REDIS = (
    row(
        ALL,
        f"{_BEGINS_REDIS} This is a URL for IMAGEMILL_DATABASE_URL.",
        REDIS_URL=f"postgresql://user:{SECRET}@db/imagemill",
    ),
    row(ALL, _BEGINS_REDIS, REDIS_URL=f"amqp://user:{SECRET}@queue:5672/"),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL must end with the number of a database, like redis://host:6379/0.",
        REDIS_URL=f"redis://:{SECRET}@redis:6379/imagemill",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL has the option ssl_ca_certs, which only rediss:// takes.",
        REDIS_URL=f"redis://:{SECRET}@redis:6379/0?ssl_ca_certs=/ca.pem",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL has an option that imagemill's Redis client does not know. Did you mean socket_keepalive?",
        REDIS_URL=f"redis://:{SECRET}@redis:6379/0?keepalive=true",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL names several hosts. Name one, or several Sentinels: "
        "redis+sentinel://host1:26379,host2:26379/mymaster.",
        REDIS_URL=f"redis://:{SECRET}@redis1:6379,redis2:6379/0",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL must name the master as its Sentinels do: redis+sentinel://host1:26379,host2:26379/mymaster "
        "or redis+sentinel://host1:26379,host2:26379/mymaster/0.",
        REDIS_URL=f"redis+sentinel://:{SECRET}@sentinel1:26379,sentinel2:26379/0",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL has the option sentinel_password, which only redis+sentinel:// or rediss+sentinel:// takes.",
        REDIS_URL=f"redis://:{SECRET}@redis:6379/0?sentinel_password={SECRET}",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_PREFIX must be 1 to 64 letters, digits, or characters of _ . : and -, like imagemill-2:.",
        REDIS_PREFIX="mill*",
    ),
    row(ALL, "IMAGEMILL_REDIS_URL names no host.", REDIS_URL=f"redis://:{SECRET}@:6379/0"),
)
