"""The parts of a request: the call, the caller, and the license, device and feature that it is about."""
