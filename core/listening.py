"""Say in one sentence why a program cannot listen on the address and port of its settings."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from core.process import FAILED, WRONG_SETTING, CannotStart
from core.setting_errors import name_of, show_value

NOT_OURS = {
    *(errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL),
    *(socket.EAI_ADDRFAMILY, socket.EAI_AGAIN, socket.EAI_NONAME),
}
"""What is said of an address that no interface of this machine has, or of a name that has no address.

The resolver's numbers are below zero, the kernel's above; some servers raise them as a plain OSError.
"""
FORBIDDEN = {errno.EACCES, errno.EPERM}


@contextmanager
def listening_on(host_field: str, host: str, port_field: str, port: int) -> Iterator[None]:
    """Turn a server's OSError at the start of its listening into CannotStart."""
    try:
        yield
    except OSError as error:
        raise _reason(error, host_field, host, port_field, port) from None


def _reason(error: OSError, host_field: str, host: str, port_field: str, port: int) -> CannotStart:
    if error.errno == errno.EADDRINUSE:
        return CannotStart(
            f"Port {port} on {host} is taken by another program. Stop that one, or change {name_of(port_field)}.",
            FAILED,
        )
    if error.errno in FORBIDDEN:
        return CannotStart(
            f"{name_of(port_field)} is {port}, a port that this process has no right to. Take one from 1024 to 65535.",
            WRONG_SETTING,
        )
    if error.errno in NOT_OURS:
        return CannotStart(
            f"{name_of(host_field)} must be an address of this machine, not {show_value(host)}.", WRONG_SETTING
        )
    return CannotStart(f"Port {port} on {host} cannot be listened on: {error.strerror}.", FAILED)
