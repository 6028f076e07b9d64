"""A local server that speaks the License API, for development, tests and the demo (extra: `sandbox`)."""

from .customers import Customer, CustomerAccount, CustomField, User
from .demo import DEMO, DEMO_OUTCOMES, Demo, DemoBundle, demo_fleet, demo_world
from .features import Consumption, Feature
from .licenses import Device, License
from .products import InstallationFile, Product
from .server import Sandbox
from .serving import SandboxError
from .slots import Slots
from .world import World

__all__ = [
    "DEMO",
    "DEMO_OUTCOMES",
    "Consumption",
    "CustomField",
    "Customer",
    "CustomerAccount",
    "Demo",
    "DemoBundle",
    "Device",
    "Feature",
    "InstallationFile",
    "License",
    "Product",
    "Sandbox",
    "SandboxError",
    "Slots",
    "User",
    "World",
    "demo_fleet",
    "demo_world",
]
