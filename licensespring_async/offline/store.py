"""The license of this device, kept in one file: what the service signed, checked again at every load."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs

from ..auth import ApiKey, ClientCredentials
from ..endpoints.binding import SameDevice
from ..endpoints.requests import optional, required
from ..errors import AnswerMismatch, ConfigurationError, SignatureError
from ..extras import needs_extra
from ..file_writing import Replacement, claim_private, read_private, remove, remove_leftovers
from ..models import License
from ..models.expiry import TimeFloor, judge
from ..models.shapes import One
from ..redaction import Unpickled
from ..signatures import PRODUCTION_PUBLIC_KEY, SIGNATURE_HEADER, Verifier
from ..transport import RawResponse
from ..transport.clock import Clock
from ..transport.policies.skew import served
from .files import opened, read_either
from .record import Record, decoded, encoded
from .store_errors import ClockTurnedBack, NothingStored, StoreDamaged, StoreTooNew, StoreUnusable

_LARGEST = 16 * 1024 * 1024  # bytes
_LOCK_SECONDS = 10.0
# Clocks of honest machines are set back by this much, not by more.
_CLOCK_TOLERANCE: Final = 300
# How far the clock goes on before a load writes that down.
_STEP: Final = 60
_LICENSE = One(License)


@attrs.frozen(kw_only=True)
class Stored:
    """A license from a store.

    Attributes:
        license: As an online answer gives it.
        came_at: When the service gave it, or when its offline file was saved; aware.
        is_file: Whether it is from an offline file.
    """

    license: License
    came_at: datetime
    is_file: bool


class LicenseStore(Unpickled):
    """Keeps a program's license on this device, in one file.

    The file holds what the service signed, and each load checks the signature, the device and the product again: it can
    be copied, but it is worth nothing elsewhere. It is not encrypted. It holds the license's key, so only this user may
    read it. Writes are atomic and durable: whoever is killed leaves the old file or the new one. A lock beside it, with
    `.lock` after its name, makes several processes take turns.

    Without a secret everyone who may write the file can set back the moments in it. With or without, an older file put
    back in its place is believed, as far as the clock allows.

    Args:
        path: The file. Its folder must be there.
        secret: Seals the file, at least 16 bytes; kept where the file is not. None seals it against damage only.
        clock: Where the time comes from; for tests.

    Raises:
        ConfigurationError: An argument cannot be used, or the extra `offline` is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        secret: str | bytes | None = None,
        clock: Clock = Clock(),  # noqa: B008  # frozen
    ) -> None:
        raw = secret.encode() if isinstance(secret, str) else secret
        if raw is not None and (not isinstance(raw, bytes) or len(raw) < 16):
            raise ConfigurationError("secret: must have at least 16 bytes, kept where the file is not")
        self._path, self._secret, self._clock = Path(path), raw or b"", clock
        self._lock_path = self._path.with_name(f"{self._path.name}.lock")
        # What is missing is said now, and not by the first save.
        _lock(self._lock_path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    def save(self, answer: RawResponse[License] | str) -> None:
        """Keep a license in place of the one that is stored.

        Args:
            answer: Of `client.with_raw_response`, verified by the client; or the text of an offline or refresh file,
                which is checked at the next load.

        Raises:
            ConfigurationError: It is something else, or was not verified.
            ResponseError: The text is not that of a file.
            StoreDamaged, StoreTooNew, StoreUnusable: The file that is there stays as it is.

        Cost: blocks for two writes to the disk, and up to 10 s while other processes have the file.
        """
        if isinstance(answer, str):
            opened(answer)
        elif not isinstance(answer, RawResponse) or not isinstance(answer.value, License):
            raise ConfigurationError("answer: must be a RawResponse with a License, or the text of an offline file")
        elif not answer.verified or SIGNATURE_HEADER not in answer.headers:
            raise ConfigurationError("answer: its signature was not verified, so it cannot be kept")
        with self._turn():
            self._write(self._record(answer))

    def load(
        self,
        *,
        hardware_id: str,
        product: str,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: str | None = None,
    ) -> License:
        """Return the license that is stored, after everything about it was checked again.

        It is judged by the later of the local clock and the newest moment that the store has seen. Whether it has
        expired, and how long an answer may stand, is for the caller to decide.

        Args:
            hardware_id: Unique id of this device.
            product: Short code of the product.
            auth: The credentials of the program; an offline file is not read without them.
            public_key: PEM of the key that the service signs with; None for the vendor's.

        Raises:
            NothingStored: There is no license.
            StoreDamaged: The file is not as it was written.
            SignatureError: No key of the service signed the license; `AnswerMismatch`: it is another device's or
                product's.
            ClockTurnedBack: The clock is more than 5 minutes behind the newest moment that the store has seen.
            StoreTooNew, StoreUnusable: The file cannot be read.
            ConfigurationError: An argument cannot be used.

        Cost: blocks for one read, two or three RSA verifications, and a write when the last was over a minute ago.
        """
        return self.recall(hardware_id=hardware_id, product=product, auth=auth, public_key=public_key).license

    def recall(
        self,
        *,
        hardware_id: str,
        product: str,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: str | None = None,
    ) -> Stored:
        """Return the license that is stored and where it comes from; as `load`."""
        record = self._read()
        verifier = Verifier(PRODUCTION_PUBLIC_KEY if public_key is None else public_key)
        if record.signature is not None:
            license = _from_answer(record, verifier, hardware_id=hardware_id, product=product)
        elif auth is None:
            raise ConfigurationError("auth: is missing; the stored license is an offline file, which is checked by it")
        else:
            text = record.body.decode()
            license = read_either(text, auth=auth, hardware_id=hardware_id, product=product, public_key=public_key)
        now = self._clock.time()
        if now < record.newest - _CLOCK_TOLERANCE:
            raise ClockTurnedBack(
                f"{self._path}: the clock is {record.newest - now:.0f} s behind the newest moment that the store has "
                "seen; set it right, or check the license online"
            )
        if now >= record.newest + _STEP:
            self._see(int(now))
        judge(license, TimeFloor.of(max(record.newest, now), self._clock.monotonic))
        came_at = datetime.fromtimestamp(record.came_at, UTC)
        return Stored(license=license, came_at=came_at, is_file=record.signature is None)

    def holds_file(self) -> bool:
        """Return whether an offline file is stored, which stands for as long as its terms say; nothing is verified.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The file cannot be read.
        """
        try:
            return self._read().signature is None
        except NothingStored:
            return False

    def clear(self) -> None:
        """Delete what is stored, damaged or not; nothing happens when nothing is.

        Raises:
            StoreUnusable: It cannot be deleted.
        """
        with self._turn():
            remove(self._path)

    def _record(self, answer: RawResponse[License] | str) -> Record:
        now = int(self._clock.time())
        try:
            newest = self._read().newest
        except NothingStored:
            newest = now
        if isinstance(answer, str):
            return Record(body="".join(answer.split()).encode(), signature=None, came_at=now, newest=max(now, newest))
        # A verified answer proves the time: it heals the store of a machine whose clock was once ahead.
        proved = served(answer.headers)
        moment = now if proved is None else int(proved)
        newest = max(now, newest) if proved is None else moment
        signature = answer.headers[SIGNATURE_HEADER]
        return Record(body=answer.body, signature=signature, came_at=moment, newest=newest)

    def _see(self, now: int) -> None:
        with self._turn(), suppress(NothingStored):
            record = self._read()
            if now > record.newest:
                self._write(attrs.evolve(record, newest=now))

    def _read(self) -> Record:
        try:
            return decoded(read_private(self._path, most=_LARGEST), self._secret)
        except FileNotFoundError:
            raise NothingStored(
                f"{self._path}: no license is stored; check or activate it online, or save an offline file"
            ) from None
        except OSError as error:
            raise StoreUnusable(f"{self._path}: {error.strerror}") from error
        except (StoreDamaged, StoreTooNew) as error:
            raise type(error)(f"{self._path}: {error}") from None

    def _write(self, record: Record) -> None:
        with Replacement(self._path, private=True) as new:
            new.file.write(encoded(record, self._secret))

    @contextmanager
    def _turn(self) -> Generator[None]:
        """Have the file to oneself, among threads and processes."""
        try:
            claim_private(self._lock_path)
            with _lock(self._lock_path):
                remove_leftovers(self._path)
                yield
        except TimeoutError as error:
            raise StoreUnusable(f"{self._path}: other processes have had it for {_LOCK_SECONDS:g} s") from error
        except OSError as error:
            raise StoreUnusable(f"{error.filename or self._path}: {error.strerror}") from error


def _lock(path: Path) -> AbstractContextManager[object]:
    with needs_extra("offline"):
        from filelock import FileLock  # noqa: PLC0415
    return FileLock(path, timeout=_LOCK_SECONDS, mode=0o600)


def _from_answer(record: Record, verifier: Verifier, *, hardware_id: str, product: str) -> License:
    asked = required(hardware_id=hardware_id, product=product)
    if not verifier.holds(record.body, record.signature or ""):
        raise SignatureError("the stored answer was not signed by a trusted key; if the key is right, it was changed")
    license = _LICENSE.read(record.body, is_verified=True)
    if license.hardware_id is None and license.license_signature is None:
        raise AnswerMismatch("the stored answer does not say which device it is for")
    named = license.username or (license.user.email if license.user else None)
    SameDevice(asked | (optional(license_key=license.license_key) or optional(username=named)))(license, verifier)
    return license
