"""Floating slots held for the length of an `async with`: taken, renewed in one task, released once."""
