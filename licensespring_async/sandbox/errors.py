"""What is wrong with a sandbox's use, as opposed to what its service refuses."""


class SandboxError(RuntimeError):
    """The sandbox cannot start, or is used while it does not run."""
