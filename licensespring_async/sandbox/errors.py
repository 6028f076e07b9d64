"""Errors in the use of a sandbox, as opposed to refusals by the service it simulates."""


class SandboxError(RuntimeError):
    """The sandbox cannot start, or is used while it is not running."""
