"""Faults of Redis: gone, silent, emptied, full, demoted, loading, refusing, and messages that are not ours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import redis as client_library

from conformance.faults.program_rows import again, done, each_of, rest
from conformance.faults.rows import Fault, Row
from conformance.faults.stand import Stand
from conformance.faults.traffic import Manner
from conformance.names import GROUP, STREAM
from core.queue import FIELD

BUSY = "local since = redis.call('TIME')[1]; repeat until redis.call('TIME')[1] - since >= tonumber(ARGV[1]) return 1"
DEAD_PORT = 1


def command(client: client_library.Redis, *words: object) -> None:
    client.execute_command(*words)  # type: ignore[no-untyped-call] # untyped in redis-py


def ask(*words: object) -> Callable[[Stand], None]:
    """Make one command."""

    def work(stand: Stand) -> None:
        with stand.redis_client() as client:
            command(client, *words)

    return work


def configured(**settings: str) -> Fault:
    """Make a fault of settings of the server, which get their old values afterwards."""

    @contextmanager
    def fault(stand: Stand) -> Iterator[None]:
        names = {name.replace("_", "-"): value for name, value in settings.items()}
        with stand.redis_client() as client:
            before = {name: client.config_get(name)[name] for name in names}
            for name, value in names.items():
                client.config_set(name, value)
            command(client, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try:
                yield
            finally:
                for name, old in before.items():
                    client.config_set(name, str(old))

    return fault


@contextmanager
def demoted(stand: Stand) -> Iterator[None]:
    """A replica of a server that is not there: it answers reads and refuses writes."""
    ask("REPLICAOF", "127.0.0.1", DEAD_PORT)(stand)
    try:
        yield
    finally:
        ask("REPLICAOF", "NO", "ONE")(stand)


@contextmanager
def demoted_and_stale(stand: Stand) -> Iterator[None]:
    """The same, and it does not even answer reads (MASTERDOWN)."""
    with configured(replica_serve_stale_data="no")(stand), demoted(stand):
        yield


@contextmanager
def slow_script(stand: Stand) -> Iterator[None]:
    """A script of somebody else runs for seconds; nobody is answered meanwhile, and then BUSY."""
    with stand.redis_client() as client:
        client.config_set("busy-reply-threshold", 1000)
    worker = threading.Thread(target=ask("EVAL", BUSY, 0, 4), args=(stand,))
    worker.start()
    yield
    worker.join(30)


@contextmanager
def password(stand: Stand) -> Iterator[None]:
    """A password that our programs do not know: NOAUTH."""
    # One connection for all: no other gets in without the password.
    with stand.redis_client() as client:
        command(client, "ACL", "SETUSER", "default", "resetpass", ">secret")
        command(client, "AUTH", "secret")
        command(client, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try:
            yield
        finally:
            command(client, "ACL", "SETUSER", "default", "nopass")


@contextmanager
def restarted_server(stand: Stand) -> Iterator[None]:
    stand.redis.stop()
    yield
    stand.redis.start()


def restart_without_data(stand: Stand) -> None:
    """It comes back empty, as one without a volume."""
    with stand.redis_client() as client:
        client.flushall()
    stand.redis.kill()
    stand.redis.start()


def add_foreign(stand: Stand) -> None:
    with stand.redis_client() as client, client.pipeline() as pipe:
        for number in range(40):
            pipe.xadd(STREAM, {"other": str(number)})
            pipe.xadd(STREAM, {FIELD: "no id"})
            pipe.xadd(STREAM, {FIELD: str(uuid4())})
        pipe.execute()


def double_messages(stand: Stand) -> None:
    with stand.redis_client() as client, client.pipeline() as pipe:
        for _, values in client.xrange(STREAM) or []:
            for _ in range(3):
                pipe.xadd(STREAM, {str(name): str(value) for name, value in (values or {}).items()})
        pipe.execute()


def add_jobs_again(stand: Stand) -> None:
    """A message for every job of the last minute, over or not."""
    found = stand.sql("SELECT id::text FROM jobs WHERE created_at > now() - interval '1 minute'")
    with stand.redis_client() as client, client.pipeline() as pipe:
        for (job_id,) in found:
            pipe.xadd(STREAM, {FIELD: str(job_id)})
        pipe.execute()


def acknowledge_all(stand: Stand) -> None:
    """Somebody acknowledges what others hold: messages in nobody's list, which nobody reads (ghosts)."""
    with stand.redis_client() as client:
        entries = client.xpending_range(STREAM, GROUP, "-", "+", 1000)
        if entries:
            client.xack(STREAM, GROUP, *(entry["message_id"] for entry in entries))


def skip_all(stand: Stand) -> None:
    with stand.redis_client() as client, suppress(client_library.ResponseError):
        client.xgroup_setid(STREAM, GROUP, "$")


