"""Policies of a call, pure and without I/O: retries, rate windows, the circuit, time left, clock skew and age."""
