"""Installation files: fetched over https, resumed after a failure, and checked before they get their name."""

from __future__ import annotations

import hashlib
import os
import ssl
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import anyio
import anyio.to_thread
import attrs

from ..auth import require_secure
from ..errors import ConfigurationError, ConnectionFailed, ConnectionLost, DeadlineExceeded, ResponseError
from ..errors.numbers import in_seconds
from ..file_writing import go_on, refuse_device
from ..models import InstallationFile
from .engines.settings import checked_context, default_context

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    import httpx

Progress = Callable[[int, int | None], object]
"""Called with the bytes received, and the bytes of the whole file, or None while that is unknown."""

_MOST_REDIRECTS = 5
_SILENCE = 30.0  # seconds without a byte after which a connection is given up


@attrs.frozen(kw_only=True)
class Download:
    """One file, fetched completely or not at all.

    Args:
        url: Its address.
        md5: The hexadecimal MD5 that it must have.
        path: The name that it gets.
        timeout: Seconds for all of it.
        max_size: Bytes above which it is refused.
        progress: Called during the download.
        context: TLS settings and trusted authorities.
    """

    url: str
    md5: str
    path: Path
    timeout: float
    max_size: int
    progress: Progress | None
    context: ssl.SSLContext | None

    @property
    def partial(self) -> Path:
        """The partial file. Its name holds the MD5, so that no two files are mixed."""
        return self.path.with_name(f".{self.path.name[:50]}.{self.md5[:12]}.part")

    async def run(self) -> Path:
        """Fetch, check and name the file; see `client.download`."""
        await anyio.to_thread.run_sync(refuse_device, self.path)
        async with self._alone():
            try:
                with anyio.fail_after(self.timeout):
                    await self._fetch()
            except TimeoutError as error:
                raise DeadlineExceeded(
                    f"the download did not finish within {in_seconds(self.timeout)}; call again to resume it"
                ) from error
            return await self._named()

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        """Lock the partial file: another download could still write to it after this one has checked it."""
        if sys.platform == "win32":  # pragma: no cover  # a file that is open keeps its name there
            yield
            return
        held = await anyio.to_thread.run_sync(_locked, self.partial)
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_let_go, held, self.partial)

    async def _named(self) -> Path:
        digest = await anyio.to_thread.run_sync(_md5_of, self.partial)
        if digest != self.md5:
            await anyio.to_thread.run_sync(self.partial.unlink)
            raise ResponseError(f"the file's MD5 is {digest}, not {self.md5}; the file was discarded")
        await anyio.to_thread.run_sync(os.replace, self.partial, self.path)
        return self.path

    async def _fetch(self) -> None:
        import httpx  # noqa: PLC0415  # slow to import, and few programs download

        done = await anyio.to_thread.run_sync(_size_of, self.partial)
        try:
            async with self._answer(done) as answer:
                if answer.status_code == 416:
                    # No bytes are left: the file is whole, or the MD5 will say that it is not.
                    return
                is_rest = answer.status_code == 206 and _starts_at(answer, done)
                await self._write(answer, done if is_rest else 0)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ConnectionFailed(f"the file could not be fetched: {error}") from error
        except httpx.HTTPError as error:
            raise ConnectionLost(f"the download broke off ({type(error).__name__}); call again to resume it") from error

    @asynccontextmanager
    async def _answer(self, done: int) -> AsyncGenerator[httpx.Response]:
        import httpx  # noqa: PLC0415  # as above

        headers = {"Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        context = default_context() if self.context is None else self.context
        # No credentials or proxies from the environment: the service chose the address, and it may lead anywhere.
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=_SILENCE) as client:
            url = self.url
            for _ in range(_MOST_REDIRECTS + 1):
                async with _sent(client, url, headers) as answer:
                    if not answer.has_redirect_location:
                        _check_status(answer, done)
                        yield answer
                        return
                    url = self._next(urljoin(url, answer.headers["location"]))
        raise ResponseError(f"the file is behind more than {_MOST_REDIRECTS} redirects")

    def _next(self, url: str) -> str:
        if self.url.startswith("https:") and not url.startswith("https:"):
            raise ResponseError("the file's server redirects away from https; such a redirect is never followed")
        return _secure(url)

    async def _write(self, answer: httpx.Response, done: int) -> None:
        length = answer.headers.get("content-length", "")
        total = done + int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
        if total is not None and total > self.max_size:
            raise ResponseError(f"the file has {total:,} bytes; at most {self.max_size:,} are accepted (max_size)")
        self._tell(done, total)
        async with anyio.wrap_file(await anyio.to_thread.run_sync(go_on, self.partial)) as file:
            await file.seek(done)
            async with _chunks(answer) as chunks:
                async for chunk in chunks:
                    await file.write(chunk)
                    done += len(chunk)
                    if done > self.max_size:
                        raise ResponseError(f"the file has more than the {self.max_size:,} bytes accepted (max_size)")
                    self._tell(done, total)
            await file.truncate(done)
            await file.flush()
            await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())

    def _tell(self, done: int, total: int | None) -> None:
        if self.progress is not None:
            self.progress(done, total)


