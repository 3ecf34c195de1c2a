"""What stands in the query of an address: nothing of it is passed over where it was meant to do something."""

from starlette.datastructures import QueryParams

from api.errors import BadOptions, WrongParameters
from core.option_rules import WrongOption
from core.options import show_text

MOST_NAMED = 10
"""Parameters that one refusal names."""


def refuse_options(query: QueryParams, *known: str) -> None:
    """Raise BadOptions for parameters in the address of a form: its fields are read from the body alone."""
    names = [name for name in _list_names(query) if name not in known]
    if names:
        raise BadOptions(
            errors=tuple(
                WrongOption(name, f"{show_text(name)} stands in the address, not in the form.") for name in names
            ),
            advice="Options are fields of the form here, beside the file. POST /v1/convert takes them in the address too.",
        )


def refuse_strays(query: QueryParams, known: str) -> None:
    """Raise WrongParameters for parameters other than the one that is known."""
    strays = [show_text(name) for name in _list_names(query) if name != known]
    if strays:
        raise WrongParameters(sentences=f"The only parameter here is {known}, and not {', '.join(strays)}.")


def _list_names(query: QueryParams) -> list[str]:
    return list(dict.fromkeys(name[:80] for name in query))[:MOST_NAMED]
