"""The wire format, written apart from the client's so that neither is tested by itself."""
