"""What is wrong with the options of a form, told by their labels: the words that scripts use while somebody types.

The API's own sentences name the fields as programs send them, which people have never seen.
"""

from collections.abc import Callable, Mapping

from api.controls import CONTROLS
from api.errors import BadOptions, ImagemillError
from api.figures import count_text
from api.sentences import Told
from api.wording import Words
from core.formats import Format
from core.option_kinds import Option
from core.option_rules import WrongOption
from core.options import BY_NAME

Chosen = Mapping[str, str]

_CONTROLS = {control.name: control for control in CONTROLS}


def tell_wrong_fields(
    refusal: ImagemillError | None, chosen: Chosen, target: Format | None, words: Words
) -> dict[str, Told]:
    """Tell for every field of the form that is wrong what it must be."""
    wrong = refusal.errors if isinstance(refusal, BadOptions) else ()
    return {error.field: _tell_field(error, chosen, target, words) for error in wrong}


def tell_advice(refusal: ImagemillError | None, target: Format | None) -> str:
    """Return the API's advice on all wrong fields, in English; empty where the form itself gives it.

    Beside each option it says which targets take it.
    """
    if not isinstance(refusal, BadOptions):
        return ""
    is_of_target = target is not None and any(error.field not in target.options for error in refusal.errors)
    return "" if is_of_target else refusal.advice


def _tell_field(error: WrongOption, chosen: Chosen, target: Format | None, words: Words) -> Told:
    given = chosen.get(error.field, "").strip()
    if error.field not in _CONTROLS or target is None or not given:
        # Of no field in the form: only the API knows where it stood.
        return Told("", error.detail)
    if error.field not in target.options:
        return Told(words.say("page.option_not_taken", target=target.title))
    option = BY_NAME[error.field]
    if option.read(given) is None:
        return Told(_tell_value(option, words))
    return Told(_RULES[error.field](chosen, target, words))


def _tell_value(option: Option, words: Words) -> str:
    """Tell what the value must be by itself."""
    if option.lowest is not None and option.highest is not None:
        ends = {"lowest": option.lowest, "highest": option.highest}
        return words.say("wrong.number", **{name: count_text(end, words.language) for name, end in ends.items()})
    return words.say(f"wrong.{option.name}" if option.example else "wrong.choice")


def _tell_background(_chosen: Chosen, target: Format, words: Words) -> str:
    return words.say("rule.background", target=target.title)


def _tell_loop(chosen: Chosen, _target: Format, words: Words) -> str:
    return words.say("rule.loop_page" if chosen.get("page", "").strip() else "rule.loop_animation")


def _tell_sizes(chosen: Chosen, target: Format, words: Words) -> str:
    sides = [int(side) for side in str(BY_NAME["sizes"].read(chosen["sizes"].strip())).split(",")]
    side = next(side for side in sides if not target.holds_side(side))
    if target.icon_sides:
        return words.say("rule.sizes_listed", target=target.title, sides=target.shown_sides, side=side)
    return words.say("rule.sizes_up_to", target=target.title, most=target.max_side, side=side)


def _tell_plainly(name: str) -> Callable[[Chosen, Format, Words], str]:
    return lambda _chosen, _target, words: words.say(f"rule.{name}")


_RULES: Mapping[str, Callable[[Chosen, Format, Words], str]] = {
    "background": _tell_background,
    "loop": _tell_loop,
    "sizes": _tell_sizes,
    **{name: _tell_plainly(name) for name in ("fit", "enlarge", "dither", "max_bytes", "effort", "width")},
}
"""How each rule of core.option_rules and api.costs is told, by the field that it finds wrong."""
