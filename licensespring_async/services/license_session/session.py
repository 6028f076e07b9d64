"""The license of a program, held while it runs."""

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
from ...configuration import is_async
from ...errors import ConfigurationError, DeviceNotFound, LicenseNotActive, LicenseRefused, LicenseSpringError
from ...models import Borrowing, License
from ...offline import AirGap, LicenseStore, Uses
from ...offline.verifying import Trust
from ...redaction import Unpickled
from ...signatures import PublicKeys
from ...transport import Clock
from ...transport.clock import is_number
from ..gate.decisions import Decision
from ..gate.grace import Grace, checked_grace
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
    """Hold the license of this device while a program runs; use it in `async with`.

    Opening asks the service. If the service cannot be asked, the stored license stands in: the last answer within the
    grace, or an offline file within its own terms. Nothing overrules a refusal: it ends the license, and removes the
    answer from the store. While the session is open, it checks again by itself.

    Opening raises the service's refusal; `LicenseUnusable` if the license itself cannot be used; the error of the call
    if the service cannot be asked and nothing stands in; or the error of a store that cannot be read. If it cannot be
    written, that is logged: a full disk ends no license.

    The store keeps the newest answer. But a stored offline file or air-gap confirmation stays until `refresh`,
    `deactivate` or `store.clear()`. The checks renew the slot of a floating license. Closing the session gives the slot
    back, unless it is borrowed. The store keeps uses while the service cannot be asked.

    Args:
        client: Sends the calls; the session does not close it.
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: Exactly one of `license_key` and `username`.
        username: The license's user.
        password: The user's password; needed to activate.
        features: Codes of floating features to hold while the session is open. `allows` refuses a feature that cannot
            be held. Each check tries to take it again.
        activate: Whether opening activates the license on a device that the service does not know yet.
        store: Keeps answers across restarts; None for this process only.
        grace: How long the last answer stands while the service cannot be asked. With None, a session opens without the
            service only from an offline file, or while the license is borrowed. The grace must not have a store.
        auth: The credentials of the client; needed for offline files.
        public_key: PEM of the key that the service signs with; None for the keys that the client trusts.
        air_gap: The company's air-gap key and policies; needed for air-gap confirmations.
        check_every: Seconds between two checks. An answer stands for twice as long, even without a grace.
        jitter: Fraction of `check_every` that is subtracted at random, so that programs do not all check together.
        on_change: Called with each change, in the event loop. It must not block, and is not awaited.
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
        if not isinstance(client, LicenseSpring):
            raise ConfigurationError(
                "client: must be a LicenseSpring object; with a BlockingLicenseSpring, use blocking_license_session"
            )
        if not is_number(check_every) or check_every < _SHORTEST_SECONDS:
            raise ConfigurationError("check_every: must be a number of seconds, 1 or more")
        if not is_number(jitter) or not 0 <= jitter < 1:
            raise ConfigurationError("jitter: must be a number from 0 to below 1")
        if isinstance(features, str):
            raise ConfigurationError(f"features: must be several codes, for example [{features!r}]")
        if not isinstance(features, Iterable):
            raise ConfigurationError(f"features: must be codes of features, not {type(features).__name__}")
        if store is not None and not isinstance(store, LicenseStore):
            raise ConfigurationError(f"store: must be a LicenseStore, for example LicenseStore({str(store)!r})")
        if on_change is not None and (not callable(on_change) or is_async(on_change)):
            raise ConfigurationError("on_change: must be a plain function; it is called, but not awaited")
        grace = checked_grace(grace)
        if grace is not None and grace.store is not None:
            raise ConfigurationError("grace: must not have a store; the session uses its own")
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
        # Made here, so that an argument that cannot be sent is refused at once.
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
            refuse=self._inquiry.refuse,
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
            ConfigurationError: The session was never open. The other members raise this too.
        """
        return self._knowledge.known.license

    @property
    def state(self) -> State:
        """The state of the license now."""
        return self._knowledge.known.at(self._knowledge.now())[0]

    @property
    def lost(self) -> Change | None:
        """The change that made the license unusable, with its reason; None while it is usable."""
        self._knowledge.notice()
        change = self._knowledge.change
        return None if change is None or change.state.is_usable else change

    def allows(self, feature: str | None = None) -> Decision:
        """Return whether a feature may be used, from memory.

        For a floating feature that is not in `features`, this says only that the license has it: it takes no slot, and
        other devices may have them all. Take one with `client.feature_lease`.

        Args:
            feature: The feature's code; None for the license alone.

        Raises:
            ConfigurationError: The session is not open: its slots were given back.
        """
        self._knowledge.notice()
        self._slot.held()
        now = self._knowledge.now()
        decision = self._knowledge.known.decision(feature, now)
        return self._holding.judged(feature, decision, datetime.fromtimestamp(now, UTC))

    def is_undecided(self, feature: str | None = None) -> bool:
        """Return whether `allows` says no only because the service could not be asked for too long.

        Args:
            feature: The feature's code; None for the license alone.
        """
        if self.allows(feature):
            return False
        return self.state is State.LAPSED or (self.state.is_usable and self._holding.is_lapsed(feature))

    async def check(self) -> State:
        """Ask the service now.

        Returns:
            The state of the license afterwards. A refusal is a state, and so is a service that cannot be asked.

        Raises:
            LicenseSpringError: Any other error, such as wrong credentials.

        Cost: one license check, and a write to the store.
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
        """Count uses: through the service, or in the store while it cannot be asked, up to what is left.

        Stored uses are on disk before this returns. The first check that the service answers sends them, once.

        Args:
            consumptions: How many. A negative number gives uses back, if the license allows that.
            feature: Code of the feature; None for uses of the license itself.

        Raises:
            LicenseNotEnoughConsumptions, FeatureNotEnoughConsumptions: Not enough are left; nothing was counted.
            LicenseUnusable: The license cannot be used.
            LicenseRefused: The service refuses the license; nothing was counted, and the license has ended here too.
            LicenseStoreError: They could not be stored; nothing was counted.
            LicenseSpringError: With `may_have_acted`, the service may have counted them. They are in doubt: `uses`
                lists them, and they are not sent again. Without it, nothing was counted.

        Cost: one call, sent once, and two writes to the store; or one write. A cancelled call leaves uses in doubt. So
        does a store that fails after the service has counted them; that is logged.
        """
        return await self._counting.consume(consumptions, feature)

    async def uses(self) -> Uses:
        """Return the uses that the service may not have counted: those kept in the store, and those in doubt.

        Raises:
            LicenseStoreError: The store cannot be read.
        """
        return await self._counting.keeping.uses()

    async def resolve(self, doubt: str, *, was_counted: bool) -> None:
        """Resolve uses in doubt, according to the count in the vendor platform.

        Args:
            doubt: The id of the doubt.
            was_counted: Whether the service has counted them; if not, the next check sends them again.

        Raises:
            UseUnknown: No uses in doubt have this id.
            LicenseStoreError: The store cannot be used.
        """
        await self._counting.resolve(doubt, was_counted=was_counted)

    async def borrow(self, until: datetime | None = None, *, feature: str | None = None) -> Borrowing:
        """Borrow the floating slot, to keep it for a time without the service.

        Args:
            until: The end, as an aware datetime; None for as long as the license allows.
            feature: Code of the feature; None for the slot of the license itself.

        Raises:
            LicenseSpringError: The service refused or did not answer.

        Cost: one call, and one license check.
        """
        async with self._turn:
            borrowing = await self._slot.borrow(until, feature)
            # The store must have the borrowing, too.
            await self._ask()
        return borrowing

    async def give_back(self, *, feature: str | None = None) -> None:
        """Give a borrowed slot back. The slot of the license or of a held feature is then taken again normally.

        Args:
            feature: Code of the feature; None for the slot of the license itself.

        Raises:
            LicenseSpringError: The service refused or did not answer.

        Cost: one call, and one license check.
        """
        async with self._turn:
            if feature is None:
                await self._slot.give_back(self._ask)
            else:
                await self._slot.give_back_feature(feature)
                await self._ask()

    async def deactivate(self) -> None:
        """Deactivate the license and empty the store. The session cannot be used afterwards.

        Kept uses are sent first. Uses in doubt are logged, and then forgotten.

        Raises:
            UsesKept: The service did not count the kept uses; nothing else has changed.
            LicenseSpringError: The service could not be asked or refused; nothing has changed here.
            LicenseStoreError: The license was deactivated, but the store could not be emptied.
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
                _log.info("the license of %s was no longer active on this device", self._product)
            with anyio.CancelScope(shield=True):
                self._knowledge.learn(attrs.evolve(standing, is_deactivated=True))
                await self._keeping.clear()

    async def refresh(self, text: str) -> State:
        """Replace the stored license with an offline or refresh file. This needs no network.

        Args:
            text: The text of the file.

        Returns:
            The state of the license afterwards.

        Raises:
            ConfigurationError: The session has no store or no credentials.
            ResponseError, SignatureError: The file is damaged, not from the service, or for another device, key or
                user; nothing has changed.
            LicenseStoreError: It could not be stored; nothing has changed.
        """
        async with self._turn:
            if self._knowledge.known.is_deactivated:
                return State.DEACTIVATED
            with anyio.CancelScope(shield=True):
                license = await self._keeping.take(text)
                self._knowledge.learn(Standing(license=license, came_at=self._knowledge.now(), is_offline=True))
        return self.state

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise ConfigurationError("the session is already open; make a second one")
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
        """Ask the service. If it answers, send kept uses and take lost features again."""
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
