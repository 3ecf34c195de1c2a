"""Wrong settings with each program's sentence: docs/wrong-settings.md is made from these rows, and tests run them."""

from tools.redis_setting_cases import REFUSED_REDIS
from tools.setting_rows import ALL, API, HOOKED, JANITOR, PROBED, SECRET, WORKER, row

_BEGINS = "IMAGEMILL_DATABASE_URL must begin with postgresql:// (or postgres:// or postgresql+psycopg2://)."
_MAKE_ONE = "docs/webhooks.md says how to make one."

REFUSED = (
    row(WORKER, "IMAGEMILL_SLOTS must be a whole number from 1 to 64, not '0'.", SLOTS="0"),
    row(WORKER, "IMAGEMILL_SLOTS must be a whole number from 1 to 64, not '1.5'.", SLOTS="1.5"),
    row(WORKER, "IMAGEMILL_SANDBOX must be one of required, degraded, not 'off'.", SANDBOX="off"),
    row(WORKER, "IMAGEMILL_ZYGOTE_JOBS must be a whole number from 1 to 1000000, not '0'.", ZYGOTE_JOBS="0"),
    row(ALL, "IMAGEMILL_STATUS_CACHE must be true or false, not 'maybe'.", STATUS_CACHE="maybe"),
    row(ALL, "IMAGEMILL_LOG_LEVEL must be one of debug, info, warning, error, not 'loud'.", LOG_LEVEL="loud"),
    row(ALL, "IMAGEMILL_LOG_FILENAMES must be true or false, not 'maybe'.", LOG_FILENAMES="maybe"),
    row(API, "IMAGEMILL_LOG_REQUESTS must be one of changes, all, not 'reads'.", LOG_REQUESTS="reads"),
    row(ALL, "IMAGEMILL_JOB_SECONDS must be a number above 0 and at most 86400, not 'nan'.", JOB_SECONDS="nan"),
    row(ALL, "IMAGEMILL_LEASE_SECONDS must be a number above 0 and at most 86400, not 'inf'.", LEASE_SECONDS="inf"),
    row(ALL, "IMAGEMILL_RETENTION_HOURS must be a number above 0 and at most 87600, not '-1'.", RETENTION_HOURS="-1"),
    row(
        ALL,
        "IMAGEMILL_MAX_UPLOAD_BYTES must be a whole number from 1 to 1000000000, not '50MB'.",
        MAX_UPLOAD_BYTES="50MB",
    ),
    row(
        ALL,
        f"IMAGEMILL_MAX_PIXELS must be a whole number from 1 to 10000000000, not '{'9' * 40}'.",
        MAX_PIXELS="9" * 40,
    ),
    row(ALL, "IMAGEMILL_MAX_ATTEMPTS must be a whole number from 1 to 1000, not 'three'.", MAX_ATTEMPTS="three"),
    row(API, "IMAGEMILL_PORT must be a whole number from 0 to 65535, not '80000'.", PORT="80000"),
    row(
        API,
        "IMAGEMILL_PORT must be a whole number from 0 to 65535, not 'tcp://10.0.0.1:80': Kubernetes sets it for a "
        "Service named imagemill. Say enableServiceLinks: false in the pod, or give the Service another name.",
        PORT="tcp://10.0.0.1:80",
    ),
    row(API, "IMAGEMILL_THREADS must be a whole number from 1 to 200, not '1000'.", THREADS="1000"),
    row(API, "IMAGEMILL_MAX_QUEUE_SECONDS must be a number from 0 to 86400, not '15m'.", MAX_QUEUE_SECONDS="15m"),
    row(API, "IMAGEMILL_MAX_TRANSFERS must be a whole number from 2 to 10000, not '1'.", MAX_TRANSFERS="1"),
    row(API, "IMAGEMILL_MAX_WAITERS must be a whole number from 2 to 100000, not 'all'.", MAX_WAITERS="all"),
    row(API, "IMAGEMILL_API_DRAIN_SECONDS must be a number from 0 to 86400, not '20s'.", API_DRAIN_SECONDS="20s"),
    row(API, "IMAGEMILL_HEIC_WRITING must be one of auto, always, never, not 'yes'.", HEIC_WRITING="yes"),
    row(API, "IMAGEMILL_RATE_LIMIT must be like 60/minute or 1000/day, or none, not 'often'.", RATE_LIMIT="often"),
    row(
        API, "IMAGEMILL_RATE_LIMIT must be like 60/minute or 1000/day, or none, not '0/minute'.", RATE_LIMIT="0/minute"
    ),
    row(API, "IMAGEMILL_AUTH must be one of none, keys, not 'yes'.", AUTH="yes"),
    row(
        API,
        "IMAGEMILL_KEYS must be name=key,name=key: entry 1 has no =.",
        AUTH="keys",
        KEYS=SECRET,
    ),
    row(
        API,
        "IMAGEMILL_KEYS holds a key in entry 1 (shop) that could be guessed: it needs at least 32 characters, 12 of "
        "them different. docs/keys-and-limits.md says how to make one.",
        AUTH="keys",
        KEYS=f"shop={SECRET}",
    ),
    row(
        API,
        "IMAGEMILL_KEYS is set, but IMAGEMILL_AUTH is none, so nobody would be asked for a key. Say IMAGEMILL_AUTH=keys.",
        KEYS=f"shop={SECRET}-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
    row(
        API,
        "IMAGEMILL_MAX_WAITING_PER_CLIENT must be a whole number from 0 to 100000000, not 'none'.",
        MAX_WAITING_PER_CLIENT="none",
    ),
    row(
        API,
        "IMAGEMILL_HOST must be an IP address or the name of a host, without scheme, port and brackets, "
        "not 'http://0.0.0.0'.",
        HOST="http://0.0.0.0",
    ),
    row(
        PROBED,
        "IMAGEMILL_PROBE_HOST must be an IP address or the name of a host, without scheme, port and brackets, "
        "not '127.0.0.1:9000'.",
        PROBE_HOST="127.0.0.1:9000",
    ),
    row(
        API,
        "IMAGEMILL_FORWARDED_ALLOW_IPS must be addresses and networks with commas between, like 10.0.0.1, 10.1.0.0/16 "
        "(no bits right of the mask), or * alone, not '10.0.0.1/8'.",
        FORWARDED_ALLOW_IPS="10.0.0.1/8",
    ),
    row(
        API,
        "IMAGEMILL_ALLOWED_HOSTS must be names of hosts with commas between, without scheme and port, like "
        "images.example.com, *.example.com, 10.0.0.5 or [::1], not 'https://images.example.com'.",
        ALLOWED_HOSTS="images.lan, https://images.example.com",
    ),
    row(
        API,
        "IMAGEMILL_CORS_ORIGINS must be origins with commas between, with scheme and without path, like "
        "https://app.example.com, http://localhost:3000, or * alone, not 'app.example.com'.",
        CORS_ORIGINS="https://a.example.com, app.example.com",
    ),
    row(
        ALL,
        "IMAGEMILL_ROOT_PATH must be a path that begins with /, like /imagemill, of letters, digits and . _ ~ - only, "
        "not '//imagemill'.",
        ROOT_PATH="//imagemill",
    ),
    row(
        API,
        "IMAGEMILL_ROOT_PATH (/v1/images) must not begin like a path of imagemill's own: /batches, "
        "/docs, /formats, /jobs, /key, /keys, /language, /livez, /manifest.webmanifest, /metrics, /openapi.json, "
        "/problems, /readyz, /static, /v1, /words.",
        ROOT_PATH="/v1/images",
    ),
    row(HOOKED, "IMAGEMILL_WEBHOOKS must be one of off, on, not 'yes'.", WEBHOOKS="yes"),
    row(
        HOOKED,
        "IMAGEMILL_WEBHOOK_ALLOW must be networks (no bits right of the mask), addresses and names with commas between, "
        "like 10.1.0.0/16, receiver.internal, not '10.1.2.3/8'.",
        WEBHOOK_ALLOW="receiver.internal, 10.1.2.3/8",
    ),
    row(
        HOOKED,
        "IMAGEMILL_WEBHOOK_ALLOW must be networks (no bits right of the mask), addresses and names with commas between, "
        "like 10.1.0.0/16, receiver.internal, not 'https://receiver'.",
        WEBHOOK_ALLOW="https://receiver",
    ),
    row(
        JANITOR,
        "IMAGEMILL_WEBHOOKS is on and IMAGEMILL_WEBHOOK_SECRET is empty: messages would not be signed. "
        "docs/webhooks.md says how to make one.",
        WEBHOOKS="on",
    ),
    row(
        JANITOR,
        f"IMAGEMILL_WEBHOOK_SECRET must begin with whsec_. {_MAKE_ONE}",
        WEBHOOK_SECRET=SECRET,
    ),
    row(
        JANITOR,
        f"IMAGEMILL_WEBHOOK_SECRET must be whsec_ and base64. {_MAKE_ONE}",
        WEBHOOK_SECRET=f"whsec_{SECRET}!",
    ),
    row(
        JANITOR,
        f"IMAGEMILL_WEBHOOK_SECRET must hold 24 to 64 bytes, not 6. {_MAKE_ONE}",
        WEBHOOK_SECRET=f"whsec_{SECRET}A",
    ),
    row(PROBED, "IMAGEMILL_PROBE_PORT must be a whole number from 0 to 65535, not '-1'.", PROBE_PORT="-1"),
    row(JANITOR, "IMAGEMILL_SWEEP_SECONDS must be a number above 0 and at most 86400, not '0'.", SWEEP_SECONDS="0"),
    row(
        WORKER,
        "IMAGEMILL_JOB_MEMORY_BYTES must be a whole number from 67108864 to 17592186044416, not '4GiB'.",
        JOB_MEMORY_BYTES="4GiB",
    ),
    row(
        ALL,
        "IMAGEMILL_HEARTBEAT_SECONDS (29) must be at most half of IMAGEMILL_LEASE_SECONDS (30), "
        "so that one lost heartbeat costs no job.",
        HEARTBEAT_SECONDS="29",
    ),
    row(
        WORKER,
        "IMAGEMILL_JOB_WALL_SECONDS must be a number from 0 to 864000, not '-1'.",
        JOB_WALL_SECONDS="-1",
    ),
    row(
        WORKER,
        "IMAGEMILL_JOB_WALL_SECONDS (30) must be at least IMAGEMILL_JOB_SECONDS (60), "
        "because a conversion with a processor of its own may take that long.",
        JOB_WALL_SECONDS="30",
    ),
    row(
        WORKER,
        "IMAGEMILL_MEMORY_BUDGET_BYTES (1000000000) must be at least IMAGEMILL_JOB_MEMORY_BYTES (4294967296), "
        "so that every job that is allowed can run.",
        MEMORY_BUDGET_BYTES="1000000000",
    ),
    row(
        WORKER,
        "IMAGEMILL_MAX_UPLOAD_BYTES (500000000) must be at most IMAGEMILL_JOB_MEMORY_BYTES (100000000), "
        "because a conversion holds the whole file in its memory.",
        MAX_UPLOAD_BYTES="500000000",
        JOB_MEMORY_BYTES="100000000",
    ),
    row(
        API,
        "IMAGEMILL_METRICS_PORT (8000) must not be the same as IMAGEMILL_PORT (8000); "
        "metrics are not for everybody who reaches the API. 0 shows none.",
        METRICS_PORT="8000",
    ),
    row(
        ALL,
        "IMAGEMILL_LOG_FORMAT must be one of auto, json, text, not 'xml'.",
        "IMAGEMILL_MAX_FRAMES must be a whole number from 1 to 1000000, not '0'.",
        MAX_FRAMES="0",
        LOG_FORMAT="xml",
    ),
    row(ALL, f"{_BEGINS} This is a URL for IMAGEMILL_REDIS_URL.", DATABASE_URL=f"redis://:{SECRET}@redis:6379/0"),
    row(ALL, _BEGINS, DATABASE_URL=f"mysql://user:{SECRET}@db/imagemill"),
    row(ALL, f"{_BEGINS} Leave out the quotation marks.", DATABASE_URL=f"'postgresql://user:{SECRET}@db/imagemill'"),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL has a port that is not a whole number from 1 to 65535.",
        DATABASE_URL=f"postgresql://user:{SECRET}@db:99999/imagemill",
    ),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL has a host that cannot be read. Blanks do not belong there, and IPv6 addresses need "
        "brackets.",
        DATABASE_URL=f"postgresql://user:{SECRET}@my db/imagemill",
    ),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL has an option that PostgreSQL's client library does not know. Did you mean sslmode?",
        DATABASE_URL=f"postgresql://user:{SECRET}@db/imagemill?ssl_mode=require",
    ),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL has a value for target_session_attrs that PostgreSQL's client library does not take.",
        DATABASE_URL=f"postgresql://user:{SECRET}@db1,db2/imagemill?target_session_attrs=writable",
    ),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL has a percent escape that is not UTF-8. Write a % itself as %25.",
        DATABASE_URL=f"postgresql://user:{SECRET}%ff@db/imagemill",
    ),
    *REFUSED_REDIS,
)
"""With each of these a program ends at once, with exit status 2."""

