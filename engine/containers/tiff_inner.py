"""The directories that a TIFF's pages keep inside of themselves (SubIFDs, TIFF Technical Note 1), however deep."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.containers.tiff_pages import MOST_TAGS, Directory, count_tags, leads_to_page, read_directory
from engine.errors import ConversionError, unsupported

INNER, EXIF = 330, 34_665
STRIPS, TILES = 273, 324
MOST_WORK = 1 << 18
"""So many tags and offsets are read in all: each of a thousand pages may have a dozen overviews."""


@dataclass(slots=True)
class Inner:
    """What was found: for each directory of the chain those inside of it, and why the first that is broken is so.

    `seen` are the offsets of all, `work` is what it took.
    """

    seen: set[int]
    work: int = 0
    failure: ConversionError | None = None
    found: list[list[Directory]] = field(default_factory=list)

    def pay(self, work: int) -> None:
        """Count work. Raise ConversionError when it is too much."""
        self.work += work
        if self.work > MOST_WORK:
            raise unsupported("tiff", "it has far too many directories")


def list_inner(directories: list[Directory]) -> Inner:
    """Return for each directory of the file's chain those inside of it, and inside of these.

    One that cannot be read is a flaw of the page. Raise ConversionError when there are too many to look at all.
    """
    inner = Inner({directory.at for directory in directories})
    for directory in directories:
        inner.found.append(_list_below(directory, inner))
    return inner


def list_hidden(directories: list[Directory], inner: Inner) -> list[Directory]:
    """Return the directories with pixels behind the Exif pointers of the chain, where no reader looks for a picture.

    One that cannot be read is none.
    """
    hidden = Inner(inner.seen, inner.work)
    found = [
        one for directory in directories for one in _list_from(directory.read_numbers(EXIF, 1), directory, hidden, [])
    ]
    return [one for one in found if STRIPS in one or TILES in one]


def _list_below(directory: Directory, inner: Inner) -> list[Directory]:
    return _list_from(_list_places(directory, inner), directory, inner, directory.flaws)


def _list_from(starts: Iterable[int], directory: Directory, inner: Inner, flaws: list[str]) -> list[Directory]:
    """Return the directories at these places of the file of a directory, the last first, and those that they lead to."""
    found, places = list[Directory](), list(starts)
    while places:
        at = places.pop()
        if at in inner.seen:
            continue
        inner.seen.add(at)
        inner.pay(min(MOST_TAGS, count_tags(directory.data, directory.form, at)))
        try:
            one = read_directory(directory.data, directory.form, at)
        except ConversionError as error:
            inner.failure = inner.failure or error
            flaws.append("an inner directory cannot be read")
            continue
        found.append(one)
        # They may be linked as pages are.
        places += [one.link] if one.link and leads_to_page(one.data, one.form, one.link) else []
        places += _list_places(one, inner)
    return found


def _list_places(directory: Directory, inner: Inner) -> list[int]:
    """Return where the directories inside of this one are, the first at the end."""
    places = directory.read_numbers(INNER)
    inner.pay(len(places))
    return list(reversed(places))
