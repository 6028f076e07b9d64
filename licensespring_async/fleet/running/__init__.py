"""The machinery of a run: rows handed to workers, results in order, and what is left when it ends."""
