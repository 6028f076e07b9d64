"""State that survives a restart: the SQLite store, and where it keeps each part of a world."""
