"""The launcher's errors.

StartupError 1
  +- WrongSetting 2
       +- RefusedSettings 2
"""

from typing import ClassVar


class StartupError(Exception):
    """Something keeps the service from starting. The text is a sentence for the person at the terminal."""

    exit_status: ClassVar[int] = 1


class WrongSetting(StartupError):
    """A setting has to be changed before a start can succeed."""

    exit_status = 2


class RefusedSettings(WrongSetting):
    """A program of ours refused its settings and said why, so there is nothing to add."""

    def __init__(self) -> None:
        super().__init__("")
