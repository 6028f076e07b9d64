"""What speaks HTTP: the engines, and the connections below them."""
