"""The license of this device in one file. What the service signed is verified again at every load."""

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
from ..errors.numbers import in_seconds
from ..models import License
from ..models.expiry import TimeFloor, judge
from ..redaction import Unpickled
from ..signatures import SIGNATURE_HEADER, PublicKeys
from ..transport import RawResponse
from ..transport.clock import Clock
from ..transport.policies.skew import served
from .air_gap import AirGap, AirGapConfirmation
from .files import opened, unmarked
from .record import Kind, Record
from .record_file import RecordFile, nothing_in
from .store_errors import ClockTurnedBack, NothingStored, StoreUnusable
from .stored_uses import StoredUses
from .uses import since
from .verifying import Trust

# The clock of an honest machine is set back by no more than this.
_CLOCK_TOLERANCE: Final = 300
# How far the time advances before it is stored again.
_STEP: Final = 60


@attrs.frozen(kw_only=True)
class Stored:
    """A license from a store.

    Attributes:
        license: The license.
        came_at: When the service gave it, or when its file or confirmation was saved; aware.
        is_offline: Whether it comes from an offline file or an air-gap confirmation, which stand without the service.
    """

    license: License
    came_at: datetime
    is_offline: bool


class LicenseStore(Unpickled):
    """Keep a program's license on this device, and uses that the service has not counted, in one file.

    The file contains what the service signed. Each load verifies the signature, the device and the product, so a copy
    is worth nothing on another device. The file is not encrypted. It contains the license key, so only this user can
    read it. Writes are atomic and durable: if the process is killed, the file is the old or the new one. A lock file
    beside it, with `.lock` after its name, makes processes take turns.

    Without a secret, anyone who can write the file can set back the moments and the uses in it, or put in an answer to
    another vendor's program with the same product code: the service signs for all vendors with one key. Even with a
    secret, an older copy of the file is believed, as far as the clock allows.

    Args:
        path: The file. Its folder must exist.
        secret: Seals the file, at least 16 bytes; keep it apart from the file. None protects against damage only.
        clock: Where the time comes from; for tests.

    Attributes:
        uses: The uses in the file.

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
            raise ConfigurationError("secret: must have at least 16 bytes; keep it apart from the file")
        if not isinstance(path, str | os.PathLike) or not Path(path).name or "\0" in str(path):
            raise ConfigurationError(f"path: must be the path of a file, not {path!r}")
        self._file, self._clock = RecordFile(Path(path), raw or b""), clock
        self.uses = StoredUses(self._file, clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._file.path)!r})"

    def save(
        self, answer: RawResponse[License] | str | AirGapConfirmation, *, known: Mapping[str, int] | None = None
    ) -> None:
        """Store a license in place of the stored one; the uses stay.

        Args:
            answer: An answer of `client.with_raw_response`, verified by the client. Or the text of an offline or
                refresh file, or an air-gap confirmation; they are verified at the next load.
            known: The uses that an answer has counted: `uses.settled()` before the request. None for all uses that are
                settled by now.

        Raises:
            ConfigurationError: It is something else, or was not verified.
            ResponseError: The text is not that of a file.
            StoreDamaged, StoreTooNew, StoreUnusable: The stored file cannot be used; it is not changed.

        Cost: blocks for two writes to disk, and up to 10 s while other processes lock the file.
        """
        _check(answer)
        with self._file.turn():
            self._file.write(self._record(answer, known))

    def keep(self, answer: RawResponse[License], *, known: Mapping[str, int]) -> None:
        """Store an answer as `save` does. But an offline file or an air-gap confirmation stays: it stands longer.

        Either way, the store has then seen the time of the answer.
        """
        _check(answer)
        with self._file.turn():
            record = self._record(answer, known)
            if self.holds_offline():
                record = attrs.evolve(self._file.read(), newest=record.newest)
            self._file.write(record)

    def load(
        self,
        *,
        hardware_id: str,
        product: str,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: PublicKeys | None = None,
        air_gap: AirGap | None = None,
    ) -> License:
        """Verify the stored license, and return it.

        It is judged by the later of the local clock and the newest moment that the store has seen. The caller has to
        check whether it has expired, and to decide how long an answer may stand.

        Args:
            hardware_id: Unique id of this device.
            product: Short code of the product.
            auth: The credentials of the program; needed for an offline file.
            public_key: PEM of the key that the service signs with; None for the vendor's.
            air_gap: The company's air-gap key and policies; needed for an air-gap confirmation.

        Raises:
            NothingStored: There is no license.
            StoreDamaged: The file is not as it was written.
            SignatureError: No key of the service signed the license; `AnswerMismatch`: it is for another device or
                product.
            ClockTurnedBack: The clock is more than 5 minutes behind the newest moment that the store has seen.
            StoreTooNew, StoreUnusable: The file cannot be read.
            ConfigurationError: An argument cannot be used.

        Cost: blocks for one read, two or three RSA verifications, and a write if the last was over a minute ago. If the
        store cannot be written, the license is returned all the same.
        """
        return self.recall(
            Trust(hardware_id=hardware_id, product=product, auth=auth, public_key=public_key, air_gap=air_gap)
        ).license

    def recall(self, trust: Trust) -> Stored:
        """Return the stored license and where it comes from; as `load`."""
        record = self._file.read()
        if record.kind is Kind.NOTHING:
            raise nothing_in(self._file.path)
        license = trust.license_in(record)
        now = self._clock.time()
        if now < record.newest - _CLOCK_TOLERANCE:
            raise ClockTurnedBack(
                f"{self._file.path}: the clock is {in_seconds(record.newest - now)} behind the newest moment that the "
                "store has seen; set it right, or check the license online"
            )
        if now >= record.newest + _STEP:
            # A full disk ends no license. Who keeps the store from being written could as well bring back its old file.
            with suppress(StoreUnusable):
                self.see(now)
        judge(license, TimeFloor.of(max(record.newest, now), self._clock.monotonic))
        came_at = datetime.fromtimestamp(record.came_at, UTC)
        return Stored(license=license, came_at=came_at, is_offline=record.kind is not Kind.ANSWER)

    def see(self, moment: float) -> None:
        """Have seen a moment (seconds since the epoch), so that a clock that is turned back behind it is noticed.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The stored file cannot be used; it is not changed.
        """
        with self._file.turn(), suppress(NothingStored):
            record = self._file.read()
            if moment >= record.newest + _STEP:
                self._file.write(attrs.evolve(record, newest=int(moment)))

    def holds_offline(self) -> bool:
        """Return whether an offline file or an air-gap confirmation is stored. Nothing is verified.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The file cannot be read.
        """
        try:
            return self._file.read().kind in (Kind.FILE, Kind.AIR_GAP)
        except NothingStored:
            return False

    def forget(self) -> None:
        """Drop the stored license, and keep the uses.

        Raises:
            StoreDamaged, StoreTooNew, StoreUnusable: The stored file cannot be used; it is not changed.
        """
        with self._file.turn(), suppress(NothingStored):
            self._drop_from(self._file.read())

    def forget_answer(self, trust: Trust) -> None:
        """Drop the stored answer as `forget` does. But one for another license stays, and so does what is no answer."""
        with self._file.turn(), suppress(NothingStored):
            record = self._file.read()
            if record.kind is Kind.ANSWER and trust.is_for(record):
                self._drop_from(record)

    def _drop_from(self, record: Record) -> None:
        if record.uses:
            self._file.write(Record(came_at=record.came_at, newest=record.newest, uses=record.uses))
        else:
            self._file.remove()

    def clear(self) -> None:
        """Delete the file with the license and the uses, damaged or not, if there is one.

        Raises:
            StoreUnusable: The file cannot be deleted.
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
            return attrs.evolve(new, kind=Kind.FILE, body=unmarked(answer).encode())
        if isinstance(answer, AirGapConfirmation):
            return attrs.evolve(new, kind=Kind.AIR_GAP, body=answer.encoded())
        # A verified answer proves the time. It repairs the store of a machine whose clock was once ahead.
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


def _check(answer: RawResponse[License] | str | AirGapConfirmation) -> None:
    """Raise unless an answer, a file or a confirmation can be stored."""
    if isinstance(answer, str):
        opened(answer)
    elif isinstance(answer, AirGapConfirmation):
        pass
    elif not isinstance(answer, RawResponse) or not isinstance(answer.value, License):
        raise ConfigurationError(
            "answer: must be a RawResponse with a License, the text of an offline file, or an AirGapConfirmation"
        )
    elif not answer.verified or SIGNATURE_HEADER not in answer.headers:
        raise ConfigurationError("answer: its signature was not verified, so it cannot be stored")
