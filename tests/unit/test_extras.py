"""What to install, for the way in which the package was installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from licensespring_async import ConfigurationError
from licensespring_async.extras import installing, installing_beside, needs_extra

FOLDER = '{"url": "file:///a%20b/clone", "dir_info": {}}'


@pytest.mark.parametrize(
    ("origin", "named"),
    [
        ("", '"licensespring-async[report]"'),
        (FOLDER, '"/a b/clone[report]"'),
        ('{"url": "file:///clone", "dir_info": {"editable": true}}', '-e "/clone[report]"'),
        (
            '{"url": "https://host/repository", "vcs_info": {"vcs": "git", "commit_id": "1"}}',
            '"licensespring-async[report] @ git+https://host/repository"',
        ),
        ('{"url": "file:///a.whl", "archive_info": {}}', '"licensespring-async[report] @ file:///a.whl"'),
    ],
)
def test_an_extra_comes_from_where_the_package_came(tmp_path: Path, origin: str, named: str) -> None:
    """One extra beside those that are there; a clone is not looked for on an index."""
    command = installing("report", prefix=str(tmp_path), origin=origin)
    assert command in (f"python -m pip install {named}", f"uv pip install {named}")


@pytest.mark.parametrize(
    ("file", "command"), [("pipx_metadata.json", "pipx install --force"), ("uv-receipt.toml", "uv tool install")]
)
def test_a_tool_is_installed_anew_with_all_that_it_has(tmp_path: Path, file: str, command: str) -> None:
    """Else it would lose the command line itself."""
    (tmp_path / file).touch()
    hint = installing("report", prefix=str(tmp_path), origin=FOLDER)
    assert hint.startswith(f'{command} "/a b/clone[')
    assert {"cli", "report"} <= set(hint.partition("[")[2].partition("]")[0].split(","))


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("pipx_metadata.json", "pipx inject licensespring-async oracledb"),
        ("uv-receipt.toml", 'uv tool install --with oracledb "licensespring-async[cli'),
        ("pyvenv.cfg", "pip install oracledb"),
    ],
)
def test_another_package_goes_where_this_one_is(tmp_path: Path, file: str, command: str) -> None:
    """A tool has an environment of its own, which plain pip does not reach."""
    (tmp_path / file).touch()
    assert command in installing_beside("oracledb", prefix=str(tmp_path), origin="")


def test_a_missing_module_is_told_with_the_command() -> None:
    """Another module that is missing is an error as it is."""
    with pytest.raises(ConfigurationError, match=r"this needs matplotlib.*install"), needs_extra("report"):
        raise ModuleNotFoundError(name="matplotlib.pyplot")
    with pytest.raises(ModuleNotFoundError), needs_extra("report"):
        raise ModuleNotFoundError(name="ours")
