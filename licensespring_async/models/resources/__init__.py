"""The answers, one module a resource."""
