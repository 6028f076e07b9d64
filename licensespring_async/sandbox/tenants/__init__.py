"""Tenants: companies, their credentials and tokens, and their clients."""
