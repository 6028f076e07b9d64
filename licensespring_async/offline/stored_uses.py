"""Uses in a license store. Each change is on disk before it counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from ..errors import (
    ApiError,
    FeatureNotEnoughConsumptions,
    LicenseNotConsumption,
    LicenseNotEnoughConsumptions,
    NegativeConsumptionsNotAllowed,
    UnsupportedProductFeature,
)
from ..models.resources.consumption import Counted
from ..redaction import Unpickled
from ..transport.clock import Clock
from .record import Kind, Record
from .record_file import RecordFile, nothing_in
from .store_errors import NothingStored
from .uses import Doubt, Uses, added, counted
from .verifying import Trust

T = TypeVar("T")


@attrs.frozen
class StoredUses(Unpickled):
    """The uses that the service may not have counted. A change blocks for two writes to disk.

    All methods raise `StoreDamaged`, `StoreTooNew` or `StoreUnusable` if the file cannot be used.
    """

    _file: RecordFile
    _clock: Clock

    def read(self) -> Uses:
        """Return the stored uses."""
        try:
            return self._file.read().uses
        except NothingStored:
            return Uses()

    def settled(self) -> Mapping[str, int]:
        """Return the uses that the service has counted since the license was stored, by feature; "" is the license."""
        try:
            return self._file.read().settled
        except NothingStored:
            return {}

    def keep(self, consumptions: int, feature: str | None, trust: Trust) -> int | None:
        """Count uses here, to be sent later, up to what is left of the stored license.

        Args:
            consumptions: How many.
            feature: Code of the feature; None for uses of the license itself.
            trust: What the license is verified against.

        Returns:
            How many are left afterwards; None if there is no limit.

        Raises:
            UsesOfAnother: The store has uses of another license key or user.
            LicenseNotEnoughConsumptions, FeatureNotEnoughConsumptions: Not enough are left; nothing was counted.
            ApiError: The license or feature does not count uses, or does not take them back.
            NothingStored: No license is stored.
            SignatureError, ResponseError: The stored license cannot be verified.
        """

        def kept(record: Record) -> tuple[Record, int | None]:
            if record.kind is Kind.NOTHING:
                raise nothing_in(self._file.path)
            found = counted(trust.license_in(record), feature)
            left = _left(found, consumptions, feature, record)
            return attrs.evolve(record, uses=record.uses.owned(trust.whose).keeping(feature, consumptions)), left

        return self._change(kept)

    def begin(self, consumptions: int, feature: str | None, whose: str = "") -> Doubt:
        """Record that uses are about to be sent. They are in doubt until `end`.

        Raises:
            UsesOfAnother: The store has uses of another key or user than `whose`.
        """
        doubt = self._doubt(consumptions, feature)
        return self._change(lambda record: (_with(record, record.uses.owned(whose).sending(doubt, kept=False)), doubt))

    def begin_kept(self, feature: str | None, whose: str = "") -> Doubt | None:
        """Record that all kept uses of a feature are about to be sent; None if there are none.

        Raises:
            UsesOfAnother: As `begin`.
        """

        def begun(record: Record) -> tuple[Record, Doubt | None]:
            consumptions = record.uses.kept.get(feature or "", 0)
            if not consumptions:
                return record, None
            doubt = self._doubt(consumptions, feature)
            return _with(record, record.uses.owned(whose).sending(doubt, kept=True)), doubt

        return self._change(begun)

    def end(self, id: str, *, counted: bool, keep: bool = False) -> None:
        """Record what became of uses in doubt.

        Args:
            id: The id of the doubt.
            counted: Whether the service has counted them.
            keep: Whether to send them again if it has not.

        Raises:
            UseUnknown: No uses in doubt have this id.
        """

        def ended(record: Record) -> tuple[Record, None]:
            doubt = record.uses.doubt(id)
            rest = record.uses.without(doubt)
            if counted:
                settled = added(record.settled, doubt.feature, doubt.consumptions)
                return attrs.evolve(record, uses=rest, settled=settled), None
            return _with(record, rest.keeping(doubt.feature, doubt.consumptions) if keep else rest), None

        self._change(ended)

    def _doubt(self, consumptions: int, feature: str | None) -> Doubt:
        id = uuid.uuid4().hex
        return Doubt(id=id, feature=feature, consumptions=consumptions, sent_at=int(self._clock.time()))

    def _change(self, change: Callable[[Record], tuple[Record, T]]) -> T:
        with self._file.turn():
            try:
                before = self._file.read()
            except NothingStored:
                now = int(self._clock.time())
                before = Record(came_at=now, newest=now)
            after, result = change(before)
            if after != before:
                self._file.write(after)
            return result


def _with(record: Record, uses: Uses) -> Record:
    return attrs.evolve(record, uses=uses)


def _left(found: Counted | None, consumptions: int, feature: str | None, record: Record) -> int | None:
    """Return how many uses are left after counting more, or raise if these cannot be counted."""
    if found is None:
        raise _refusal(
            LicenseNotConsumption if feature is None else UnsupportedProductFeature, "it does not count uses"
        )
    if consumptions < 0 and not found.allow_negative_consumptions:
        raise _refusal(NegativeConsumptionsNotAllowed, "its uses cannot be given back")
    remaining = found._balance  # pyright: ignore[reportPrivateUsage]  # not public
    if remaining is None:
        return None
    left = remaining - record.settled.get(feature or "", 0) - record.uses.of(feature) - consumptions
    if left < 0 and consumptions > 0:
        kind = LicenseNotEnoughConsumptions if feature is None else FeatureNotEnoughConsumptions
        raise _refusal(kind, f"{max(left + consumptions, 0)} are left, as far as known without the service")
    return max(left, 0)


def _refusal(kind: type[ApiError], why: str) -> ApiError:
    return kind(200, kind.kind, why)
