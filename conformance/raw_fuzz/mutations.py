"""Damage a request, byte by byte, by a seeded random number generator."""

import random
import re
from collections.abc import Callable, Sequence

MOST_BYTES = 200_000
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b"%", b"%00", b"%ff", b";", b",", b'"', b"\\", b"..", b"/", b"?", b"&", b"=", b"#",
    b"--b", b"--b--\r\n", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"0\r\n\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Host: other\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"GET / HTTP/1.1\r\n\r\n",
    b"Content-Type: multipart/form-data; boundary=\r\n", b"Content-Encoding: gzip\r\n", b"Range: bytes=-\r\n", b"Upgrade: websocket\r\n",
)  # fmt: skip
NUMBERS = (
    b"0",
    b"-1",
    b"1",
    b"9" * 20,
    b"9" * 400,
    b"1e9",
    b"nan",
    b"0x10",
    b"2147483648",
    b"18446744073709551616",
    b"",
)
NUMBER = re.compile(rb"\d+")

Mutation = Callable[[random.Random, bytes], bytes]


def damage(dice: random.Random, requests: Sequence[bytes]) -> bytes:
    """Return one of the requests with one to four damages."""
    data = dice.choice(requests)
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(MUTATIONS)(dice, data)[:MOST_BYTES]
    if dice.random() < 0.05:
        data += dice.choice(requests)
    return data


def flip_bit(dice: random.Random, data: bytes) -> bytes:
    """Change one bit."""
    at = dice.randrange(len(data) + 1)
    return data[:at] + bytes(byte ^ (1 << dice.randrange(8)) for byte in data[at : at + 1]) + data[at + 1 :]


def insert_token(dice: random.Random, data: bytes) -> bytes:
    """Insert a word that means something to a parser."""
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(TOKENS) + data[at:]


def insert_line(dice: random.Random, data: bytes) -> bytes:
    """Insert a word behind a line."""
    ends = [found.end() for found in re.finditer(rb"\r\n", data)] or [0]
    at = dice.choice(ends)
    return data[:at] + dice.choice(TOKENS) + data[at:]


def insert_noise(dice: random.Random, data: bytes) -> bytes:
    """Insert random bytes."""
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.randbytes(dice.choice((1, 4, 64, 2000))) + data[at:]


def remove_range(dice: random.Random, data: bytes) -> bytes:
    """Leave some bytes out."""
    at = dice.randrange(len(data) + 1)
    return data[:at] + data[at + dice.choice((1, 2, 10, 100)) :]


def repeat_range(dice: random.Random, data: bytes) -> bytes:
    """Repeat some bytes, many times now and then."""
    at, size = dice.randrange(len(data) + 1), dice.choice((1, 8, 60))
    return data[:at] + data[at : at + size] * dice.choice((2, 2, 3, 1000)) + data[at:]


def repeat_line(dice: random.Random, data: bytes) -> bytes:
    """Repeat one line, or exchange two."""
    lines = data.split(b"\r\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    if dice.random() < 0.5:
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def change_number(dice: random.Random, data: bytes) -> bytes:
    """Replace a number."""
    found = list(NUMBER.finditer(data))
    if not found:
        return data
    number = dice.choice(found)
    return data[: number.start()] + dice.choice(NUMBERS) + data[number.end() :]


def cut_off(dice: random.Random, data: bytes) -> bytes:
    """End early."""
    return data[: dice.randrange(len(data) + 1)]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bit, insert_token, insert_line, insert_noise, remove_range, repeat_range, repeat_line, change_number, cut_off,
)  # fmt: skip
