"""`make syscalls`: the system calls that conversions made, beside those that their filter allows.

Ends with 1 when a call is allowed that none made and that has no reason in `worker.sandbox.seccomp.KEPT`.
"""

import platform
import sys

from conformance.syscalls.measuring import Call, convert_everything, measure_calls
from worker.sandbox import seccomp


def main() -> int:
    """Measure and print the table."""
    made = measure_calls(convert_everything)
    print("\n".join(make_table(made)))
    unexplained = find_unexplained(made)
    print(f"{len(made)} calls made, {len(seccomp.MACHINES[platform.machine()].numbers)} allowed")
    if unexplained:
        print(f"Allowed, but not made and without a reason in KEPT: {', '.join(unexplained)}")
    return 1 if unexplained else 0


def make_table(made: list[Call]) -> list[str]:
    """Return the lines of a table in Markdown."""
    unmade = sorted(seccomp.MACHINES[platform.machine()].numbers.keys() - {call.name for call in made})
    return [
        "| call | allowed | conversions | formats, or why it is allowed |",
        "|---|---|---|---|",
        *(f"| `{call.name}` | {_tell_when(call.name)} | {call.conversions} | {_tell_formats(call)} |" for call in made),
        *(f"| `{name}` | {_tell_when(name)} | 0 | {seccomp.KEPT.get(name, 'no reason')} |" for name in unmade),
    ]


def find_unexplained(made: list[Call]) -> list[str]:
    """Return the calls that are allowed without need."""
    allowed = seccomp.MACHINES[platform.machine()].numbers.keys()
    return sorted(allowed - {call.name for call in made} - seccomp.KEPT.keys())


def _tell_when(name: str) -> str:
    return "with threads" if name in seccomp.OF_THREADS else "always"


def _tell_formats(call: Call) -> str:
    return ", ".join(call.formats) if len(call.formats) <= 6 else f"{len(call.formats)} formats"


if __name__ == "__main__":
    sys.exit(main())
