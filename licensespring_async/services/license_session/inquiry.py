"""Ask the service about a license, or fall back on the stored answer."""

from __future__ import annotations

import anyio
import attrs

from ...client import LicenseSpring
from ...errors import DeviceNotFound, LicenseNotActive, LicenseRefused, LicenseSpringError
from ...models import License
from ...offline import NothingStored
from ...redaction import Unpickled
from ...transport import RawResponse
from ...transport.values import Call
from .keeping import Keeping
from .knowledge import Knowledge
from .standing import LicenseUnusable, Standing


@attrs.frozen(kw_only=True)
class Inquiry(Unpickled):
    """Ask the service about a license, one request at a time.

    Attributes:
        client: Sends the calls.
        check: The check of the license.
        activation: Its activation, or None.
        keeping: Stores answers, and recalls them if the service cannot be asked.
        knowledge: Records what is learned.
        fresh_seconds: How long an answer stands without a grace.
        grace_seconds: How long it stands while the service cannot be asked; 0 for no grace.
    """

    client: LicenseSpring
    check: Call[License]
    activation: Call[License] | None
    keeping: Keeping
    knowledge: Knowledge
    fresh_seconds: float
    grace_seconds: float

    async def open(self) -> None:
        """Find out the state of the license when a session opens. Activate it, if that is allowed and necessary.

        Raises:
            LicenseUnusable: The license itself cannot be used.
            LicenseStoreError: The store cannot be used.
            LicenseSpringError: The service refused, or it could not be asked and no stored license stands in.
        """
        try:
            await self.ask(opens=True)
        except LicenseSpringError as error:
            if not error.is_undecided:
                raise
            self.knowledge.learn(await self._stored(error))
        state, reason = self.knowledge.known.at(self.knowledge.now())
        if not state.is_usable:
            raise LicenseUnusable(state, reason)

    async def _stored(self, missed: LicenseSpringError) -> Standing:
        """Return the stored license's standing, in place of a service that could not be asked."""
        try:
            stored = await self.keeping.recall()
        except NothingStored as nothing:
            missed.add_note(f"no stored license stands in for the service: {nothing}")
            raise missed from nothing
        came_at = stored.came_at.timestamp()
        if stored.is_offline:
            return Standing(license=stored.license, came_at=came_at, is_offline=True)
        standing = Standing.of_answer(stored.license, came_at, fresh=0.0, grace=self.grace_seconds)
        if self.knowledge.now() >= standing.stands_until:
            missed.add_note("the stored license does not stand in for the service: its grace is over, or there is none")
            raise missed
        return standing

    async def ask(self, *, opens: bool = False) -> None:
        """Ask the service, and learn from its answer or its failure.

        Raises:
            LicenseSpringError: From the call or the store; the session has taken it into account.
        """
        known = await self.keeping.settled()
        try:
            answer = await self._answer(opens=opens)
        except LicenseRefused as refusal:
            await self.refuse(refusal)
            raise
        except LicenseSpringError as error:
            await self.miss(error)
            raise
        with anyio.CancelScope(shield=True):
            if self.client.newest_date is not None:
                self.knowledge.prove()
            now = self.knowledge.now()
            self.knowledge.learn(
                Standing.of_answer(answer.value, now, fresh=self.fresh_seconds, grace=self.grace_seconds)
            )
            await self.keeping.keep(answer, known)

    async def _answer(self, *, opens: bool) -> RawResponse[License]:
        try:
            return await self.client.perform(self.check)
        except (DeviceNotFound, LicenseNotActive):
            # Only when a session opens: a device that the vendor deactivates later must not activate itself.
            if self.activation is None or not opens:
                raise
            activated = await self.client.perform(self.activation)
        # An activation takes no slot.
        return await self.client.perform(self.check) if activated.value.is_floating_cloud else activated

    async def refuse(self, refusal: LicenseRefused) -> None:
        """Take into account that the service refused the license."""
        if self.knowledge.standing is not None:
            self.knowledge.learn(attrs.evolve(self.knowledge.standing, refusal=refusal.code_name))
        await self.keeping.forget()

    async def give_up_slot(self) -> None:
        """Take into account that the slot was given back: neither it nor a borrowing stands without a new answer."""
        known, now = self.knowledge.known, self.knowledge.now()
        license = attrs.evolve(known.license, is_borrowed=False, borrowed_until=None)
        self.knowledge.learn(attrs.evolve(known, license=license, stands_until=min(known.stands_until, now)))
        await self.keeping.forget()

    async def miss(self, error: LicenseSpringError) -> None:
        """Take into account that the service gave no answer."""
        standing = self.knowledge.standing
        if standing is None:
            return
        if not standing.is_offline:
            await self._stand_without(standing, error)
        # Otherwise the hours of a long run could be had again by turning the clock back before the next.
        await self.keeping.see(self.knowledge.now())

    async def _stand_without(self, standing: Standing, error: LicenseSpringError) -> None:
        until = standing.stands_until
        if not error.is_undecided:
            # Grace covers an unreachable service, not wrong credentials or forged answers.
            until = min(until, standing.came_at + self.fresh_seconds)
        standing = attrs.evolve(
            standing, stands_until=until, fresh_until=min(standing.fresh_until, self.knowledge.now())
        )
        self.knowledge.learn(standing)
        if error.is_undecided and standing.refusal is None and await self.keeping.holds_offline():
            stored = await self._stored(error)
            # A check may have been answered meanwhile.
            if self.knowledge.standing is standing:
                self.knowledge.learn(stored)
