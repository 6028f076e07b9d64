"""`python -m licensespring_async`, and the console script `licensespring-async`."""

from __future__ import annotations

import gc
import signal
import sys

from .errors import ConfigurationError
from .extras import needs_extra


def main() -> None:
    """Run the command line, or say what to install when the extra `cli` is missing."""
    # Calls in flight have more than the 700 new objects after which Python looks for cycles. Nearly all are freed
    # without that. Each look at everything that is imported takes some 20 ms: together 7 % of a fleet's run.
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
    except ConfigurationError as error:  # from a stream, while something other than a command printed
        complain(str(error))
        sys.exit(2)
    finally:
        # The interpreter takes a while to exit. Another Ctrl-C would replace the exit code by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
