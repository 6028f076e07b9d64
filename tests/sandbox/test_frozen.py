"""The package in a program that PyInstaller froze."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from importlib.resources import files
from licensespring_async.sandbox import Sandbox

with Sandbox() as sandbox, sandbox.blocking_client() as client:
    demo = sandbox.demo
    feature = client.check_license_feature(
        product=demo.product, feature=demo.feature, hardware_id=demo.hardware_id, license_key=demo.license_key
    )
pages = files("licensespring_async.sandbox.steering")
print(feature.code, (pages / "page.css").is_file(), (pages / "page.js").is_file())
"""


@pytest.mark.slow
def test_a_frozen_program_checks_against_its_sandbox(tmp_path: Path) -> None:
    """Finds the demo's world and the page's files in a program without a Python, by the package's own hook."""
    pytest.importorskip("PyInstaller")
    (tmp_path / "program.py").write_text(PROGRAM)
    words = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR", "program.py"]
    subprocess.run(words, cwd=tmp_path, check=True, timeout=300, capture_output=True)
    program = tmp_path / "dist" / "program" / "program"
    done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env={})
    assert (done.stdout, done.stderr) == ("raw-import True True\n", "")