async def download(
    file: InstallationFile,
    path: str | os.PathLike[str],
    *,
    timeout: float,
    max_size: int,
    progress: Progress | None,
    ssl_context: ssl.SSLContext | None,
) -> Path:
    """Fetch the file that an installation file describes; see `client.download`."""
    url: str | None = getattr(file, "url", None)  # an answer may have None in place of the file
    if url is None:
        raise ConfigurationError("file: has no address; the service has no installation file for this")
    if not isinstance(path, str | os.PathLike):
        raise ConfigurationError(f"path: must be the name of a file, not {type(path).__name__}")
    if type(max_size) is not int or max_size < 1:
        raise ConfigurationError("max_size: must be a whole number of bytes, at least 1")
    if progress is not None and not callable(progress):
        raise ConfigurationError("progress: must be callable")
    if "\0" in os.fspath(path):
        raise ConfigurationError("path: contains a NUL character, which no file name can")
    md5 = (file.hash_md5 or "").lower()
    if len(md5) != 32 or not set(md5) <= set("0123456789abcdef"):
        raise ResponseError("the service gives no MD5 for the file, so it could not be checked; it was not fetched")
    work = Download(
        url=_secure(url),
        md5=md5,
        path=Path(path),
        timeout=timeout,
        max_size=max_size,
        progress=progress,
        context=checked_context(ssl_context),
    )
    return await work.run()


@asynccontextmanager
async def _sent(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> AsyncGenerator[httpx.Response]:
    import httpx  # noqa: PLC0415  # as above

    try:
        answer = await client.send(client.build_request("GET", url, headers=headers), stream=True)
    except (httpx.InvalidURL, UnicodeError) as error:
        # httpx reads the address of a redirect too, whether it is followed or not.
        raise ResponseError("the file's address, or one that it redirects to, is not a usable URL") from error
    try:
        yield answer
    finally:
        await answer.aclose()


@asynccontextmanager
async def _chunks(answer: httpx.Response) -> AsyncGenerator[AsyncIterator[bytes]]:
    import httpx  # noqa: PLC0415  # as above

    chunks = answer.aiter_raw()
    try:
        yield chunks
    except BaseException:
        # The generators inside httpx end only by running: on a closed connection, the next step is their last.
        with anyio.CancelScope(shield=True):
            await answer.aclose()
            with suppress(httpx.HTTPError, httpx.StreamError):
                async for _ in chunks:
                    pass
        raise


def _secure(url: str) -> str:
    try:
        require_secure("installation_file", url)
    except ConfigurationError as error:
        raise ResponseError(f"the file's address cannot be trusted: {error}") from error
    return url


def _check_status(answer: httpx.Response, done: int) -> None:
    if answer.status_code not in ((200, 206, 416) if done else (200, 206)):
        raise ResponseError(f"the file's server answered with HTTP {answer.status_code}", status=answer.status_code)


def _starts_at(answer: httpx.Response, done: int) -> bool:
    return str(answer.headers.get("content-range", "")).startswith(f"bytes {done}-")


def _locked(path: Path) -> BufferedRandom:
    """Open a partial file that no other download has open; ConfigurationError if one has."""
    file = go_on(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ConfigurationError("path: another download writes this file; wait for it to end") from None
    except OSError:
        pass  # some network file systems have no locks
    return file


def _let_go(file: BufferedRandom, path: Path) -> None:
    """Unlock a partial file, and delete it if nothing came."""
    with file:
        if not os.fstat(file.fileno()).st_size:
            path.unlink(missing_ok=True)


def _size_of(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _md5_of(path: Path) -> str:
    with go_on(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
