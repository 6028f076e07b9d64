"""What PyInstaller asks by the entry point `pyinstaller40`: where the hook is that collects data files."""

from __future__ import annotations

from importlib.resources import files


def get_hook_dirs() -> list[str]:
    """Return the folder of the hook."""
    return [str(files(__name__))]
