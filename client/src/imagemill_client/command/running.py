"""What each command does, from its wishes to its exit status."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagemill_client.async_client import AsyncClient
from imagemill_client.client import Client
from imagemill_client.command.checking import check_order
from imagemill_client.command.converting import Converter
from imagemill_client.command.exits import Exit, Misuse, find_exit, worst_exit
from imagemill_client.command.flags import read_options
from imagemill_client.command.ledger import Ledger, find_ledger
from imagemill_client.command.plans import Naming, Plan, check_arguments, check_output, make_plan, name_single
from imagemill_client.command.screen import choose_screen, count_files, explain
from imagemill_client.command.showing import print_formats, print_job, print_json, print_target
from imagemill_client.command.watching import Folder, watch
from imagemill_client.errors import ImagemillError
from imagemill_client.models import FormatInfo, Formats
from imagemill_client.retries import RetryPolicy

TROUBLE = (ImagemillError, Misuse, OSError)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The flags that `convert` and `watch` share."""

    url: str | None
    key: str | None
    retries: int
    patience: float
    to: str
    flags: dict[str, Any]
    more: list[str]
    output: Path | None
    jobs: int
    recursive: bool
    overwrite: bool
    delete: bool
    full_names: bool
    quiet: bool
    as_json: bool

    @property
    def options(self) -> dict[str, Any]:
        """The options of the conversion. Raises Misuse."""
        return read_options(self.flags, self.more)

    def make_client(self) -> AsyncClient:
        """Make the client. Raises WrongAddress."""
        return AsyncClient(self.url, key=self.key, retries=RetryPolicy(self.retries + 1, patience=self.patience))

    def make_converter(self, client: AsyncClient) -> Converter:
        """Make the converter. Raises OSError."""
        screen = choose_screen(quiet=self.quiet, as_json=self.as_json)
        ledger = Ledger(find_ledger())
        return Converter(client, ledger, client.url, self.to, self.options, self.overwrite, self.delete, screen)

    def check(self, formats: Formats) -> FormatInfo:
        """Return the target. Raises Misuse."""
        return check_order(formats, self.to, self.options)

    def make_naming(self, formats: Formats, target: FormatInfo) -> Naming:
        """Make the naming of the results."""
        return Naming.of(formats, target, self.output, full_names=self.full_names)


def run_convert(files: list[Path], wishes: Wishes) -> Exit:
    """Convert files, and say at the end what was lost and what failed."""
    return _run_async(lambda: _convert(files, wishes))


async def _convert(files: list[Path], wishes: Wishes) -> Exit:
    check_output(wishes.output)
    check_arguments(files, recursive=wishes.recursive)
    async with wishes.make_client() as client:
        formats = await client.formats()
        target = wishes.check(formats)
        naming = wishes.make_naming(formats, target)
        plan = make_plan(files, naming)
        name_single(plan, wishes.output, naming, target)
        return await _convert_plan(plan, wishes.make_converter(client), wishes)


async def _convert_plan(plan: Plan, converter: Converter, wishes: Wishes) -> Exit:
    if plan.left_out:
        converter.screen.note(f"Left out, as no images by their names: {count_files(plan.left_out)} in folders.")
    if not plan.tasks:
        raise Misuse("There is nothing to convert in what was named.")
    converter.screen.begin(len(plan.tasks))
    try:
        await converter.convert_all(plan.tasks, wishes.jobs)
    finally:
        converter.screen.end()
        _print_rest(converter, len(plan.tasks), wishes)
    return worst_exit(outcome.error for outcome in converter.outcomes if outcome.error)


def _print_rest(converter: Converter, total: int, wishes: Wishes) -> None:
    if wishes.as_json:
        return
    for line in converter.describe_rest(total):
        if not wishes.quiet or line.startswith("failed:"):
            _complain(line)


def run_watch(folder: Path, wishes: Wishes, interval: float, settle: float) -> Exit:
    """Convert what is and what appears in a folder."""
    return _run_async(lambda: _watch(folder, wishes, interval, settle))


async def _watch(path: Path, wishes: Wishes, interval: float, settle: float) -> Exit:
    check_output(wishes.output)
    async with wishes.make_client() as client:
        formats = await client.formats()
        naming = wishes.make_naming(formats, wishes.check(formats))
        folder = Folder(path, naming, settle, wishes.recursive, find_own_folder(path, wishes.output))
        converter = wishes.make_converter(client)
        converter.screen.note(f"Watching {path}; Ctrl-C ends it.")
        converter.screen.begin(None)
        try:
            return await watch(folder, converter, wishes.jobs, interval)
        finally:
            converter.screen.end()
            for sentence in dict.fromkeys(explain(each.error) for each in converter.outcomes if each.is_for_all):
                _complain(sentence)


def find_own_folder(watched: Path, output: Path | None) -> Path | None:
    """Return the folder of the results as it is met below the watched one, if it is there. Raises Misuse."""
    if output is None or output.resolve() == watched.resolve():
        raise Misuse("watch needs --output with another folder, or it would convert its own results.")
    if not output.resolve().is_relative_to(watched.resolve()):
        return None
    return watched / output.resolve().relative_to(watched.resolve())


def run_formats(target: str | None, url: str | None, key: str | None, *, as_json: bool) -> Exit:
    """Print the formats, or one target."""

    def show() -> Exit:
        with Client(url, key=key) as client:
            formats = client.formats()
        if target is not None:
            print_target(check_order(formats, target, {}), formats, as_json=as_json)
        else:
            print_formats(formats, as_json=as_json)
        return Exit.WELL

    return _run(show)


def run_status(job: str, url: str | None, key: str | None, *, wait: bool, as_json: bool) -> Exit:
    """Print a job."""

    def show() -> Exit:
        with Client(url, key=key) as client:
            found = client.status(job)
            if wait and not found.is_over:
                with suppress(ImagemillError):
                    client.wait(found)
                found = client.status(job)
        if as_json:
            print_json(found.raw)
        else:
            print_job(found)
        return Exit.FAILED if found.is_over and found.status != "succeeded" else Exit.WELL

    return _run(show)


def _run(command: Callable[[], Exit]) -> Exit:
    try:
        return command()
    except TROUBLE as error:
        _complain(explain(error))
        return find_exit(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _run_async(command: Callable[[], Awaitable[Exit]]) -> Exit:
    async def until_told() -> Exit:
        task = asyncio.current_task()
        with suppress(NotImplementedError):
            # Where there is no such handler, the system's own way of ending holds.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task and task.cancel())
        return await command()

    def run() -> Exit:
        try:
            return asyncio.run(until_told())
        except asyncio.CancelledError:
            return Exit.TERMINATED
        except KeyboardInterrupt:
            _complain("Interrupted. Run the same command again to go on.")
            return Exit.INTERRUPTED

    return _run(run)


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is the output
