"""The demo world: a shop's licenses to try by hand, and a fleet of 1,000 devices."""
