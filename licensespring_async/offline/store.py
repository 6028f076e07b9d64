"""The license of this device, kept in one file: what the service signed, checked again at every load."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs

from ..auth import ApiKey, ClientCredentials
from ..errors import ConfigurationError
from ..models import License
from ..models.expiry import TimeFloor, judge
from ..redaction import Unpickled
from ..signatures import SIGNATURE_HEADER, PublicKeys
from ..transport import RawResponse
from ..transport.clock import Clock
from ..transport.policies.skew import served
from .air_gap import AirGap, AirGapConfirmation
from .files import opened
from .record import Kind, Record
from .record_file import RecordFile, nothing_in
from .store_errors import ClockTurnedBack, NothingStored
from .stored_uses import StoredUses
from .uses import since
from .verifying import Trust

# Clocks of honest machines are set back by this much, not by more.
_CLOCK_TOLERANCE: Final = 300
# How far the clock goes on before a load writes that down.
_STEP: Final = 60


@attrs.frozen(kw_only=True)
class Stored:
    """A license from a store.

    Attributes:
        license: As an online answer gives it.
        came_at: When the service gave it, or when its file or confirmation was saved; aware.
        is_offline: Whether it is from an offline file or an air-gap confirmation, which stand without the service.
    """

    license: License
    came_at: datetime
    is_offline: bool


class LicenseStore(Unpickled):
    """Keeps a program's license on this device, and the uses that the service has not heard of, in one file.

    The file holds what the service signed, and each load checks the signature, the device and the product again: it can
    be copied, but it is worth nothing elsewhere. It is not encrypted. It holds the license's key, so only this user may
    read it. Writes are atomic and durable: whoever is killed leaves the old file or the new one. A lock beside it, with
    `.lock` after its name, makes several processes take turns.

    Without a secret everyone who may write the file can set back the moments and the uses in it. With or without, an
    older file put back in its place is believed, as far as the clock allows.

    Args:
        path: The file. Its folder must be there.
        secret: Seals the file, at least 16 bytes; kept where the file is not. None seals it against damage only.
        clock: Where the time comes from; for tests.

    Attributes:
        uses: The uses in it.

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
        self._file, self._clock = RecordFile(Path(path), raw or b""), clock
        self.uses = StoredUses(self._file, clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._file.path)!r})"

    def save(
        self, answer: RawResponse[License] | str | AirGapConfirmation, *, known: Mapping[str, int] | None = None
    ) -> None:
        """Keep a license in place of the one that is stored; the uses stay.

        Args:
            answer: Of `client.with_raw_response`, verified by the client; or the text of an offline or refresh file, or
                an air-gap confirmation, which are checked at the next load.
            known: The uses that the count in an answer has in it: `uses.settled()` before it was asked for. None for
                all that were settled by now.

        Raises:
            ConfigurationError: It is something else, or was not verified.
            ResponseError: The text is not that of a file.
            StoreDamaged, StoreTooNew, StoreUnusable: The file that is there stays as it is.

        Cost: blocks for two writes to the disk, and up to 10 s while other processes have the file.
        """
        if isinstance(answer, str):
            opened(answer)
        elif isinstance(answer, AirGapConfirmation):
            pass
        elif not isinstance(answer, RawResponse) or not isinstance(answer.value, License):
            raise ConfigurationError(
                "answer: must be a RawResponse with a License, the text of an offline file, or an AirGapConfirmation"
            )
        elif not answer.verified or SIGNATURE_HEADER not in answer.headers:
            raise ConfigurationError("answer: its signature was not verified, so it cannot be kept")
        with self._file.turn():
            self._file.write(self._record(answer, known))

    def load(
        self,
        *,
        hardware_id: str,
        product: str,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: PublicKeys | None = None,
        air_gap: AirGap | None = None,
    ) -> License:
        """Return the license that is stored, after everything about it was checked again.

        It is judged by the later of the local clock and the newest moment that the store has seen. Whether it has
        expired, and how long an answer may stand, is for the caller to decide.

        Args:
            hardware_id: Unique id of this device.
            product: Short code of the product.
            auth: The credentials of the program; an offline file is not read without them.
            public_key: PEM of the key that the service signs with; None for the vendor's.
            air_gap: The company's air-gap key and policies; an air-gap confirmation is not read without them.

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
        return self.recall(
            Trust(hardware_id=hardware_id, product=product, auth=auth, public_key=public_key, air_gap=air_gap)
        ).license

    def recall(self, trust: Trust) -> Stored:
        """Return the license that is stored and where it comes from; as `load`."""
        record = self._file.read()
        if record.kind is Kind.NOTHING:
            raise nothing_in(self._file.path)
        license = trust.license_in(record)
        now = self._clock.time()
        if now < record.newest - _CLOCK_TOLERANCE:
            raise ClockTurnedBack(
                f"{self._file.path}: the clock is {record.newest - now:.0f} s behind the newest moment that the store "
                "has seen; set it right, or check the license online"
            )
        if now >= record.newest + _STEP:
            self._see(int(now))
        judge(license, TimeFloor.of(max(record.newest, now), self._clock.monotonic))
        came_at = datetime.fromtimestamp(record.came_at, UTC)
        return Stored(license=license, came_at=came_at, is_offline=record.kind is not Kind.ANSWER)

    def holds_offline(self) -> bool:
        """Return whether what is stored stands for as long as its own terms say; nothing is verified.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The file cannot be read.
        """
        try:
            return self._file.read().kind in (Kind.FILE, Kind.AIR_GAP)
        except NothingStored:
            return False

    def forget(self) -> None:
        """Drop the license, whatever it is, and keep the uses.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The file that is there stays as it is.
        """
        with self._file.turn(), suppress(NothingStored):
            record = self._file.read()
            if record.uses:
                self._file.write(Record(came_at=record.came_at, newest=record.newest, uses=record.uses))
            else:
                self._file.remove()

    def clear(self) -> None:
        """Delete what is stored, uses and all, damaged or not; nothing happens when nothing is.

        Raises:
            StoreUnusable: It cannot be deleted.
        """
        with self._file.turn():
            self._file.remove()

    def _record(
        self, answer: RawResponse[License] | str | AirGapConfirmation, known: Mapping[str, int] | None
    ) -> Record:
        now = int(self._clock.time())
        try:
            before = self._file.read()
        except NothingStored:
            before = Record(came_at=now, newest=now)
        settled = {} if known is None else since(before.settled, known)
        new = Record(came_at=now, newest=max(now, before.newest), uses=before.uses, settled=settled)
        if isinstance(answer, str):
            return attrs.evolve(new, kind=Kind.FILE, body="".join(answer.split()).encode())
        if isinstance(answer, AirGapConfirmation):
            return attrs.evolve(new, kind=Kind.AIR_GAP, body=answer.encoded())
        # A verified answer proves the time: it heals the store of a machine whose clock was once ahead.
        proved = served(answer.headers)
        moment = now if proved is None else int(proved)
        return attrs.evolve(
            new,
            kind=Kind.ANSWER,
            body=answer.body,
            signature=answer.headers[SIGNATURE_HEADER],
            came_at=moment,
            newest=new.newest if proved is None else moment,
        )

    def _see(self, now: int) -> None:
        with self._file.turn(), suppress(NothingStored):
            record = self._file.read()
            if now > record.newest:
                self._file.write(attrs.evolve(record, newest=now))
