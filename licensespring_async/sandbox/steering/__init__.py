"""Steering a sandbox: faults, limits and the clock, over HTTP, on its page and from Python."""
