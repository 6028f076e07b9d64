"""How licenses, products and counts look in the JSON of answers."""
