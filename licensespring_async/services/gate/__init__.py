"""A gate that answers checks from memory, and keeps answers through an outage."""
