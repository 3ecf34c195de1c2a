"""Refuse before the upload is kept what no conversion can do in its time: options that decide on the size themselves."""

from collections.abc import Mapping

from api.errors import BadOptions
from core.costs import advise_cheaper, count_certain_pixels, find_effort, forecast_seconds, is_too_costly
from core.formats import Format
from core.option_kinds import OptionValue
from core.option_rules import WrongOption
from core.options import Options


def check_cost(target: Format, values: Mapping[str, OptionValue], limit: float) -> None:
    """Raise BadOptions when the result takes far more than `limit` seconds to write, whatever the picture."""
    options = Options.of(values)
    pixels = 0 if target.shrinks else count_certain_pixels(options)
    if not is_too_costly(target.name, options, pixels=pixels, limit=limit):
        return
    needed = forecast_seconds(target.name, options, pixels=pixels, searches=1)
    with_effort = f" with effort {find_effort(target.name, options)}" if "effort" in target.options else ""
    detail = (
        f"{options.width} x {options.height} pixels{with_effort} would take about {needed:,.0f} seconds of processor time; "
        f"a job may take {limit:g}. {advise_cheaper(target, options, pixels=pixels, limit=limit)}"
    )
    raise BadOptions(errors=(WrongOption("effort" if options.effort is not None else "width", detail),))
