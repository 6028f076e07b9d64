"""The sandbox in a program that is one zip file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import licensespring_async

PROGRAM = """
import asyncio
import httpx
import licensespring_async
from licensespring_async.sandbox import Sandbox

assert ".zip" in licensespring_async.__file__

async def main():
    sandbox = Sandbox()
    demo = sandbox.demo
    feature = await sandbox.in_process_client().check_license_feature(
        product=demo.product, feature=demo.feature, hardware_id=demo.hardware_id, license_key=demo.license_key
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.application())) as http:
        pages = [await http.get(f"http://127.0.0.1/_sandbox/{name}") for name in ("page.css", "page.js")]
    print(feature.code, *(page.status_code for page in pages))

asyncio.run(main())
"""


def test_serves_its_demo_and_its_page_from_a_zip_file(tmp_path: Path) -> None:
    """Reads the demo's world, the page's style and its script out of the zip file that the package is in."""
    package = Path(licensespring_async.__file__).parent
    root = tmp_path / "root"
    shutil.copytree(package, root / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    zipped = shutil.make_archive(str(tmp_path / "program"), "zip", root)
    words = [sys.executable, "-c", f"import sys; sys.path.insert(0, {zipped!r})\n{PROGRAM}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env={})
    assert (done.stdout, done.stderr) == ("raw-import 200 200\n", "")
