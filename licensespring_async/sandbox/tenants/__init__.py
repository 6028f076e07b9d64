"""Tenants: companies, their credentials and tokens, and clients in the same process."""