WARNED = (
    row(ALL, "IMAGEMILL_SLOT is not a setting and is ignored. Did you mean IMAGEMILL_SLOTS?", SLOT="8"),
    row(
        ALL,
        "IMAGEMILL_DB_URL is not a setting and is ignored. Did you mean IMAGEMILL_DATABASE_URL?",
        DB_URL=f"postgresql://user:{SECRET}@db/imagemill",
    ),
    row(ALL, "IMAGEMILL_VERBOSITY is not a setting and is ignored.", VERBOSITY="3"),
    row(ALL, "IMAGEMILL_DATA_DIR is not a setting and is ignored. Did you mean DATA_DIR?", DATA_DIR="/data"),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL sets connect_timeout, which imagemill sets itself. The one in the URL is ignored.",
        DATABASE_URL=f"postgresql://user:{SECRET}@db/imagemill?connect_timeout=60",
    ),
    row(
        ALL,
        "IMAGEMILL_DATABASE_URL sets statement_timeout (in options), which imagemill sets itself. "
        "The one in the URL is ignored.",
        DATABASE_URL=f"postgresql://user:{SECRET}@db/imagemill?options=-c%20statement_timeout%3D0",
    ),
    row(
        ALL,
        "IMAGEMILL_REDIS_URL sets socket_timeout, which imagemill sets itself. The one in the URL is ignored.",
        REDIS_URL=f"redis://:{SECRET}@redis:6379/0?socket_timeout=60",
    ),
)
"""With each of these a program starts, and says it once in its log."""
