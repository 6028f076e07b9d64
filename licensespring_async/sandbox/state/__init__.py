"""What outlives a restart: the SQLite store, and where each part of the world is kept in it."""
