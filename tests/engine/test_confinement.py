"""A child that hostile bytes have taken over gets nowhere, and does no harm to its neighbours."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from benchmarks.bench.memory import photograph
from conformance import images
from conformance.running import LIMITS, Boxed, Result
from core.formats import READABLE, TARGETS
from tests.engine.hostile import NUMBERS
from tests.engine.processes import alive, all_children, children, children_of, command, until, zygotes
from worker.sandbox.supervisor import Sandbox

LAYERS = ("seccomp", "landlock")


@pytest.fixture(scope="module")
def hostile() -> Iterator[Boxed]:
    """A sandbox whose children do as the upload says."""
    box = Sandbox("tests.engine.hostile")
    box.prepare(jobs=2, budget=4 << 30)
    yield Boxed(box, LIMITS)
    box.close()


def told(result: Result) -> str:
    assert result.outcome.failure is not None
    return result.outcome.failure.detail


@pytest.mark.parametrize(
    "deed",
    [
        "socket", "unix-socket", "read-file /etc/hostname", "list-folder /", "stat-file /etc/hostname", "fork", "exec",
        "signal-parent", "signal-any 1", "thread", "environment-file", "memory-of-parent", "executable-memory",
        "send-descriptor", "more-memory", *(f"call {name}" for name in NUMBERS),
    ],
)  # fmt: skip
def test_a_child_is_denied(hostile: Boxed, deed: str) -> None:
    assert told(hostile(f"do {deed}".encode())) in {
        "denied: Operation not permitted", "denied: can't start new thread", "denied: not allowed to raise maximum limit",
    }  # fmt: skip


@pytest.mark.parametrize("target", ["png", "heic"])
def test_every_other_system_call_is_denied(hostile: Boxed, target: str) -> None:
    assert told(hostile(b"do sweep", target=target)) == "succeeded: undenied: []"


def test_a_child_changes_no_file(hostile: Boxed, tmp_path: Path) -> None:
    there, new = tmp_path / "there", tmp_path / "new"
    there.write_text("kept")
    for deed in (f"write-file {there}", f"write-file {new}", f"delete-file {there}"):
        assert told(hostile(f"do {deed}".encode())).startswith("denied: ")
    assert there.read_text() == "kept"
    assert not new.exists()


def test_a_child_knows_no_environment(hostile: Boxed) -> None:
    names = told(hostile(b"do environment")).removeprefix("succeeded: ")
    assert set(names.strip("[]").replace("'", "").split(", ")) <= {
        "PYTHONPATH", "PYTHONSAFEPATH", "GLIBC_TUNABLES", "LD_LIBRARY_PATH", "LC_CTYPE", "OPENBLAS_NUM_THREADS",
    }  # fmt: skip


def test_threads_only_where_a_codec_may_need_them(hostile: Boxed) -> None:
    assert told(hostile(b"do thread", target="heic")) == "succeeded: it ran"
    assert told(hostile(b"do fork", target="heic")).startswith("denied: ")
    assert told(hostile(b"do thread", target="avif")).startswith("denied: ")


def test_what_a_child_says_reaches_no_log(hostile: Boxed, capfd: pytest.CaptureFixture[str]) -> None:
    assert told(hostile(b"do speak")).startswith("denied: ")
    assert "not for the log" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        ("crash", "decoder_crashed"),
        ("abort", "decoder_crashed"),
        ("die 4", "decoder_crashed"),
        ("leave", "decoder_crashed"),
        ("hog", "memory_limit"),
        ("huge-header", "memory_limit"),
        ("say garbage", "decoder_crashed"),
        ('say {"exit": 0}', "decoder_crashed"),
        ('say {"started": 1}', "decoder_crashed"),
        ('say {"header": {"frames": 1}}', "decoder_crashed"),
        ("say-much", "decoder_crashed"),
        ("flood", "decoder_crashed"),
        ("two-headers", "decoder_crashed"),
        ("claim-success", "decoder_crashed"),
        ("fill-result", "internal"),
    ],
)
def test_misbehaviour_is_a_failure_of_its_own_job(hostile: Boxed, deed: str, code: str) -> None:
    result = hostile(f"do {deed}".encode(), memory_bytes=256 << 20, max_result_bytes=5 << 20)
    assert result.failure == code
    assert len(result.data) <= 5 << 20
    assert hostile(images.oriented(1)).converted.width == 48


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to lose")
def test_even_the_conversions_of_root_have_no_capabilities(sandbox: Sandbox) -> None:
    sandbox.prepare(jobs=1, budget=4 << 30)
    (zygote,) = zygotes()
    until(lambda: bool(all_children(zygote)))
    for pid in (zygote, *all_children(zygote)):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        assert [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]


def test_an_endless_loop_ends_in_time(hostile: Boxed) -> None:
    assert hostile(b"do spin", seconds=0.5).failure == "timeout"


def test_a_child_that_misbehaves_takes_no_neighbour_with_it(hostile: Boxed, threads: ThreadPoolExecutor) -> None:
    deeds = [b"do crash", b"do flood", b"do hog", b"do leave"]
    bad = [threads.submit(hostile, deed, memory_bytes=256 << 20) for deed in deeds]
    good = [threads.submit(hostile, images.noisy_jpeg((50 + index, 40))) for index in range(8)]
    assert {job.result().failure for job in bad} == {"decoder_crashed", "memory_limit"}
    assert [job.result().image().width for job in good] == [50 + index for index in range(8)]


def test_no_process_is_left_over(hostile: Boxed) -> None:
    for deed in (b"do crash", b"do leave", b"do flood"):
        hostile(deed)
    # A crash brings a new zygote, and a job after it lets the old one be reaped.
    until(lambda: len(hostile_zygotes()) == 1)
    (zygote,) = hostile_zygotes()
    until(lambda: not children(zygote))
    until(lambda: len(all_children(zygote)) <= 2)


def hostile_zygotes() -> list[int]:
    return [pid for pid in children_of(os.getpid()) if b"hostile" in command(pid) and alive(pid)]


def test_what_the_kernel_lacks_is_said_and_the_rest_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    box = Sandbox("tests.engine.bare")
    try:
        box.prepare(jobs=1, budget=4 << 30, degraded=True)
        assert "no filters here" in capfd.readouterr().out
        assert [REGISTRY.get_sample_value("imagemill_sandbox_layer", {"layer": name}) for name in LAYERS] == [0, 0]
        assert Boxed(box, LIMITS)(images.oriented(1), target="avif").converted.width == 48
    finally:
        box.close()


def test_this_kernel_has_every_layer(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    sandbox.prepare(jobs=1, budget=4 << 30)
    assert "sandbox layer missing" not in capfd.readouterr().out
    assert [REGISTRY.get_sample_value("imagemill_sandbox_layer", {"layer": name}) for name in LAYERS] == [1, 1]


@pytest.fixture(scope="module")
def strict() -> Iterator[Boxed]:
    """A sandbox in which a system call that is not allowed is death, not an error."""
    box = Sandbox("tests.engine.strict")
    box.prepare(jobs=2, budget=4 << 30)
    yield Boxed(box, LIMITS)
    box.close()


@pytest.mark.parametrize("target", [fmt.name for fmt in TARGETS])
def test_no_codec_asks_for_what_is_denied(strict: Boxed, target: str) -> None:
    """Whatever a library loads, opens or sets up was done in the zygote."""
    for data, source in (
        (images.oriented(6), "jpeg"),
        (images.png_with_alpha(), "png"),
        (images.animated_gif(), "gif"),
    ):
        result = strict(data, source=source, target=target)
        assert result.outcome.failure is None, result.outcome
        if target in {fmt.name for fmt in READABLE}:
            again = strict(result.data, source=target, target="png")
            assert again.outcome.failure is None, again.outcome


@pytest.mark.parametrize("target", ["avif", "heic", "jxl", "webp", "jp2"])
def test_no_codec_asks_for_what_is_denied_for_a_picture_of_many_tiles(strict: Boxed, target: str) -> None:
    """Threads, where a library starts some, come with the size; jxl, webp and jp2 get none."""
    data = images.encoded(photograph("RGBA", (2400, 1100)), "TIFF")
    there = strict(data, source="tiff", target=target)
    assert there.outcome.failure is None, there.outcome
    back = strict(there.data, source=target, target="bmp")
    assert back.outcome.failure is None, back.outcome
