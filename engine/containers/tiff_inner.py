"""The directories that a TIFF's pages keep inside of themselves (SubIFDs, TIFF Technical Note 1), however deep."""

from dataclasses import dataclass, field

from engine.containers.tiff_pages import MOST_TAGS, Directory, count_tags, leads_to_page, read_directory
from engine.errors import ConversionError, unsupported

INNER = 330
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


def _list_below(directory: Directory, inner: Inner) -> list[Directory]:
    found = list[Directory]()
    places = _list_places(directory, inner)
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
            directory.flaws.append("an inner directory cannot be read")
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
