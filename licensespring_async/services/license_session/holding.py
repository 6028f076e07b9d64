"""The slots of floating features that a session holds while it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import anyio
import attrs
from anyio.abc import TaskStatus

from ...checks import FeatureCheck
from ...client import LicenseSpring
from ...errors import LicenseRefused, LicenseSpringError
from ...leases import Lease
from ...models import LicenseFeature
from ..gate.decisions import Decision
from .standing import State

_REPORT = Callable[[str, State | None, State, str], None]


@attrs.define(eq=False)
class _Place:
    """One feature, and the error if it is not held."""

    check: FeatureCheck
    error: LicenseSpringError | None = None
    state: State | None = None
    lease: Lease[LicenseFeature] | None = None
    is_borrowed: bool = False
    borrowed_until: datetime | None = None

    def set_borrowed(self, is_borrowed: bool, until: datetime | None = None) -> None:
        self.is_borrowed, self.borrowed_until = is_borrowed, until

    def is_kept(self, now: datetime) -> bool:
        return self.is_borrowed and (self.borrowed_until is None or now < self.borrowed_until)


class Holding:
    """Hold features with leases of the client. A lost feature is taken again when the service answers.

    Args:
        client: Makes the leases.
        checks: One for each feature.
        report: Called with a feature, its states before and after, and the reason, when it is taken or lost.
    """

    def __init__(self, client: LicenseSpring, checks: Iterable[FeatureCheck], report: _REPORT) -> None:
        self._client, self._report = client, report
        self._places = {check.feature: _Place(check) for check in checks}
        self._again = anyio.Event()

    @property
    def features(self) -> tuple[str, ...]:
        """The codes of the features."""
        return tuple(self._places)

    def try_again(self) -> None:
        """Take lost features again, now that the service answers."""
        again, self._again = self._again, anyio.Event()
        again.set()

    def borrowed(self, feature: str, until: datetime | None) -> None:
        """Keep the slot of a feature that was borrowed, until a moment if that is known."""
        if feature in self._places:
            self._places[feature].set_borrowed(True, until)

    def given_back(self, feature: str) -> None:
        """Hold a feature no longer by its borrowing, which was given back."""
        if feature in self._places:
            self._places[feature].set_borrowed(False)

    async def renew(self, feature: str) -> None:
        """Take the slot of a held feature again."""
        place = self._places.get(feature)
        if place is not None and place.lease is not None:
            await place.lease.renew()

    def judged(self, feature: str | None, decision: Decision, now: datetime) -> Decision:
        """Return a decision about a feature, or a refusal if its slot is not held."""
        place = None if feature is None else self._places.get(feature)
        if place is None or place.error is None or not decision:
            return decision
        if place.error.is_undecided and place.borrowed_until is not None and now < place.borrowed_until:
            return decision
        return attrs.evolve(decision, allowed=False, code=place.error.code_name)

    def is_lapsed(self, feature: str | None) -> bool:
        """Return whether the slot of a feature is lost because the service could not be asked."""
        return feature in self._places and self._places[feature].state is State.LAPSED

    async def hold(self, feature: str, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Hold a feature until cancelled; started once the first attempt has ended."""
        place, is_ready = self._places[feature], False
        while True:
            again = self._again
            asked = place.check
            try:
                async with self._client.feature_lease(**asked.arguments, cancel_body=False) as lease:
                    place.lease = lease
                    self._change(place, None)
                    if not is_ready:
                        is_ready = True
                        task_status.started()
                    try:
                        await lease.lost.wait()
                    finally:
                        place.lease, lease.is_kept = None, place.is_kept(self._client.now())
                    self._change(place, lease.error)
            except LicenseSpringError as error:
                self._change(place, error)
            if not is_ready:
                is_ready = True
                task_status.started()
            await again.wait()

    def _change(self, place: _Place, error: LicenseSpringError | None) -> None:
        place.error = error
        state = State.ONLINE if error is None else State.REFUSED if isinstance(error, LicenseRefused) else State.LAPSED
        before, place.state = place.state, state
        if before is not state:
            self._report(place.check.feature, before, state, "ok" if error is None else error.code_name)
