"""Target and options looked up in what the service says of itself, before a byte is uploaded."""

from collections.abc import Mapping

from imagemill_client.command.exits import Misuse
from imagemill_client.models import FormatInfo, Formats, OptionInfo


def check_order(formats: Formats, to: str, options: Mapping[str, object]) -> FormatInfo:
    """Return the target. Raises Misuse with a sentence for everything that this service would refuse."""
    target = formats.find_target(to)
    if target is None:
        raise Misuse(_explain_target(formats, to))
    wrong = [sentence for name, value in options.items() if (sentence := _find_fault(formats, target, name, value))]
    if wrong:
        raise Misuse(f"{' '.join(wrong)} {target.title} takes: {', '.join(target.options)}.")
    return target


def _explain_target(formats: Formats, to: str) -> str:
    for missing in formats.unavailable:
        if missing.code == to.lower():
            return missing.detail
    return f"'{to}' is not a target of this service. Targets: {', '.join(target.name for target in formats.write)}."


def _find_fault(formats: Formats, target: FormatInfo, name: str, value: object) -> str | None:
    info = target.options.get(name)
    if info is None:
        known = any(name in other.options for other in formats.write)
        return f"{target.title} takes no {name}." if known else f"'{name}' is not an option."
    if _is_allowed(info, value):
        return None
    return f"{name} must be {info.allowed or info.type}, not '{value}'."


def _is_allowed(info: OptionInfo, value: object) -> bool:
    if info.enum is not None:
        return str(value) in map(str, info.enum)
    if info.type != "integer":
        return True
    try:
        number = int(str(value))
    except ValueError:
        return False
    lowest = number if info.minimum is None else info.minimum
    highest = number if info.maximum is None else info.maximum
    return lowest <= number <= highest
