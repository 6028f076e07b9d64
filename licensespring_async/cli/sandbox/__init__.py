"""`sandbox`: a License API on this machine, and how others get to it."""
