"""Make the tables of docs/formats.md from core.formats and core.failures; tools.doc_tables writes them."""

import re

from core.failures import FAILURES, WARNINGS
from core.formats import FORMATS, READABLE, TARGETS, Alpha, Format, Frames
from core.options import OPTIONS

FRAMES = {
    Frames.SINGLE: "one",
    Frames.ANIMATION: "animation",
    Frames.PAGES: "pages",
    Frames.ALBUM: "the first of several",
}
PARTS = ("exif", "xmp", "iptc", "comment", "text")
NOTHING = "·"


def formats_table() -> str:
    """Every format: whether it is read, its names as a target, and the options that it takes."""
    lines = ["| format | read | target | options |", "|---|---|---|---|"]
    for fmt in FORMATS:
        names = ", ".join(f"`{name}`" for name in (fmt.name, *fmt.aliases)) if fmt.writes else ""
        options = ", ".join(f"`{option.name}`" for option in OPTIONS if option.name in fmt.options and fmt.writes)
        needs = f" (where `{fmt.encoder.replace('_', '-')}` is installed)" if fmt.encoder else ""
        lines.append(f"| {fmt.title} | {'yes' if fmt.reads else ''} | {names}{needs} | {options} |")
    return "\n".join(lines)


def sources_table() -> str:
    """What is read of each format."""
    lines = [
        "| read | transparency | frames | bits a sample | colour profile | metadata |",
        "|---|---|---|---|---|---|",
    ]
    for fmt in READABLE:
        has = fmt.carries
        bits = "8" if has.bits == 8 else f"up to {has.bits}; {'16 of grey are' if has.grey16 else '8 are'} read"
        cells = [_yes(has.alpha), FRAMES[has.frames], bits, _yes(has.profile), _parts(has.metadata)]
        lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def targets_table() -> str:
    """What each target can hold."""
    lines = [
        "| written | transparency | frames | 16-bit grey | colour profile | metadata | largest side |",
        "|---|---|---|---|---|---|---|",
    ]
    for fmt in TARGETS:
        alpha = {Alpha.NONE: "", Alpha.BINARY: "on or off", Alpha.FULL: "yes"}[fmt.alpha]
        side = f"{fmt.max_side:,}" if fmt.max_side < 1 << 30 else "any"
        if fmt.shrinks:
            side += ", made smaller"
        cells = [
            alpha,
            FRAMES[fmt.frames],
            _yes(fmt.keeps_grey16),
            _yes(bool(fmt.profile_modes)),
            _parts(fmt.metadata),
            side,
        ]
        lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def pairs_table() -> str:
    """What of a source each target keeps, a letter each."""
    lines = ["| from \\ to | " + " | ".join(fmt.title for fmt in TARGETS) + " |", "|---" * (len(TARGETS) + 1) + "|"]
    lines.extend(
        f"| **{source.title}** | " + " | ".join(kept(source, target) for target in TARGETS) + " |"
        for source in READABLE
    )
    return "\n".join(lines)


def kept(source: Format, target: Format) -> str:
    """The letters of what stays of all that such a file can bring along."""
    has = source.carries
    parts = has.metadata & target.metadata
    letters = [
        {Alpha.FULL: "A", Alpha.BINARY: "a", Alpha.NONE: ""}[target.alpha] if has.alpha else "",
        "F" if keeps_frames(has.frames, target.frames) else "",
        "D" if has.grey16 and target.keeps_grey16 else "",
        "C" if has.profile and target.profile_modes else "",
        ("M" if parts == has.metadata else "m") if parts else "",
    ]
    return "".join(letters) or NOTHING


def keeps_frames(source: Frames, target: Frames) -> bool:
    """Whether several frames live on: a film as a film or as pages, pages as pages."""
    return (
        target is Frames.PAGES and source in {Frames.ANIMATION, Frames.PAGES}
    ) or source is target is Frames.ANIMATION


def codes_table() -> str:
    """Every failure and warning code with its sentence."""
    lines = ["| code | kind | sentence |", "|---|---|---|"]
    lines.extend(f"| `{code}` | failure | {_sentence(cause.sentence)} |" for code, cause in FAILURES.items())
    lines.extend(f"| `{code}` | warning | {_sentence(loss.sentence)} |" for code, loss in WARNINGS.items())
    return "\n".join(lines)


def _yes(it_does: bool) -> str:
    return "yes" if it_does else ""


def _parts(parts: frozenset[str]) -> str:
    spoken = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC"}
    return ", ".join(spoken.get(part, part) for part in PARTS if part in parts)


def _sentence(text: str) -> str:
    """A sentence with the names of its figures; a reason that only some add is left out."""
    text = text.replace("({why})", "(*why*)")
    return re.sub(r"\{(\w+)[^}]*\}", lambda figure: "" if figure[1] == "why" else f"*{figure[1]}*", text)
