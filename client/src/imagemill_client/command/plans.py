"""From the arguments of the command to pairs of a source and the file to make of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagemill_client.command.exits import Misuse
from imagemill_client.models import FormatInfo, Formats

OTHER_ENDINGS = frozenset(
    "jpe jfif mpo apng heif hif avifs jpf jpx j2c jpc pbm pgm pnm psb dib rgb rgba bw".split()  # noqa: SIM905
)
"""Endings of readable files beside those that `/v1/formats` names."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to convert, and the file to make."""

    source: Path
    target: Path


@dataclass(slots=True)
class Plan:
    """What to do. `left_out` counts the files of walked folders that are no images by their names."""

    tasks: list[Task] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Naming:
    """Where results go and how they are called."""

    extension: str
    endings: frozenset[str]
    output: Path | None = None
    full_names: bool = False

    @classmethod
    def of(cls, formats: Formats, target: FormatInfo, output: Path | None, *, full_names: bool) -> "Naming":
        """Make the naming for results of this target."""
        return cls(target.extension, find_endings(formats), output, full_names)

    def is_image(self, path: Path) -> bool:
        """Whether the name is that of a file which the service reads."""
        return path.suffix.lower().lstrip(".") in self.endings and not path.name.startswith(".")

    def make_target(self, source: Path, root: Path | None = None) -> Path:
        """Return the file to make; `root` is the walked folder, whose order is kept in the output folder."""
        ending = source.suffix.lower().lstrip(".")
        stem = source.stem if ending in self.endings and not self.full_names else source.name
        inside = source.parent.relative_to(root) if root else Path()
        folder = source.parent if self.output is None else self.output / inside
        return folder / f"{stem}.{self.extension}"


def find_endings(formats: Formats) -> frozenset[str]:
    """Return the endings of files that the service reads."""
    named = {ending for fmt in formats.read for ending in (fmt.name, fmt.extension)}
    return frozenset(named | {alias for fmt in formats.write for alias in fmt.aliases} | OTHER_ENDINGS)


def check_arguments(arguments: Iterable[Path], *, recursive: bool) -> None:
    """Raise Misuse for what is not there, and for a folder when folders are not walked."""
    for argument in arguments:
        if not argument.exists():
            raise Misuse(f"There is no file {argument}.")
        if argument.is_dir() and not recursive:
            raise Misuse(f"{argument} is a folder. Say --recursive to convert what is in it.")


def make_plan(arguments: Iterable[Path], naming: Naming) -> Plan:
    """List the files of the arguments. Raises Misuse when two would become the same file."""
    plan = Plan()
    for argument in dict.fromkeys(arguments):
        if argument.is_dir():
            _add_folder(plan, argument, naming)
        else:
            plan.tasks.append(Task(argument, naming.make_target(argument)))
    _check_clashes(plan.tasks)
    return plan


def _add_folder(plan: Plan, folder: Path, naming: Naming) -> None:
    for path in walk(folder):
        if naming.is_image(path):
            plan.tasks.append(Task(path, naming.make_target(path, folder)))
        else:
            plan.left_out += 1


def walk(folder: Path, *, without: Path | None = None) -> Iterator[Path]:
    """Yield the files below a folder in order, without hidden ones, links to folders, and the folder `without`."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (without and path == without):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from walk(path, without=without)
        elif path.is_file():
            yield path


def name_single(plan: Plan, output: Path | None, naming: Naming, target: FormatInfo) -> None:
    """Let `-o picture.avif` name the file itself, when there is one source and no folder of that name.

    Raises Misuse where a folder would be made of a name that was meant for a picture.
    """
    ending = output.suffix.lower().lstrip(".") if output else ""
    own = {target.name, target.extension, *target.aliases}
    if output is None or output.is_dir() or ending not in naming.endings | own:
        return
    if ending not in own:
        raise Misuse(
            f"{output} does not end like {target.title}. Say -o and a folder, or a name like {_fit(output, target)}."
        )
    if len(plan.tasks) > 1:
        raise Misuse(f"{output} is the name of one picture, and {len(plan.tasks)} would be made. Say -o and a folder.")
    plan.tasks = [Task(task.source, output) for task in plan.tasks]
    _check_clashes(plan.tasks)


def _fit(output: Path, target: FormatInfo) -> Path:
    return output.with_suffix(f".{target.extension}")


def check_output(output: Path | None) -> None:
    """Raise Misuse for `-o -`: elsewhere that is standard output, and here it would be a folder."""
    if output == Path("-"):
        raise Misuse("Results are not written to standard output. Say -o and a folder, or the name of one picture.")


def _check_clashes(tasks: list[Task]) -> None:
    sources: dict[Path, list[Path]] = defaultdict(list)
    for task in tasks:
        sources[task.target.absolute()].append(task.source)
    for target, claimed in sources.items():
        if len(claimed) > 1:
            raise Misuse(
                f"{claimed[0]} and {claimed[1]} would both become {target}. Say --full-names for names like"
                f" {claimed[0].name}{target.suffix}, or convert them one after the other."
            )
    own = {task.source.absolute() for task in tasks} & sources.keys()
    if own:
        raise Misuse(f"{min(own)} would be overwritten by its own result. Say -o and another folder.")
