"""The pytest plugin, as other people's tests use it: in a pytest of its own."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CHECK = """
import pytest
from licensespring_async import FloatingNotAvailable
from licensespring_async.sandbox import World

def build():
    world = World()
    license = world.add_product("TP").add_license(key="AAAA", max_activations=2)
    license.add_feature("render", floating_users=1)
    license.activate("hw-1")
    license.activate("hw-2")
    return world

async def take(client, device="hw-1"):
    return await client.check_license_feature(
        product="TP", feature="render", hardware_id=device, license_key="AAAA"
    )
"""
ONLY_SLOT = """
@pytest.fixture
def licensespring_world():
    return build()

async def take_the_only_slot(client, device):
    assert (await take(client, device)).floating_in_use_devices == 1
    with pytest.raises(FloatingNotAvailable):
        await take(client, "hw-2" if device == "hw-1" else "hw-1")

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(3))
async def test_asyncio(licensespring_client, number):
    await take_the_only_slot(licensespring_client, f"hw-{number % 2 + 1}")

@pytest.mark.anyio
@pytest.mark.parametrize("number", range(3))
async def test_anyio(licensespring_client, number):
    await take_the_only_slot(licensespring_client, f"hw-{number % 2 + 1}")

@pytest.mark.anyio
async def test_over_the_socket(licensespring_sandbox):
    async with licensespring_sandbox.client() as client:
        await take_the_only_slot(client, "hw-2")

def test_without_async(licensespring_sandbox):
    assert licensespring_sandbox.url.startswith("http://127.0.0.1:")
"""


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    """Run tests with warnings as errors, as strict people do."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")  # pytest-asyncio warns without
    pytester.makepyfile(CHECK + source)
    return pytester.runpytest_inprocess("-W", "error", "--strict-markers", "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize("workers", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)])
def test_each_test_has_its_own(pytester: pytest.Pytester, workers: list[str]) -> None:
    """Each test takes the only slot of a world of its own: on asyncio, on trio, on a socket, beside other workers."""
    run(pytester, ONLY_SLOT, *workers).assert_outcomes(passed=3 + 2 * 3 + 2 + 1)


def test_worlds_from_elsewhere(pytester: pytest.Pytester) -> None:
    """Serves the demo by default, or the file that a marker names; one that is bad or none is told."""
    pytester.makefile(".toml", good='[company]\napi_key = "from-the-file"\n', bad='[company]\napi_kex = "x"\n')
    source = """
@pytest.mark.anyio
async def test_demo(licensespring_client, licensespring_sandbox):
    demo = licensespring_sandbox.demo
    await licensespring_client.check_license_feature(
        product=demo.product, feature=demo.feature, hardware_id=demo.hardware_id, license_key=demo.license_key
    )

@pytest.mark.licensespring_world("good.toml")
def test_file(licensespring_sandbox):
    assert licensespring_sandbox.api_key == "from-the-file"

@pytest.mark.licensespring_world("bad.toml")
def test_bad_file(licensespring_sandbox): ...

@pytest.mark.licensespring_world(World())
def test_shared_world(licensespring_sandbox): ...

@pytest.mark.licensespring_world()
def test_no_world(licensespring_sandbox): ...
"""
    result = run(pytester, source)
    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(["*bad.toml:2: company.api_kex: unknown key; did you mean api_key?"])
    result.stdout.fnmatch_lines(["*the marker licensespring_world takes the path of a world file; *"] * 2)


def test_a_marker_is_not_ignored_where_nothing_is_served(pytester: pytest.Pytester) -> None:
    """A test that names a file and takes no sandbox is told; a module may name one for those of its tests that do."""
    source = """
pytestmark = pytest.mark.licensespring_world("nope.toml")

@pytest.mark.licensespring_world("nope.toml")
def test_without_a_sandbox(): ...

def test_of_a_module_that_has_one(): ...
"""
    result = run(pytester, source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*has no effect here: use the fixture licensespring_sandbox*"])


def test_a_marker_counts_where_the_module_has_a_world(pytester: pytest.Pytester) -> None:
    """The file that a test names is served, whatever world its module has; a missing file is told."""
    pytester.makefile(".toml", good='[company]\napi_key = "from-the-file"\n')
    source = """
@pytest.fixture
def licensespring_world():
    return build()

@pytest.mark.licensespring_world("good.toml")
def test_file(licensespring_sandbox):
    assert licensespring_sandbox.api_key == "from-the-file"

@pytest.mark.licensespring_world("nope.toml")
def test_missing_file(licensespring_sandbox): ...

def test_fixture(licensespring_sandbox):
    assert list(licensespring_sandbox.world.products) == ["TP"]
"""
    result = run(pytester, source)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*nope.toml*"])


def test_costs_nothing_where_it_is_not_used(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytest that does not ask for a sandbox imports nothing of this package."""
    pytester.makepyfile(
        """
        import sys

        def test_imports(request):
            assert "pytest_licensespring_async" in sys.modules
            assert "licensespring_async" not in sys.modules
            assert not {"httpx", "attrs", "cryptography", "starlette", "uvicorn"} & set(sys.modules)
        """
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others import what they like
    arguments = ["-W", "error", "-p", "pytest_licensespring_async"]
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)


def test_is_found_by_pytest(pytester: pytest.Pytester) -> None:
    """Installed is enough: nobody has to name the plugin, and its fixtures say what they are."""
    result = pytester.runpytest_subprocess("--fixtures", "-W", "ignore")
    result.stdout.fnmatch_lines(["licensespring_client*", "*A client of licensespring_sandbox*"])


def test_a_blocking_client_for_a_test_that_does_not_await(pytester: pytest.Pytester) -> None:
    """The fixture licensespring_blocking_client asks the test's own sandbox, without an event loop."""
    source = """
def test_it(licensespring_blocking_client, licensespring_sandbox):
    demo = licensespring_sandbox.demo
    license = licensespring_blocking_client.check_license(
        product=demo.product, hardware_id=demo.hardware_id, license_key=demo.license_key
    )
    assert license.is_valid()
"""
    run(pytester, source).assert_outcomes(passed=1)
