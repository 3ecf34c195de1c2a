"""Say what is wrong with a setting in one sentence, made from the constraints of its field."""

from collections.abc import Iterator
from types import NoneType
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from core.setting_names import LINKED_ADDRESS, PREFIX
from core.urls import WrongUrl

LONGEST_SHOWN = 60
"""Characters of a wrong value that are shown."""


class WrongSecret(ValueError):
    """A secret cannot be used. The text goes on after the setting's name, and never holds a part of the secret."""


def explain_error(error: ValidationError, kind: type[BaseSettings]) -> list[str]:
    """Make one sentence for every wrong setting, or for every contradiction between settings right alone."""
    return [sentence for problem in error.errors(include_url=False) for sentence in _explain(problem, kind)]


def name_of(field: str) -> str:
    """Return the environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def show_value(value: object) -> str:
    """Quote a value on one line, cut if it is long."""
    text = str(value)
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")


def _explain(problem: ErrorDetails, kind: type[BaseSettings]) -> Iterator[str]:
    own = problem.get("ctx", {}).get("error")
    if not problem["loc"]:
        yield from str(own or problem["msg"]).splitlines()
        return
    field = str(problem["loc"][0])
    variable, info = name_of(field), kind.model_fields[field]
    if not info.repr and not isinstance(own, WrongUrl | WrongSecret):
        # The text of any other error may quote the URL.
        yield f"{variable} is not a URL that can be read."
    elif own is not None:
        yield f"{variable} {own}"
    else:
        yield f"{variable} must be {_wanted(info)}, not {show_value(problem['input'])}{_reason(variable, problem)}."


def _wanted(info: FieldInfo) -> str:
    kind = info.annotation or NoneType
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if kind is bool:
        return "true or false"
    return f"{'a whole number' if kind is int else 'a number'}{_range(info)}"


def _range(info: FieldInfo) -> str:
    least = next((bound.ge for bound in info.metadata if isinstance(bound, Ge)), None)
    above = next((bound.gt for bound in info.metadata if isinstance(bound, Gt)), None)
    most = next((bound.le for bound in info.metadata if isinstance(bound, Le)), None)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    low = f"above {above}" if above is not None else f"of at least {least}" if least is not None else ""
    high = f"at most {most}" if most is not None else ""
    return "".join(f" {part}" for part in (" and ".join(filter(None, (low, high))),) if part)


def _reason(variable: str, problem: ErrorDetails) -> str:
    """Explain a port set to an address: Kubernetes makes our variable's name from a Service's."""
    if not LINKED_ADDRESS.fullmatch(str(problem["input"])):
        return ""
    service = variable.removesuffix("_PORT").replace("_", "-").lower()
    return (
        f": Kubernetes sets it for a Service named {service}."
        " Say enableServiceLinks: false in the pod, or give the Service another name"
    )
