"""Commands that work without a network: people carry files or codes between a device and the service."""
