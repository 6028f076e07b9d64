"""Uses counted on this device that the service has not counted, or may not have. Pure.

A use is kept until it is sent. Before it is sent, it is recorded as in doubt. The answer ends the doubt. If the process
is killed in between, the doubt stays, so no use is sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..models import License
from ..models.resources.consumption import Counted
from .store_errors import LicenseStoreError


class UseUnknown(LicenseStoreError):
    """No uses in doubt have this id; they were resolved before."""


class UsesOfAnother(LicenseStoreError):
    """The store has uses of another license key or user, which this one would be charged for; nothing was changed."""


@attrs.frozen(kw_only=True)
class Doubt:
    """Uses that were sent to the service, without an answer: it may have counted them or not.

    Attributes:
        id: Names this doubt.
        feature: Code of their feature; None for uses of the license itself.
        consumptions: How many.
        sent_at: Whole seconds since the epoch.
    """

    id: str
    feature: str | None
    consumptions: int
    sent_at: int


@attrs.frozen(kw_only=True)
class Uses:
    """The uses that the service may not have counted.

    Attributes:
        kept: How many are still to be sent, by feature; "" is the license itself.
        doubts: Those that were sent and not answered. Another process may be sending them just now.
        whose: A hash of their license key or user; "" if that is not known.
    """

    kept: Mapping[str, int] = attrs.field(factory=dict[str, int])
    doubts: tuple[Doubt, ...] = ()
    whose: str = attrs.field(default="", eq=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.kept or self.doubts)

    def keeping(self, feature: str | None, consumptions: int) -> Uses:
        """Return these uses and more to send."""
        return attrs.evolve(self, kept=added(self.kept, feature, consumptions))

    def sending(self, doubt: Doubt, *, kept: bool) -> Uses:
        """Return these uses with some in doubt, which were kept before or are new."""
        rest = added(self.kept, doubt.feature, -doubt.consumptions) if kept else self.kept
        return attrs.evolve(self, kept=rest, doubts=(*self.doubts, doubt))

    def owned(self, whose: str) -> Uses:
        """Return these uses as those of a license key or user, so that more can be added.

        Raises:
            UsesOfAnother: They are those of another one.
        """
        if self and self.whose != whose:
            raise UsesOfAnother(
                "the store has uses of another license key or user; send them in a session of that one, or give each "
                "its own store"
            )
        return attrs.evolve(self, whose=whose)

    def doubt(self, id: str) -> Doubt:
        """Return the uses in doubt with this id.

        Raises:
            UseUnknown: There are none.
        """
        found = next((each for each in self.doubts if each.id == id), None)
        if found is None:
            raise UseUnknown("no uses in doubt have this id; they were resolved before")
        return found

    def without(self, doubt: Doubt) -> Uses:
        """Return these uses without those of a doubt."""
        return attrs.evolve(self, doubts=tuple(each for each in self.doubts if each != doubt))

    def of(self, feature: str | None) -> int:
        """Return the number of uses of a feature, or of the license itself."""
        # Uses whose return is in doubt cannot be used again.
        sent = sum(max(each.consumptions, 0) for each in self.doubts if each.feature == feature)
        return self.kept.get(feature or "", 0) + sent


def added(counts: Mapping[str, int], feature: str | None, consumptions: int) -> dict[str, int]:
    """Return counts with more uses of a feature."""
    name = feature or ""
    total = counts.get(name, 0) + consumptions
    rest = {each: count for each, count in counts.items() if each != name}
    return {**rest, name: total} if total else rest


def since(counts: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Return what was added to counts since an earlier reading."""
    left: dict[str, int] = {}
    for name, count in counts.items():
        # Another process may have started the count again.
        rest = count - before.get(name, 0) if count >= before.get(name, 0) else count
        left |= {name: rest} if rest else {}
    return left


def counted(license: License, feature: str | None) -> Counted | None:
    """Return the feature, or the license itself, that counts uses; None if it does not count them."""
    found: Counted | None = license if feature is None else license.feature(feature)
    return found if found is not None and found.is_consumption else None
