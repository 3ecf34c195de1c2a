"""The filter allows what conversions ask for, and little else."""

from conformance.syscalls.__main__ import find_unexplained
from conformance.syscalls.measuring import convert_samples, is_installed_name, measure_calls
from worker.sandbox import seccomp


def test_no_call_is_allowed_without_need() -> None:
    made = measure_calls(convert_samples)
    assert {"pread64", "pwrite64", "sendto", "recvfrom"} <= {call.name for call in made}
    unused = set(find_unexplained(made))
    if not is_installed_name("heic"):
        unused -= seccomp.OF_THREADS
    assert unused == set()
    for call in made:
        assert call.name not in seccomp.OF_THREADS or "heic" in call.formats, call


def test_reasons_are_of_calls_that_are_allowed() -> None:
    for machine in seccomp.MACHINES.values():
        assert seccomp.KEPT.keys() | seccomp.OF_THREADS | seccomp.CHECKED <= machine.numbers.keys()
