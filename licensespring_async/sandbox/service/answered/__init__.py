"""The JSON of licenses, products and consumption in answers."""
