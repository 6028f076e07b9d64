"""The endpoints' behavior, from request to answer; each API area has its module."""
