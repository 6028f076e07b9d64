"""A local server that speaks the License API, for development, tests and the demo (extra: `sandbox`)."""

from ..extras import needs_extra
from .clock import SandboxClock
from .consumption import Consumption
from .customers import Customer, CustomerAccount, CustomField, User
from .demo import DEMO, DEMO_OUTCOMES, Demo, DemoBundle, demo_fleet, demo_world
from .demo_shop import DEMO_FILE
from .devices import Device
from .errors import SandboxError
from .faults import Effect, Fault, Faults
from .features import Feature
from .licenses import License
from .limits import Throttle
from .products import InstallationFile, Product, ProductField
from .slots import Slots
from .tenants import Tenant
from .world import World
from .worldfile import WorldFileError, load_world

with needs_extra("sandbox"):
    from .server import Sandbox

__all__ = [
    "DEMO",
    "DEMO_FILE",
    "DEMO_OUTCOMES",
    "Consumption",
    "CustomField",
    "Customer",
    "CustomerAccount",
    "Demo",
    "DemoBundle",
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
