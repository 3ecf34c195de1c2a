"""TIFF: directories, tags, strips and tiles (TIFF 6.0; BigTIFF as in libtiff 4)."""

from collections.abc import Iterator
from dataclasses import replace

from conformance.flaws.flaw import JUNK, Flaw, Owed
from conformance.flaws.tiff_data import flaw_data
from conformance.flaws.tiff_file import File, write
from conformance.flaws.tiff_kinds import make_kinds
from conformance.flaws.tiff_tags import flaw_tags

OUTSIDE = 0x7FFF_FF00
MOST_MORE = 10
Found = Iterator[tuple[str, Owed, bytes]]


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of each kind of TIFF."""
    for kind, file in make_kinds().items():
        sound = write(file)
        for place, owed, page in (*flaw_tags(file), *flaw_data(file)):
            data = write(file.with_page(page))
            if data != sound:
                yield Flaw("tiff", kind, place, owed, data, sound)
        flaws = (*_flaw_wrapping(file), *_flaw_links(file), *_flaw_end(file))
        for place, owed, data in flaws:
            yield Flaw("tiff", kind, place, owed, data, sound)


def _flaw_wrapping(file: File) -> Found:
    yield "bytes between all parts", Owed.WHOLE, write(replace(file, gap=JUNK))
    yield "an odd place for all parts", Owed.WHOLE, write(replace(file, gap=JUNK[:1]))
    yield "directories behind the pieces", Owed.WHOLE, write(replace(file, is_last=True))
    yield "pieces from the last to the first", Owed.WHOLE, write(replace(file, reverse=True))
    yield "bytes behind the end", Owed.SILENT, write(file) + JUNK
    yield "zeros behind the end", Owed.SILENT, write(file) + bytes(500)
    first = file.pages[0]
    for more in (1, 2, 60_000):
        # The link to a second page is taken for a tag.
        owed = Owed.WHOLE if more < MOST_MORE and len(file.pages) == 1 else Owed.FAILURE
        yield f"{more:,} tags more than are there", owed, write(file.with_page(replace(first, more=more)))
    last = replace(file, is_last=True, pages=(replace(first, more=60_000),))
    yield "60,000 tags more than are there, at the end", Owed.FAILURE, write(last)


def _flaw_links(file: File) -> Found:
    last = len(file.pages) - 1
    page, sound = file.pages[last], write(file)
    piece = sound.index(page.pieces[-1])
    for name, link in {
        "outside": OUTSIDE, "into the pixels": piece, "into the header": 4, "to the last byte": len(sound) - 1, "to 1": 1,
        "to the end": len(sound), "in a circle": 16 if file.is_big else 8,
    }.items():  # fmt: skip
        owed = Owed.WHOLE if name == "into the pixels" else Owed.WARNED
        yield f"a link {name}", owed, write(file.with_page(replace(page, link=link), last))


def _flaw_end(file: File) -> Found:
    sound, last = write(file), write(replace(file, is_last=True))
    for percent in (1, 10, 30, 60, 95):
        yield f"cut at {percent} %", Owed.FAILURE, sound[: len(sound) * percent // 100]
        yield f"cut at {percent} %, directories behind the pieces", Owed.FAILURE, last[: len(last) * percent // 100]
