"""`python -m licensespring_async`, and the console script `licensespring-async`."""

from __future__ import annotations

import gc
import signal
import sys

from .errors import ConfigurationError
from .extras import needs_extra


def main() -> None:
    """Run the command line, or say what to install when the extra `cli` is missing."""
    # What is under way at once outgrows the 700 objects after which Python looks for cycles. Nearly all of it ends
    # without a look, and every look at what the command has imported takes some 20 ms: together 7 % of a fleet's run.
    gc.set_threshold(10_000, 10, 10)
    try:
        with needs_extra("cli"):
            from .cli import app, complain, guard_streams  # noqa: PLC0415  # an extra, and only this room imports it
    except ConfigurationError as error:
        if sys.stderr is not None:
            sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    guard_streams()
    try:
        app(prog_name="licensespring-async")
    except ConfigurationError as error:  # of a stream, while something was printed that is no command's
        complain(str(error))
        sys.exit(2)
    finally:
        # The interpreter takes a while to end, and another Ctrl-C would replace the exit code by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
