"""The engines, which speak HTTP, and the connections below them."""
