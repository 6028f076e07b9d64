"""A license that a program holds for as long as it runs."""

from __future__ import annotations

import logging
import random as random_module
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self, TypedDict

import anyio
import attrs

from ... import endpoints
from ...auth import ApiKey, ClientCredentials
from ...checks import FeatureCheck, LicenseCheck
from ...client import LicenseSpring
from ...errors import ConfigurationError, DeviceNotFound, LicenseNotActive, LicenseRefused, LicenseSpringError
from ...models import Borrowing, License
from ...offline import AirGap, LicenseStore, Uses
from ...offline.verifying import Trust
from ...redaction import Unpickled
from ...signatures import PublicKeys
from ...transport import Clock
from ...transport.clock import is_number
from ..gate.decisions import Decision
from ..gate.grace import Grace
from .counting import Counting, Use, UsesKept
from .holding import Holding
from .inquiry import Inquiry
from .keeping import Keeping
from .knowledge import Knowledge
from .slot import OwnSlot
from .standing import Change, Standing, State
from .watching import CHECKS, Pace, tasks

_log = logging.getLogger("licensespring_async.services")
_SHORTEST_SECONDS: Final = 1.0


class _Device(TypedDict):
    product: str
    hardware_id: str
    license_key: str | None
    username: str | None


class LicenseSession(Unpickled):
    """Hold the license of this device for the life of a program; use it in `async with`.

    Opening it asks the service. When the service cannot be asked, what the store has stands instead: the last answer
    within the grace, an offline file for as long as its own terms say. A refusal is never overruled: it ends what is
    known, and empties the store of the answer before it. While the session is open it asks again by itself.

    Opening raises the service's refusal; `LicenseUnusable` when the license itself cannot be used; the error of a
    service that cannot be asked when nothing stands in for it; and what is wrong with the store.

    The store keeps the newest answer, but an offline file or an air-gap confirmation that is in it stays until
    `refresh`, `deactivate` or `store.clear()`. The checks renew the slot of a floating license; the end of the session
    gives it back, unless it was borrowed. Uses are kept in the store while the service is away.

    Args:
        client: Asks the service; the session does not close it.
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: Exactly one of `license_key` and `username`.
        username: The license's user.
        password: The user's; needed to activate.
        features: Codes of floating features whose slots are held while the session is open. One that cannot be held
            is refused by `allows`, and tried again at each check.
        activate: Whether opening activates the license on a device that the service does not know yet.
        store: Keeps answers across restarts; None for this process only.
        grace: How long the last answer stands while the service cannot be asked; None opens no session without the
            service, except from an offline file and while it is borrowed. The grace's own store is not used.
        auth: The credentials of the client; needed for offline files.
        public_key: PEM of the key that the service signs with; None for those that the client trusts.
        air_gap: The company's air-gap key and policies; needed for air-gap confirmations.
        check_every: Seconds between two checks; an answer stands for two of them, whatever the grace.
        jitter: Part of `check_every` that is taken off at random, so that programs do not all ask together.
        on_change: Called with each change, in the event loop; it must not block.
        clock: Where time comes from; for tests.
        random: Gives numbers from [0, 1); for tests.

    Raises:
        ConfigurationError: An argument cannot be used.
    """

    def __init__(
        self,
        client: LicenseSpring,
        *,
        product: str,
        hardware_id: str,
        license_key: str | None = None,
        username: str | None = None,
        password: str | None = None,
        features: Iterable[str] = (),
        activate: bool = False,
        store: LicenseStore | None = None,
        grace: Grace | None = None,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: PublicKeys | None = None,
        air_gap: AirGap | None = None,
        check_every: float = 3600.0,
        jitter: float = 0.1,
        on_change: Callable[[Change], None] | None = None,
        clock: Clock = Clock(),  # noqa: B008  # frozen
        random: Callable[[], float] = random_module.random,
    ) -> None:
        if not is_number(check_every) or check_every < _SHORTEST_SECONDS:
            raise ConfigurationError("check_every: must be a number of seconds, 1 or more")
        if not is_number(jitter) or not 0 <= jitter < 1:
            raise ConfigurationError("jitter: must be a number from 0 to below 1")
        if grace is not None and grace.store is not None:
            raise ConfigurationError("grace: must have no store; the session keeps its answers in its own")
        self._client, self._product = client, product
        public_key = client.public_keys if public_key is None else public_key
        trust = Trust(
            hardware_id=hardware_id,
            product=product,
            license_key=license_key,
            username=username,
            auth=auth,
            public_key=public_key,
            air_gap=air_gap,
        )
        self._keeping = Keeping(store=store, trust=trust)
        which = _Device(product=product, hardware_id=hardware_id, license_key=license_key, username=username)
        # Made now, so that an argument that cannot be sent is refused now.
        check = LicenseCheck(**which)
        activation = endpoints.activate_license(**which, password=password) if activate else None
        self._deactivation = endpoints.deactivate_license(**which)
        self._knowledge = Knowledge(
            product,
            time=lambda: client.now().timestamp(),
            monotonic=clock.monotonic,
            report=client.report,
            on_change=on_change,
        )
        self._inquiry = Inquiry(
            client=client,
            check=check.call(),
            activation=activation,
            keeping=self._keeping,
            knowledge=self._knowledge,
            fresh_seconds=CHECKS * check_every,
            grace_seconds=0.0 if grace is None else grace.hours * 3600,
        )
        self._counting = Counting(
            client=client,
            check=check,
            keeping=self._keeping,
            knowledge=self._knowledge,
            miss=self._inquiry.miss,
        )
        checks = [FeatureCheck(**which, feature=each) for each in features]
        self._holding = Holding(client, checks, self._tell_of_feature)
        self._slot = OwnSlot(
            client,
            check,
            password,
            inquiry=self._inquiry,
            knowledge=self._knowledge,
            holding=self._holding,
        )
        self._pace = Pace(knowledge=self._knowledge, every=check_every, jitter=jitter, random=random, clock=clock)
        self._turn = anyio.Lock()
        self._stack: AsyncExitStack | None = None

    @property
    def license(self) -> License:
        """The license as the service last gave it.

        Raises:
            ConfigurationError: The session was never open; so do the others.
        """
        return self._knowledge.known.license

    @property
    def state(self) -> State:
        """How the license stands now."""
        return self._knowledge.known.at(self._knowledge.now())[0]

    @property
    def lost(self) -> Change | None:
        """The change by which the license can no longer be used, with its reason; None while it can."""
        self._knowledge.notice()
        change = self._knowledge.change
        return None if change is None or change.state.is_usable else change

    def allows(self, feature: str | None = None) -> Decision:
        """Return whether a feature may be used, from memory.

        Args:
            feature: The feature's code; None asks for the license alone.
        """
        self._knowledge.notice()
        now = self._knowledge.now()
        decision = self._knowledge.known.decision(feature, now)
        return self._holding.judged(feature, decision, datetime.fromtimestamp(now, UTC))

    async def check(self) -> State:
        """Ask the service now.

        Returns:
            How the license stands afterwards: a refusal is a state, and so is a service that cannot be asked.

        Raises:
            LicenseSpringError: What is neither a refusal nor a service that cannot be asked, such as wrong credentials.

        Cost: one license check, and a write of the store.
        """
        async with self._turn:
            if self._knowledge.known.is_deactivated:
                return State.DEACTIVATED
            try:
                await self._ask()
            except LicenseSpringError as error:
                if not isinstance(error, LicenseRefused) and not error.is_undecided:
                    raise
        return self.state

    async def consume(self, consumptions: int = 1, *, feature: str | None = None) -> Use:
        """Count uses: by the service, or here while it cannot be asked, up to what is left.

        Those that are counted here are on the disk before this returns, and are sent once, by the first check that the
        service answers.

        Args:
            consumptions: How many; negative ones are given back, where the license allows it.
            feature: Code of the feature whose uses they are; None for the license's own.

        Raises:
            LicenseNotEnoughConsumptions, FeatureNotEnoughConsumptions: The allowance does not reach; nothing was
                counted.
            LicenseUnusable: The license cannot be used.
            LicenseStoreError: They could not be written down; nothing was counted.
            LicenseSpringError: With `may_have_acted` it is in doubt whether the service has counted them: they are not
                sent again. `uses` lists them. Without, nothing was counted.

        Cost: one call, sent once, and two writes of the store; or one write. A cancelled call is in doubt.
        """
        return await self._counting.consume(consumptions, feature)

    async def uses(self) -> Uses:
        """Return the uses that the service may not have heard of: those kept here, and those in doubt.

        Raises:
            LicenseStoreError: The store cannot be read.
        """
        return await self._counting.keeping.uses()

    async def resolve(self, doubt: str, *, was_counted: bool) -> None:
        """Say what became of uses in doubt, as the vendor platform shows it.

        Args:
            doubt: Its id.
            was_counted: Whether the service has counted them; if not, the next check sends them again.

        Raises:
            UseUnknown: Nothing in doubt has this id.
            LicenseStoreError: The store cannot be used.
        """
        await self._counting.resolve(doubt, was_counted=was_counted)

    async def borrow(self, until: datetime | None = None, *, feature: str | None = None) -> Borrowing:
        """Keep the floating slot without the service, for a time.

        Args:
            until: Aware; None for as long as the license allows.
            feature: Code of the feature whose slot it is; None for the license's own.

        Raises:
            LicenseSpringError: The service refused or did not answer.

        Cost: one call, and one license check.
        """
        async with self._turn:
            borrowing = await self._slot.borrow(until, feature)
            # What was borrowed has to be in the store, too.
            await self._ask()
        return borrowing

    async def give_back(self, *, feature: str | None = None) -> None:
        """Give a borrowed slot back; one of the license, or of a feature that is held, is taken again as a usual one.

        Args:
            feature: Code of the feature whose slot it is; None for the license's own.

        Raises:
            LicenseSpringError: The service refused or did not answer.

        Cost: one call, and one license check.
        """
        async with self._turn:
            await self._slot.give_back(feature)
            await self._ask()

    async def deactivate(self) -> None:
        """Give the activation back and empty the store; the session can no longer be used afterwards.

        Uses that are kept are sent before. Those in doubt are logged: nothing remembers them afterwards.

        Raises:
            UsesKept: The service did not count the uses that are kept; nothing else has changed.
            LicenseSpringError: The service could not be asked or refused; nothing has changed here.
            LicenseStoreError: It was given back, but the store could not be emptied.
        """
        async with self._turn:
            standing = self._knowledge.known
            await self._counting.settle()
            if kept := (await self.uses()).kept:
                raise UsesKept(sum(kept.values()))
            await self._counting.tell_doubts()
            try:
                await self._client.perform(self._deactivation)
            except (DeviceNotFound, LicenseNotActive):
                _log.info("the license of %s was not active on this device any more", self._product)
            with anyio.CancelScope(shield=True):
                self._knowledge.learn(attrs.evolve(standing, is_deactivated=True))
                await self._keeping.clear()

    async def refresh(self, text: str) -> State:
        """Take an offline file or a refresh file in place of what is stored; no network is needed.

        Args:
            text: The file.

        Returns:
            How the license stands afterwards.

        Raises:
            ConfigurationError: The session has no store or no credentials.
            ResponseError, SignatureError: The file is damaged, not the service's, or another device's; nothing changed.
            LicenseStoreError: It could not be stored; nothing has changed.
        """
        async with self._turn:
            with anyio.CancelScope(shield=True):
                license = await self._keeping.take(text)
                self._knowledge.learn(Standing(license=license, came_at=self._knowledge.now(), is_offline=True))
        return self.state

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise ConfigurationError("the session is open already; make a second one")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._slot.seat())
            await self._ask(opens=True)
            await self._counting.tell_doubts()
            group = await stack.enter_async_context(tasks())
            for feature in self._holding.features:
                await group.start(self._holding.hold, feature)
            group.start_soon(self._watch)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stack, self._stack = self._stack, None
        assert stack is not None  # noqa: S101
        await stack.__aexit__(exc_type, exc, traceback)

    async def _ask(self, *, opens: bool = False) -> None:
        """Ask the service, and then do what had to wait for its answer."""
        if await self._slot.ask(opens=opens):
            await self._counting.settle()
            self._holding.try_again()

    def _tell_of_feature(self, feature: str, before: State | None, state: State, reason: str) -> None:
        now = self._knowledge.now()
        self._knowledge.tell(Change(before=before, state=state, reason=reason, at=now, feature=feature))

    async def _watch(self) -> None:
        while not self._knowledge.known.is_deactivated:
            await self._pace.wait()
            try:
                await self.check()
            except LicenseSpringError as error:
                _log.warning("the license of %s could not be checked: %s", self._product, error)
