"""The commands and their flags. What they do is in the modules beside this one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from imagemill_client.command import running
from imagemill_client.command.flags import with_flags
from imagemill_client.command.running import Wishes
from imagemill_client.version import VERSION

TARGETS = "jpeg png webp gif tiff bmp avif heic jxl jp2 ico icns tga ppm pcx dds qoi pdf sgi".split()  # noqa: SIM905

app = typer.Typer(
    name="imagemill",
    help="Convert images with an imagemill service.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _complete_target(begun: str) -> list[str]:
    return [name for name in TARGETS if name.startswith(begun)]


def _make_service_option(flag: str, variable: str, what: str) -> Any:  # noqa: ANN401 - what typer returns
    # The client reads the variable itself: read here, it would win over a flag before the command's name.
    return typer.Option(flag, help=f"{what} Without it, what {variable} says.", show_default=False)


Url = Annotated[str | None, _make_service_option("--url", "IMAGEMILL_URL", "Address of the service.")]
Key = Annotated[str | None, _make_service_option("--key", "IMAGEMILL_KEY", "Your key.")]
To = Annotated[str, typer.Option("--to", "-t", help="Target format, like webp.", autocompletion=_complete_target)]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for the results. Without it, beside the sources.")
]
More = Annotated[list[str], typer.Option("--option", help="name=value: an option that a newer service has.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files at a time.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Take the files in folders too.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over files that exist.")]
Delete = Annotated[bool, typer.Option("--delete", help="Delete each job on the service once its result is here.")]
FullNames = Annotated[bool, typer.Option("--full-names", help="Keep the ending: photo.heic becomes photo.heic.avif.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, a document a line.")]
Retries = Annotated[int, typer.Option("--retries", min=0, max=100, help="Further attempts while nothing answers.")]
Patience = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds to wait in all when the service says to come later.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imagemill {VERSION}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    url: Url = None,
    key: Key = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Convert images with an imagemill service."""
    # What stands before the command's name holds unless it is said again behind it.
    given = {name: value for name, value in (("url", url), ("key", key)) if value is not None}
    context.default_map = dict.fromkeys(("convert", "watch", "formats", "status"), given)


@app.command()
@with_flags
def convert(
    files: Annotated[list[Path], typer.Argument(help="Images, and folders with --recursive.", show_default=False)],
    to: To,
    output: Output = None,
    jobs: Jobs = 4,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    delete: Delete = False,
    full_names: FullNames = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    option: More = [],  # noqa: B006 - typer reads it, and nobody writes to it
    retries: Retries = 4,
    patience: Patience = 300.0,
    url: Url = None,
    key: Key = None,
    **options: Any,  # noqa: ANN401 - what typer read
) -> None:
    """Convert files. Run it again after Ctrl-C: what is done is not done twice."""
    wishes = Wishes(
        url,
        key,
        retries,
        patience,
        to,
        options,
        option,
        output,
        jobs,
        recursive,
        overwrite,
        delete,
        full_names,
        quiet,
        as_json,
    )
    raise typer.Exit(running.run_convert(files, wishes))


@app.command()
@with_flags
def watch(
    folder: Annotated[Path, typer.Argument(help="The folder to watch.", exists=True, file_okay=False)],
    to: To,
    output: Output = None,
    jobs: Jobs = 4,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    delete: Delete = False,
    full_names: FullNames = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the folder.")] = 1.0,
    settle: Annotated[float, typer.Option(min=0, help="Seconds for which a file has to stay the same.")] = 2.0,
    option: More = [],  # noqa: B006 - typer reads it, and nobody writes to it
    retries: Retries = 4,
    patience: Patience = 300.0,
    url: Url = None,
    key: Key = None,
    **options: Any,  # noqa: ANN401 - what typer read
) -> None:
    """Convert the files of a folder, and those that appear in it, until Ctrl-C."""
    wishes = Wishes(
        url,
        key,
        retries,
        patience,
        to,
        options,
        option,
        output,
        jobs,
        recursive,
        overwrite,
        delete,
        full_names,
        quiet,
        as_json,
    )
    raise typer.Exit(running.run_watch(folder, wishes, interval, settle))


@app.command()
def formats(
    target: Annotated[str | None, typer.Argument(help="A target, to see its options.", show_default=False)] = None,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List what the service reads and writes, or the options of one target."""
    raise typer.Exit(running.run_formats(target, url, key, as_json=as_json))


@app.command()
def status(
    job: Annotated[str, typer.Argument(help="The id of a job.", show_default=False)],
    wait: Annotated[bool, typer.Option("--wait", help="Until it is over.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Show a job. The exit status is 1 when it has no result and will have none."""
    raise typer.Exit(running.run_status(job, url, key, wait=wait, as_json=as_json))


def main() -> None:
    """Run the command."""
    app(prog_name="imagemill")
