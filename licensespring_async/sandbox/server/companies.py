"""The companies that a sandbox serves: their worlds, their keys, and their state at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Final

import attrs

from ...errors import ConfigurationError
from ..demo.fleet import demo_world
from ..state.places import Home
from ..state.snapshot import Snapshot
from ..steering.clock import SandboxClock
from ..tenants.register import Register
from ..tenants.tenants import Reachable, Tenant
from ..world.world import World
from ..worldfile import Company, load_companies

CREDENTIALS: Final = ("api_key", "shared_key", "client_id", "client_secret")


def companies(world: World | str | PathLike[str] | None) -> Sequence[Company]:
    """Return the companies of a world file, or the one company of a world; None is the demo.

    Raises:
        ConfigurationError: It is neither a World nor a path.
        WorldFileError: The file cannot be used.
    """
    if isinstance(world, str | PathLike):
        return load_companies(world)
    return (Company(world=a_world(world)),)


def a_world(world: World | None) -> World:
    """Return a world, or the demo's for None; raise ConfigurationError for anything else."""
    if world is None:
        return demo_world()
    if not isinstance(world, World):
        raise ConfigurationError(f"world: expected a World or the path of a world file, not {world!r:.100}")
    return world


@attrs.define(eq=False)
class Opening:
    """Turns companies into tenants, and remembers their state at the start.

    Args:
        register: Stores their credentials.
        clock: The sandbox's clock.
    """

    register: Register
    clock: SandboxClock
    _starts: dict[Home, Snapshot] = attrs.field(factory=dict["Home", "Snapshot"], init=False, repr=False)

    def tenant(self, sandbox: Reachable, world: World, given: Mapping[str, str], *, position: int | None) -> Tenant:
        """Register a company with the given keys, and open its world."""
        self._starts[world.home] = Snapshot.of(world.home.store, world.home.tenant)
        credentials = self.register.enter(world, given, position=position)
        world.home.open(self.clock.moment)
        world.trials.follow()
        return Tenant(world=world, sandbox=sandbox, time=self.clock.of_clients, **attrs.asdict(credentials))

    def begin(self) -> None:
        """Take the state at the start again, unless a file has it: tests may change a world after `Sandbox(world)`."""
        if not self.register.store.is_file:
            self._starts = {home: Snapshot.of(home.store, home.tenant) for home in self._starts}

    def go_back(self, tenants: Sequence[Tenant]) -> None:
        """Undo what requests changed since the start."""
        for home, snapshot in self._starts.items():
            snapshot.restore(home.store, home.tenant)
        for tenant in tenants:
            tenant.world.trials.follow()
