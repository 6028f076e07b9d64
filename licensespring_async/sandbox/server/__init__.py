"""The HTTP server: its routes, and the sandbox that starts and stops it."""
