"""The options of a conversion as flags of the command line, from one table."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, Optional

import typer

from imagemill_client.command.exits import Misuse

PANEL = "Options of the conversion"


class Flag(NamedTuple):
    """An option of the service. `/v1/formats` says which target takes it, and checks its value."""

    name: str
    type: type
    help: str


FLAGS = (
    Flag("quality", int, "1 to 100; lower is smaller, higher is truer."),
    Flag("lossless", bool, "Encode every pixel as it is."),
    Flag("max_bytes", int, "Search the best quality whose result has at most so many bytes."),
    Flag("subsampling", str, "Resolution of colour: 420, 422 or 444."),
    Flag("rotate", int, "Turn clockwise by 0, 90, 180 or 270 degrees."),
    Flag("crop", str, "x,y,width,height in pixels, or a ratio like 16:9."),
    Flag("width", int, "Width in pixels."),
    Flag("height", int, "Height in pixels."),
    Flag("fit", str, "How both are met: inside, cover, fill or pad."),
    Flag("enlarge", bool, "Let width and height make a picture larger than it is."),
    Flag("background", str, "Colour under transparent parts: #rrggbb or a CSS name."),
    Flag("metadata", str, "strip, safe or keep."),
    Flag("color", str, "srgb, or keep the colour profile."),
    Flag("colors", int, "A palette of at most so many colours, 2 to 256."),
    Flag("dither", bool, "Mix the colours of a palette by patterns of dots."),
    Flag("animation", str, "keep, or only the first frame or page."),
    Flag("loop", int, "How often an animation plays; 0 is forever."),
    Flag("page", int, "Only this page or frame, from 1."),
    Flag("effort", int, "0 fastest to 9 smallest."),
    Flag("progressive", bool, "Show coarsely first."),
    Flag("dpi", int, "Resolution for printing."),
    Flag("paper", str, "Pages of a PDF: fit, a4 or letter."),
    Flag("sizes", str, "Sides of an icon's pictures, like 16,32,48."),
)


def with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, in place of its `**options`, a flag for each option of the service."""
    own = inspect.signature(command, eval_str=True)
    kept = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    added = [_make_parameter(flag) for flag in FLAGS]

    @functools.wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 - what typer read
        command(**given)

    run.__signature__ = own.replace(parameters=[*_as_keywords(kept), *added])  # type: ignore[attr-defined]
    return run


def _as_keywords(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    return [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]


def _make_parameter(flag: Flag) -> inspect.Parameter:
    name = flag.name.replace("_", "-")
    spelling = f"--{name}/--no-{name}" if flag.type is bool else f"--{name}"
    option = typer.Option(spelling, help=flag.help, rich_help_panel=PANEL, show_default=False)
    annotation: Any = Annotated[Optional[flag.type], option]  # noqa: UP045 - made at run time
    return inspect.Parameter(flag.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def read_options(given: Mapping[str, Any], more: list[str]) -> dict[str, Any]:
    """Return the options that were given, those of `--option name=value` too. Raises Misuse."""
    options = {name: value for name, value in given.items() if value is not None}
    for text in more:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise Misuse(f"--option takes name=value, not '{text}'.")
        options[name.strip().replace("-", "_")] = value.strip()
    return options
