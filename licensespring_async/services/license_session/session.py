"""A license that a program holds for as long as it runs."""

from __future__ import annotations

import functools
import logging
import random as random_module
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypedDict

import anyio
import attrs
from anyio.abc import TaskGroup

from ... import endpoints
from ...auth import ApiKey, ClientCredentials
from ...client import LicenseSpring
from ...errors import ConfigurationError, DeviceNotFound, LicenseNotActive, LicenseRefused, LicenseSpringError
from ...models import Consumption, License
from ...offline import LicenseStore
from ...redaction import Unpickled
from ...transport import Clock
from ...transport.clock import is_number
from ..gate.decisions import Decision
from ..gate.grace import Grace
from .inquiry import Inquiry
from .keeping import Keeping
from .knowledge import Knowledge
from .standing import Change, Standing, State, slot_seconds

_log = logging.getLogger("licensespring_async.services")
# The last yes stands for so many checks: one that comes a little late changes nothing.
_CHECKS: Final = 2
_SHORTEST_SECONDS: Final = 1.0
_SHORTEST_NAP: Final = 0.01


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

    The store keeps the newest answer, but an offline file that is in it stays until `refresh`, `deactivate` or
    `store.clear()`. The checks renew the slot of a floating license; at the end it is left to lapse. Slots of features
    are not held: see `client.feature_lease`. Uses are counted by the service alone: none are kept while it is away.

    Args:
        client: Asks the service; the session does not close it.
        product: Short code of the product.
        hardware_id: Unique id of the device.
        license_key: Exactly one of `license_key` and `username`.
        username: The license's user.
        password: The user's; needed to activate.
        activate: Whether opening activates the license on a device that the service does not know yet.
        store: Keeps answers across restarts; None for this process only.
        grace: How long the last answer stands while the service cannot be asked; None opens no session without the
            service, except from an offline file. The grace's own store is not used.
        auth: The credentials of the client; needed for offline files.
        public_key: PEM of the key that the service signs with; None for the vendor's.
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
        activate: bool = False,
        store: LicenseStore | None = None,
        grace: Grace | None = None,
        auth: ApiKey | ClientCredentials | None = None,
        public_key: str | None = None,
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
        self._keeping = Keeping(store=store, auth=auth, public_key=public_key, hardware_id=hardware_id, product=product)
        self._every, self._jitter, self._random, self._clock = check_every, jitter, random, clock
        which = _Device(product=product, hardware_id=hardware_id, license_key=license_key, username=username)
        # Made now, so that an argument that cannot be sent is refused now.
        check = endpoints.check_license(**which)
        activation = endpoints.activate_license(**which, password=password) if activate else None
        self._deactivation = endpoints.deactivate_license(**which)
        self._consumption = functools.partial(endpoints.add_consumption, **which)
        self._knowledge = Knowledge(
            product, time=lambda: client.now().timestamp(), monotonic=clock.monotonic, on_change=on_change
        )
        self._inquiry = Inquiry(
            client=client,
            check=check,
            activation=activation,
            keeping=self._keeping,
            knowledge=self._knowledge,
            fresh_seconds=_CHECKS * check_every,
            grace_seconds=0.0 if grace is None else grace.hours * 3600,
        )
        self._turn = anyio.Lock()
        self._tasks: TaskGroup | None = None

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
        return self._knowledge.known.decision(feature, self._knowledge.now())

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
                await self._inquiry.ask()
            except LicenseSpringError as error:
                if not isinstance(error, LicenseRefused) and not error.is_undecided:
                    raise
        return self.state

    async def consume(self, consumptions: int = 1) -> Consumption:
        """Count uses of the license; the service has to be reached.

        Args:
            consumptions: Uses to count.

        Returns:
            The counts after the call.

        Raises:
            LicenseNotEnoughConsumptions: The allowance does not reach; nothing was counted.
            LicenseSpringError: With `may_have_acted` it is in doubt whether they were counted: they are not sent again.

        Cost: one call, sent once.
        """
        return (await self._client.perform(self._consumption(consumptions=consumptions))).value

    async def deactivate(self) -> None:
        """Give the activation back and empty the store; the session can no longer be used afterwards.

        Raises:
            LicenseSpringError: The service could not be asked or refused; nothing has changed here.
            LicenseStoreError: It was given back, but the store could not be emptied.
        """
        async with self._turn:
            standing = self._knowledge.known
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
                self._knowledge.learn(Standing(license=license, came_at=self._knowledge.now(), is_file=True))
        return self.state

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise ConfigurationError("the session is open already; make a second one")
        await self._inquiry.open()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._watch)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        tasks, self._tasks = self._tasks, None
        assert tasks is not None  # noqa: S101
        tasks.cancel_scope.cancel()
        if isinstance(exc, Exception):
            # An error of the body leaves as it is, not in a group.
            exc_type = exc = traceback = None
        await tasks.__aexit__(exc_type, exc, traceback)

    async def _watch(self) -> None:
        while not self._knowledge.known.is_deactivated:
            await self._wait()
            try:
                await self.check()
            except LicenseSpringError as error:
                _log.warning("the license of %s could not be checked: %s", self._product, error)

    async def _wait(self) -> None:
        """Wait for the next check, and notice what time alone changes."""
        license = self._knowledge.known.license
        pause = min(self._every, slot_seconds(license) / _CHECKS) if license.is_floating_cloud else self._every
        due = self._clock.monotonic() + pause * (1 - self._jitter * self._random())
        while (left := due - self._clock.monotonic()) > 0:
            now = self._knowledge.now()
            await self._clock.sleep(max(min(left, self._knowledge.known.turns_at(now) - now), _SHORTEST_NAP))
            self._knowledge.notice()
