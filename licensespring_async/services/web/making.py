"""Factories for the client and the gate of a `Licensing`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

from ...client import LicenseSpring
from ...errors import ConfigurationError
from ...transport import CircuitPolicy, Clock
from ..gate.gate import LicenseGate
from ..gate.grace import Grace, checked_grace


def with_circuit(client: Callable[..., LicenseSpring], circuit: CircuitPolicy) -> Callable[..., LicenseSpring]:
    """Return a factory of clients with a circuit; ConfigurationError if `client` does not take one."""
    try:
        inspect.signature(client).bind(circuit=circuit)
    except TypeError:
        raise ConfigurationError(
            "circuit: `client` takes no argument of that name; pass one that does, such as LicenseSpring.from_env, or "
            "set the circuit where you make the client"
        ) from None
    return functools.partial(client, circuit=circuit)


def gate_maker(
    gate: Callable[[LicenseSpring], LicenseGate] | None, *, ttl: float | None, grace: Grace | None, clock: Clock
) -> Callable[[LicenseSpring], LicenseGate]:
    """Return a factory of gates: the given one, or one with these options."""
    grace = checked_grace(grace)
    if gate is None:
        if ttl is None:
            return functools.partial(LicenseGate, grace=grace, clock=clock)
        return functools.partial(LicenseGate, ttl=ttl, grace=grace, clock=clock)
    if not callable(gate):
        raise ConfigurationError(f"gate: must be callable, not {type(gate).__name__}")
    if ttl is not None or grace is not None:
        raise ConfigurationError("gate: set ttl and grace where you make the gate")
    return gate
