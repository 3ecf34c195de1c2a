"""A zygote whose children die of the first system call that their filter does not allow.

With an exception, where threads are allowed: x265 encodes transparency in threads of its own. It asks for the number of
processors, which the C library looks up in files, and wants other priorities for them; it does without both.
"""

import errno
import platform

from worker.sandbox import seccomp, zygote

DONE_WITHOUT = {
    "openat": {"x86_64": 257, "aarch64": 56},
    "getpriority": {"x86_64": 140, "aarch64": 141},
    "setpriority": {"x86_64": 141, "aarch64": 140},
}
START = 4 * 8
"""Where the part of a filter begins that looks at the number of the call: behind four instructions."""

build = seccomp.build_program


def strict(machine: seccomp.Machine, process: int, *, threads: bool) -> bytes:
    """The worker's filter, but deadly."""
    program = build(machine, process, threads=threads, denied=seccomp.RET_KILL_PROCESS)
    if not threads:
        return program
    refused = b"".join(
        seccomp._jump(seccomp.IF_EQUAL, numbers[platform.machine()], 0, 1)
        + seccomp._return(seccomp.RET_ERRNO | errno.EPERM)
        for numbers in DONE_WITHOUT.values()
    )
    return program[:START] + refused + program[START:]


if __name__ == "__main__":
    vars(seccomp).update(build_program=strict)
    # The check at the start asks for what is denied.
    vars(zygote).update(check_filter=str)
    zygote.main()