def take_as_stranger(stand: Stand) -> None:
    """A consumer that is none of ours reads messages and is gone."""
    with stand.redis_client() as client, suppress(client_library.ResponseError):
        client.xreadgroup(GROUP, f"stranger-{uuid4().hex[:6]}", {STREAM: ">"}, count=10)


def forget_consumers(stand: Stand) -> None:
    with stand.redis_client() as client:
        for consumer in client.xinfo_consumers(STREAM, GROUP):
            client.xgroup_delconsumer(STREAM, GROUP, consumer["name"])


def replace_by_text(stand: Stand) -> None:
    """The key of the stream holds something else for a while (WRONGTYPE)."""
    with stand.redis_client() as client:
        client.set(STREAM, "not a stream")


@contextmanager
def wrong_type(stand: Stand) -> Iterator[None]:
    replace_by_text(stand)
    try:
        yield
    finally:
        ask("DEL", STREAM)(stand)


def redis(name: str, says: str, fault: Fault, **more: object) -> Row:
    return Row(name=f"redis-{name}", kind="Redis", says=says, fault=fault, keeps_attempts=True, **more)  # type: ignore[arg-type] # fields of Row


def on(method: str) -> Callable[[Stand], object]:
    return lambda stand: getattr(stand.redis, method)()


ROWS = (
    redis("restart", "stopped, and started again", restarted_server),
    redis("kill", "SIGKILL", done(on("kill"))),
    redis("stop", "SIGSTOP: it is silent", done(on("pause")), seconds=5.5),
    redis("empty", "killed, and back without any data", done(restart_without_data)),
    redis("flush", "FLUSHALL", done(ask("FLUSHALL")), is_quick=True),
    Row(name="long-flush", kind="Redis", says="FLUSHALL while a few long conversions run, and nothing else comes", fault=done(ask("FLUSHALL")),
        keeps_attempts=True, manner=Manner(least_hold=8.0, hold=10.0, most=6)),
    Row(name="backlog-flush", kind="Redis", says="FLUSHALL while twice as many jobs wait as run, and nothing else comes",
        fault=done(ask("FLUSHALL")), keeps_attempts=True, manner=Manner(rate=24.0, least_hold=2.0, hold=3.0, most=36)),
    redis("flush-again", "FLUSHALL, six times", again(ask("FLUSHALL"))),
    redis("del-stream", "DEL of the stream", done(ask("DEL", STREAM))),
    redis("trim", "XTRIM of the stream to nothing", done(ask("XTRIM", STREAM, "MAXLEN", 0))),
    redis("group-destroyed", "XGROUP DESTROY", done(ask("XGROUP", "DESTROY", STREAM, GROUP))),
    redis("group-skips", "XGROUP SETID to the end: what waits is passed over", done(skip_all)),
    redis("consumers-deleted", "XGROUP DELCONSUMER of all: their messages are in nobody's list", done(forget_consumers)),
    redis("ghosts", "all that is held is acknowledged by somebody else", again(acknowledge_all)),
    redis("stranger", "a stranger reads ten messages and is gone, six times", again(take_as_stranger)),
    redis("wrong-type", "the stream's key holds a text", wrong_type),
    redis("full", "maxmemory of 1 byte: OOM", configured(maxmemory="1", maxmemory_policy="noeviction")),
    redis("evicting", "maxmemory so small that every cached state goes", configured(maxmemory="1mb")),
    redis("demoted", "REPLICAOF: READONLY to every write", demoted),
    redis("demoted-stale", "a replica without its master, which answers nothing: MASTERDOWN", demoted_and_stale),
    redis("no-replicas", "min-replicas-to-write: NOREPLICAS", configured(min_replicas_to_write="1")),
    redis("no-room", "maxclients of 1", configured(maxclients="1")),
    redis("password", "a password that we do not have: NOAUTH", password),
    redis("paused", "CLIENT PAUSE of all for 3 s", done(ask("CLIENT", "PAUSE", 3000, "ALL"))),
    redis("paused-writes", "CLIENT PAUSE of writes for 3 s", done(ask("CLIENT", "PAUSE", 3000, "WRITE"))),
    redis("slow-script", "a script of 4 s: silence, then BUSY", slow_script),
    redis("clients-killed", "CLIENT KILL of all, twelve times",
          again(ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"), every=0.25, times=12)),
    redis("listeners-killed", "CLIENT KILL of all subscribers, twelve times",
          again(ask("CLIENT", "KILL", "TYPE", "pubsub"), every=0.25, times=12)),
    redis("foreign", "messages of strangers, of no job and of unknown jobs", done(add_foreign)),
    redis("doubled", "each message three times more, six times", again(double_messages)),
    redis("again", "a message for every job of the last minute", done(add_jobs_again)),
    redis("swapped", "SWAPDB with an empty database, and back",
          each_of(ask("SWAPDB", 0, 1), rest(1.0), ask("SWAPDB", 0, 1))),
)  # fmt: skip
