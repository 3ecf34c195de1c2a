"""Make the tables of docs/formats.md from core.formats, core.failures and core.losses; tools.doc_tables writes them."""

import re
from dataclasses import fields

from core.failures import FAILURES, Cause
from core.formats import EVERY_TARGET, FORMATS, READABLE, TARGETS, Alpha, Format, Frames
from core.losses import WARNINGS, Loss
from core.options import OPTIONS

FRAMES = {
    Frames.SINGLE: "one",
    Frames.ANIMATION: "animation",
    Frames.PAGES: "pages",
    Frames.ALBUM: "the first of several",
}
PARTS = ("exif", "xmp", "iptc", "comment", "text")
NOTHING = "·"


def make_formats_table() -> str:
    """List every format: whether it is read, its names as a target, and its options beside those of all targets."""
    lines = ["| format | read | target | further options |", "|---|---|---|---|"]
    for fmt in FORMATS:
        names = ", ".join(f"`{name}`" for name in (fmt.name, *fmt.aliases)) if fmt.writes else ""
        own = fmt.options - EVERY_TARGET if fmt.writes else frozenset()
        options = ", ".join(f"`{option.name}`" for option in OPTIONS if option.name in own)
        needs = f" (where `{fmt.encoder.replace('_', '-')}` is installed)" if fmt.encoder else ""
        lines.append(f"| {fmt.title} | {'yes' if fmt.reads else ''} | {names}{needs} | {options} |")
    return "\n".join(lines)


def make_options_table() -> str:
    """List every option: its values, what holds without it, its targets, and what it does."""
    lines = ["| option | must be | default | targets | what it does |", "|---|---|---|---|---|"]
    for option in OPTIONS:
        takers = [fmt.title for fmt in TARGETS if option.name in fmt.options]
        targets = "all" if len(takers) == len(TARGETS) else ", ".join(takers)
        default = "" if option.default is None else f"`{str(option.default).lower()}`"
        lines.append(f"| `{option.name}` | {option.allowed} | {default} | {targets} | {option.sentence} |")
    return "\n".join(lines)


def make_sources_table() -> str:
    """List the parts read of each source format."""
    lines = [
        "| read | transparency | frames | bits a sample | colour profile | metadata |",
        "|---|---|---|---|---|---|",
    ]
    for fmt in READABLE:
        has = fmt.carries
        kept = 16 if has.deep else 8
        read = "16 of grey are read" if has.grey16 else f"{kept} are read" if kept < has.bits else ""
        bits = "8" if has.bits == 8 else f"up to {has.bits}" + (f"; {read}" if read else "")
        cells = [_say_yes(has.alpha), FRAMES[has.frames], bits, _say_yes(has.profile), _list_parts(has.metadata)]
        lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def make_targets_table() -> str:
    """List the possible parts of each target format."""
    lines = [
        "| written | transparency | frames | 16 bits | colour profile | metadata | largest side |",
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
            _say_yes(fmt.keeps_depth),
            _say_yes(bool(fmt.profile_modes)),
            _list_parts(fmt.metadata),
            side,
        ]
        lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def make_pairs_table() -> str:
    """List the kept parts of a source for each pair, a letter each."""
    lines = ["| from \\ to | " + " | ".join(fmt.title for fmt in TARGETS) + " |", "|---" * (len(TARGETS) + 1) + "|"]
    lines.extend(
        f"| **{source.title}** | " + " | ".join(find_kept(source, target) for target in TARGETS) + " |"
        for source in READABLE
    )
    return "\n".join(lines)


def find_kept(source: Format, target: Format) -> str:
    """Return the letters for the kept parts of the source."""
    has = source.carries
    parts = has.metadata & target.metadata
    letters = [
        {Alpha.FULL: "A", Alpha.BINARY: "a", Alpha.NONE: ""}[target.alpha] if has.alpha else "",
        "F" if keeps_frames(has.frames, target.frames) else "",
        ("D" if has.deep else "d" if has.grey16 else "") if target.keeps_depth else "",
        "C" if has.profile and target.profile_modes else "",
        ("M" if parts == has.metadata else "m") if parts else "",
    ]
    return "".join(letters) or NOTHING


def keeps_frames(source: Frames, target: Frames) -> bool:
    """Return whether several frames are kept: an animation as one or as pages, pages as pages."""
    return (
        target is Frames.PAGES and source in {Frames.ANIMATION, Frames.PAGES}
    ) or source is target is Frames.ANIMATION


def make_codes_table() -> str:
    """List every failure and warning code with its sentence."""
    lines = ["| code | kind | sentence |", "|---|---|---|"]
    lines.extend(f"| `{code}` | failure | {_show_sentence(cause)} |" for code, cause in FAILURES.items())
    lines.extend(f"| `{code}` | warning | {_show_sentence(loss)} |" for code, loss in WARNINGS.items())
    return "\n".join(lines)


def _say_yes(it_does: bool) -> str:
    return "yes" if it_does else ""


def _list_parts(parts: frozenset[str]) -> str:
    spoken = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC"}
    return ", ".join(spoken.get(part, part) for part in PARTS if part in parts)


def _show_sentence(kind: type[Cause] | type[Loss]) -> str:
    """Return the sentence with the names of its figures, without those that may be empty."""
    optional = {field.name for field in fields(kind) if field.default == ""}  # type: ignore[arg-type] # each is a dataclass
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: "" if found[1] in optional else f"*{found[1]}*", kind.sentence)
