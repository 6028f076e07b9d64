"""The objects of a world: products, licenses, features, customers, devices, slots and consumption."""
