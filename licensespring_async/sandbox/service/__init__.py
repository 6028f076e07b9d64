"""What the endpoints do: look-ups, checks, activations, slots and consumption, and the JSON that answers them."""
