"""The parts of a request: its call, its caller, and its license, device and feature."""
