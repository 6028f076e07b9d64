"""Uses that were counted on this device, and that the service has not counted yet, or may not have.

A use is kept until it is sent. Before it is sent it is written down as one in doubt, and after the answer that is taken
back: so whoever is killed in between leaves a doubt, and never a use that would be sent twice. It is pure.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..models import License
from ..models.resources.consumption import Counted
from .store_errors import LicenseStoreError


class UseUnknown(LicenseStoreError):
    """There is no use in doubt with this id; somebody has resolved it."""


class UsesOfAnother(LicenseStoreError):
    """The store keeps uses of another license key or user, which would be counted on this one; nothing was changed."""


@attrs.frozen(kw_only=True)
class Doubt:
    """Uses that were sent to the service, and of which no answer has come: it has counted them, or it has not.

    Attributes:
        id: Names them.
        feature: Whose uses they are; None for the license's own.
        consumptions: How many.
        sent_at: Whole seconds since the epoch.
    """

    id: str
    feature: str | None
    consumptions: int
    sent_at: int


@attrs.frozen(kw_only=True)
class Uses:
    """The uses that the service may not have heard of.

    Attributes:
        kept: How many are still to be sent, by feature; "" is the license itself.
        doubts: Those that were sent and not answered. Of another process they may be under way.
        whose: Names the license key or user that they are of, by a hash; "" where that is not known.
    """

    kept: Mapping[str, int] = attrs.field(factory=dict[str, int])
    doubts: tuple[Doubt, ...] = ()
    whose: str = attrs.field(default="", eq=False)

    def __bool__(self) -> bool:
        return bool(self.kept or self.doubts)

    def keeping(self, feature: str | None, consumptions: int) -> Uses:
        """Return these and some more to send."""
        return attrs.evolve(self, kept=added(self.kept, feature, consumptions))

    def sending(self, doubt: Doubt, *, kept: bool) -> Uses:
        """Return these with some in doubt; those were among the kept ones, or they are new."""
        rest = added(self.kept, doubt.feature, -doubt.consumptions) if kept else self.kept
        return attrs.evolve(self, kept=rest, doubts=(*self.doubts, doubt))

    def owned(self, whose: str) -> Uses:
        """Return these for more uses of a license key or user.

        Raises:
            UsesOfAnother: They are of another one.
        """
        if self and self.whose != whose:
            raise UsesOfAnother(
                "the store keeps uses of another license key or user; send them in a session of that one, or give each "
                "its own store"
            )
        return attrs.evolve(self, whose=whose)

    def doubt(self, id: str) -> Doubt:
        """Return the uses in doubt of this id.

        Raises:
            UseUnknown: There are none.
        """
        found = next((each for each in self.doubts if each.id == id), None)
        if found is None:
            raise UseUnknown("no uses in doubt have this id; they were resolved before")
        return found

    def without(self, doubt: Doubt) -> Uses:
        """Return these without some in doubt."""
        return attrs.evolve(self, doubts=tuple(each for each in self.doubts if each != doubt))

    def of(self, feature: str | None) -> int:
        """Return how many there are of a feature, or of the license itself."""
        # Uses that are given back in doubt are not there to be used again.
        sent = sum(max(each.consumptions, 0) for each in self.doubts if each.feature == feature)
        return self.kept.get(feature or "", 0) + sent


def added(counts: Mapping[str, int], feature: str | None, consumptions: int) -> dict[str, int]:
    """Return counts with some more of a feature."""
    name = feature or ""
    total = counts.get(name, 0) + consumptions
    rest = {each: count for each, count in counts.items() if each != name}
    return {**rest, name: total} if total else rest


def since(counts: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Return what came to counts since they were read before."""
    left: dict[str, int] = {}
    for name, count in counts.items():
        # Another process may have begun to count anew since then.
        rest = count - before.get(name, 0) if count >= before.get(name, 0) else count
        left |= {name: rest} if rest else {}
    return left


def counted(license: License, feature: str | None) -> Counted | None:
    """Return what counts uses: a feature of a license, or the license itself; None when nothing does."""
    found: Counted | None = license if feature is None else license.feature(feature)
    return found if found is not None and found.is_consumption else None
