"""`python -m licensespring_async`, and the console script `licensespring-async`."""

from __future__ import annotations

import sys

_EXTRA = frozenset({"typer", "rich", "click"})


def main() -> None:
    """Run the command line, or say what to install when the extra `cli` is missing."""
    try:
        from .cli import app  # noqa: PLC0415  # an extra, and only this room imports it
    except ModuleNotFoundError as e:
        missing = (e.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(f'The command line needs {missing}: python -m pip install "licensespring-async[cli]"\n')
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="licensespring-async")


if __name__ == "__main__":
    main()
