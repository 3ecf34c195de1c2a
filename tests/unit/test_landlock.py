"""What is asked of kernels that the tests do not run on: an older one rejects fields and rights that it does not know."""

import struct

import pytest

from worker.sandbox.landlock import pack_ruleset


@pytest.mark.parametrize(
    ("version", "rights"),
    [
        (1, (0x1FFF,)),
        (2, (0x3FFF,)),
        (3, (0x7FFF,)),
        (4, (0x7FFF, 0x3)),
        (5, (0xFFFF, 0x3)),
        (6, (0xFFFF, 0x3, 0x3)),
        (9, (0xFFFF, 0x3, 0x3)),
    ],
)
def test_a_kernel_is_asked_for_the_rights_of_its_version(version: int, rights: tuple[int, ...]) -> None:
    assert pack_ruleset(version) == struct.pack(f"{len(rights)}Q", *rights)
