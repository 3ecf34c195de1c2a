"""The names of all settings of all programs, to tell a misspelt one from another program's.

It imports nothing of ours and nothing heavy, because the launcher asks it too; a test compares it with the classes.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

PREFIX = "IMAGEMILL_"

NAMES = frozenset({
    *("ALLOWED_HOSTS", "API_DRAIN_SECONDS", "AUTH", "CORS_ORIGINS", "DATABASE_URL", "DRAIN_SECONDS"),
    *("FORWARDED_ALLOW_IPS", "HEARTBEAT_SECONDS"),
    *("HEIC_WRITING", "HOST", "JOB_MEMORY_BYTES", "JOB_SECONDS", "KEYS", "LEASE_SECONDS", "LOG_FORMAT", "LOG_LEVEL"),
    *("JOB_WALL_SECONDS", "LOG_FILENAMES", "LOG_REQUESTS"),
    *("MAX_ATTEMPTS", "MAX_BATCH_BYTES", "MAX_FRAMES", "MAX_PIXELS", "MAX_QUEUED", "MAX_QUEUE_SECONDS", "MAX_RESULT_BYTES", "MAX_STORED_BYTES"),
    *("MAX_STORED_PER_CLIENT_BYTES", "MAX_TRANSFERS", "MAX_UPLOAD_BYTES", "MAX_WAITERS", "MAX_WAITING_PER_CLIENT"),
    *("MEMORY_BUDGET_BYTES", "METRICS_PORT", "PORT", "PROBE_HOST", "PROBE_PORT", "RATE_LIMIT", "RECORD_DAYS"),
    *("REDIS_URL", "RESUME_HOURS", "RETENTION_HOURS", "ROOT_PATH", "SANDBOX", "SLOTS", "STATUS_CACHE", "SWEEP_SECONDS", "THREADS"),
    *("REDIS_PREFIX", "ZYGOTE_JOBS", "WEBHOOKS", "WEBHOOK_ALLOW", "WEBHOOK_CA_FILE", "WEBHOOK_HTTP", "WEBHOOK_SECRET"),
})  # fmt: skip
"""Without the prefix."""

OF_TESTS = frozenset({
    *("API_IMAGE", "CLUSTER_OUT", "CRDS", "E2E_CLUSTER", "NEXT_API_IMAGE", "PAGE_MEGABYTES", "TAG", "WORKER_IMAGE"),
})  # fmt: skip
"""Variables that our tests read; they may stand in the environment of a program."""

OTHER_WORDS: Mapping[str, str] = {
    "DATA_DIR": "DATA_DIR",
    "DB_URL": "IMAGEMILL_DATABASE_URL",
    "POSTGRES_URL": "IMAGEMILL_DATABASE_URL",
}
"""What is meant by names that are nearer to another setting; the launcher reads DATA_DIR without the prefix."""

SERVICE_LINK = re.compile(r"(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
"""Variables that Kubernetes makes for a Service whose name begins with `imagemill`."""

LINKED_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+", re.IGNORECASE)
"""The value of the one among them that may have the name of a setting, like IMAGEMILL_PORT."""


def warn_unknown(environ: Mapping[str, str]) -> list[str]:
    """Make a sentence for every variable that looks like a setting and is none."""
    return [_sentence(name) for name in unknown_names(environ)]


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that look like a setting and are none."""
    return [name for name, value in sorted(environ.items()) if _is_unknown(name.upper(), value)]


def _is_unknown(name: str, value: str) -> bool:
    short = name.removeprefix(PREFIX)
    if short == name or short in NAMES | OF_TESTS:
        return False
    return not (SERVICE_LINK.fullmatch(short) or (short.endswith("_PORT") and LINKED_ADDRESS.fullmatch(value)))


def _sentence(name: str) -> str:
    candidates = {**{known: PREFIX + known for known in NAMES}, **OTHER_WORDS}
    near = get_close_matches(name.upper().removeprefix(PREFIX), sorted(candidates), n=1)
    question = f" Did you mean {candidates[near[0]]}?" if near else ""
    return f"{name} is not a setting and is ignored.{question}"
