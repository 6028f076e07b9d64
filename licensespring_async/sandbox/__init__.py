"""A local server that speaks the License API, for development, tests and the demo (extra: `sandbox`)."""

from ..extras import needs_extra
from .demo.fleet import DEMO, DEMO_OUTCOMES, Demo, DemoBundle, DemoUser, demo_fleet, demo_world
from .demo.shop import DEMO_FILE
from .errors import SandboxError
from .spelling import resolve_hints
from .steering.clock import SandboxClock
from .steering.faults import Effect, Fault, Faults
from .steering.limits import Throttle
from .tenants.tenants import Tenant
from .world.consumption import Consumption, ConsumptionPool
from .world.customers import Customer, CustomerAccount, CustomField, User
from .world.devices import Device
from .world.features import Feature
from .world.licenses import License
from .world.products import Product
from .world.slots import Slots
from .world.terms import InstallationFile, ProductField
from .world.world import World
from .worldfile import WorldFileError, load_world

with needs_extra("sandbox"):
    from .server.sandbox import Sandbox

resolve_hints(Consumption, ConsumptionPool, Customer, Feature, License, Product)

__all__ = [
    "DEMO",
    "DEMO_FILE",
    "DEMO_OUTCOMES",
    "Consumption",
    "ConsumptionPool",
    "CustomField",
    "Customer",
    "CustomerAccount",
    "Demo",
    "DemoBundle",
    "DemoUser",
    "Device",
    "Effect",
    "Fault",
    "Faults",
    "Feature",
    "InstallationFile",
    "License",
    "Product",
    "ProductField",
    "Sandbox",
    "SandboxClock",
    "SandboxError",
    "Slots",
    "Tenant",
    "Throttle",
    "User",
    "World",
    "WorldFileError",
    "demo_fleet",
    "demo_world",
    "load_world",
]
