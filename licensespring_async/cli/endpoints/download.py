"""`download`: fetch an installation file, with a bar on a terminal and plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ... import endpoints
from ...client import LicenseSpring
from ...errors import ConfigurationError, LicenseSpringError, ResponseError
from ...models import InstallationFile
from ...transport.values import Call
from ..commands import command
from ..connection import OneCall
from ..console import ERR, OUT, say, warn
from ..exits import run
from ..file_names import file_name, refuse_overwriting
from ..saving import STDOUT, unwritable
from ..wording import counted
from .signature import arguments_for, taking

_LINE_EVERY: Final = 5.0
_LONGEST_NAME: Final = 200  # characters; file systems take 255 bytes

Tell = Callable[[int, int | None], object]


def _download(
    *,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write; an existing file is replaced. Default: the service's name for it, in this "
            "directory, which must be free.",
            metavar="FILE",
            parser=file_name,
        ),
    ] = None,
    within: Annotated[
        float, typer.Option("--within", help="Time-out of the download.", metavar="SECONDS", show_default=True, min=1)
    ] = 3600.0,
    connection: OneCall,
    **given: object,
) -> None:
    call = endpoints.installation_file(**arguments_for(endpoints.installation_file, given))  # type: ignore[arg-type]
    if output == STDOUT:
        raise ConfigurationError(
            "--output -: a download is resumed from its file, and used only after its MD5 was checked; name a file"
        )
    if output is not None:
        refuse_overwriting(output, {Path(output): "is"}, connection.files())
    client = connection.client(timeout=connection.timeout)
    fetch = _Fetch()
    try:
        path = run(fetch.run, client, call, None if output is None else Path(output), within)
    except OSError as error:
        if isinstance(error, LicenseSpringError):
            raise
        if output is not None:
            raise unwritable(output, error) from error
        raise ConfigurationError(f"{fetch.path}: cannot be written: {error.strerror or error}") from error
    except KeyboardInterrupt:
        if fetch.done:
            warn(f"interrupted: {size_of(fetch.done)} are kept beside {fetch.path}; the same command resumes.")
        raise
    say(OUT, ("done", "bold green"), f"  {path}, {size_of(fetch.done)}, MD5 verified")


class _Fetch:
    """The download of one file, and its progress."""

    def __init__(self) -> None:
        self.done = 0
        self.path = Path()

    async def run(
        self, client: LicenseSpring, call: Call[InstallationFile], output: Path | None, within: float
    ) -> Path:
        """Ask for the file's address, and fetch it."""
        async with client:
            file = (await client.perform(call)).value
            if not file.installation_file:
                raise ResponseError("the service has no file for this version, or gave no address for it")
            self.path = _named(file.filename, file.installation_file) if output is None else output
            with telling(self.path.name, ERR) as tell:

                def progress(done: int, total: int | None) -> None:
                    self.done = done
                    tell(done, total)

                return await client.download(file, self.path, timeout=within, progress=progress)


def _named(filename: str | None, address: str) -> Path:
    """Return the service's name for a file; it must not lead to another directory or replace a file."""
    given = filename or unquote(urlsplit(address).path)
    name = PurePosixPath(given.replace("\\", "/")).name
    if not name or name.startswith(".") or len(name) > _LONGEST_NAME or not name.isprintable() or ":" in name:
        raise ResponseError("the service gave the file no usable name; choose one with --output FILE")
    if Path(name).exists():
        raise ConfigurationError(f"{name}: exists already; replace it with --output {name}, or name another file")
    return Path(name)


@contextmanager
def telling(
    name: str, console: Console, every: float = _LINE_EVERY, clock: Callable[[], float] = time.monotonic
) -> Generator[Tell]:
    """Yield a function that takes the bytes so far and in all, and shows the progress.

    Args:
        name: Name of the file.
        console: Where to show it.
        every: Seconds between lines without a terminal.
        clock: Monotonic clock in seconds.
    """
    if not console.is_terminal:
        yield _lines(name, console, every, clock)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(name: str, console: Console, every: float, clock: Callable[[], float]) -> Tell:
    last = clock()

    def tell(done: int, total: int | None) -> None:
        nonlocal last
        if clock() - last >= every:
            last = clock()
            say(console, f"{name}: {size_of(done)}" + ("" if total is None else f" of {size_of(total)}"))

    return tell


def size_of(count: int) -> str:
    """Format a number of bytes: `12 bytes`, `3.4 MB`."""
    if count < 1000:
        return counted(count, "byte")
    size, units = count / 1000, iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000 and (larger := next(units, "")):
        size, unit = size / 1000, larger
    return f"{size:,.1f} {unit}"


download = command(
    taking(
        _download,
        endpoints.installation_file,
        about="Fetch an installation file and check its MD5.",
        exits="0 for a whole file, 5 for a refusal, 130 after Ctrl-C (the same command resumes)",
    )
)
