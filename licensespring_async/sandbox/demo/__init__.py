"""The demo world: licenses to try by hand, and a fleet of 1,000 devices."""
