"""The entry point `pyinstaller40`: it tells PyInstaller where the hook is that collects data files."""

from __future__ import annotations

from importlib.resources import files


def get_hook_dirs() -> list[str]:
    """Return the folder of the hook."""
    return [str(files(__name__))]
