"""Commands without a network: files and codes that people carry between a device and the service."""
