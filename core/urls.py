"""Split the URLs of databases as people write them.

A password may hold any character, raw or percent-encoded, so the rules of RFC 3986 are relaxed:
the options begin at the first `?` that no password can hold, the user info ends at the last `@` before them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import unquote

LARGEST_PORT = 65_535


class WrongUrl(ValueError):
    """A URL cannot be used. The text goes on after the setting's name, and never holds a part of the URL."""


@dataclass(frozen=True, slots=True, repr=False)
class Url:
    """The decoded parts of a URL; only `hosts` is as it was written, because its commas and colons separate."""

    scheme: str
    user: str
    password: str
    hosts: str
    path: str
    options: tuple[tuple[str, str], ...]


def clean_url(text: str) -> str:
    """Take off blanks and newlines around the URL, and the newlines brought into its middle by a Secret's file.

    Raises WrongUrl for bytes that are no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WrongUrl("must be text in UTF-8.") from None
    return re.sub(r"[\r\n]", "", text.strip())


def split_url(text: str, is_option: Callable[[str], bool]) -> Url:
    """Split a URL; `is_option` knows the names of options. Raises WrongUrl."""
    scheme, _, rest = text.partition("://")
    before, options = _split_options(rest, is_option)
    user_info, place = _split_user_info(scheme, before)
    user, _, password = user_info.partition(":")
    hosts, slash, path = place.partition("/")
    pairs = tuple(_pair(option) for option in options.split("&") if option)
    return Url(scheme, decode(user), decode(password), hosts, slash + decode(path), pairs)


def decode(text: str) -> str:
    """Decode `%` and two hex digits; any other `%` is meant as it stands. Raises WrongUrl."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise WrongUrl("has a percent escape that is not UTF-8. Write a % itself as %25.") from None


def check_port(text: str) -> None:
    """Raise WrongUrl unless it is a port, or empty."""
    if text and not (re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= LARGEST_PORT):
        raise WrongUrl(f"has a port that is not a whole number from 1 to {LARGEST_PORT}.")


def split_host(text: str) -> tuple[str, str]:
    """Split `host:port`, `[IPv6]:port` or either without its port. Raises WrongUrl."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:#?@\[\]]*)(?::(.*))?", text)
    if not found:
        raise WrongUrl("has a host that cannot be read. Blanks do not belong there, and IPv6 addresses need brackets.")
    check_port(found[2] or "")
    return found[1], found[2] or ""


def refuse_option(given: str, known: Iterable[str], program: str) -> WrongUrl:
    """Make the error of an unknown option; the name is not shown because it may be a part of a password."""
    near = get_close_matches(given.lower(), list(known), n=1)
    question = f" Did you mean {near[0]}?" if near else " In a password write ? as %3F and & as %26."
    return WrongUrl(f"has an option that {program} does not know.{question}")


def refuse_scheme(text: str, schemes: Iterable[str], others: dict[str, str]) -> WrongUrl:
    """Make the error of another scheme; `others` names the setting of some other schemes."""
    first, *rest = (f"{scheme}://" for scheme in schemes)
    sentence = f"must begin with {first} (or {' or '.join(rest)})."
    if setting := others.get(text.partition(":")[0].lower()):
        return WrongUrl(f"{sentence} This is a URL for {setting}.")
    if text[:1] in {'"', "'"}:
        return WrongUrl(f"{sentence} Leave out the quotation marks.")
    return WrongUrl(sentence)


def _split_options(rest: str, is_option: Callable[[str], bool]) -> tuple[str, str]:
    """Split at the `?` of the options: no `@` follows it, or the name of an option does. Any other is in a password."""
    for found in re.finditer(r"\?", rest):
        after = rest[found.end() :]
        name, equals, _ = after.partition("=")
        if "@" not in after or (equals and is_option(name)):
            return rest[: found.start()], after
    return rest, ""


def _split_user_info(scheme: str, text: str) -> tuple[str, str]:
    if text.startswith("/"):
        return "", text
    if scheme == "unix":
        user_info, at, path = text.rpartition("@/")
        return user_info, f"/{path}" if at else text
    user_info, _, place = text.rpartition("@")
    return user_info, place


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise WrongUrl("has an option without a value. Options are written ?name=value&name=value.")
    return decode(name), decode(value)
