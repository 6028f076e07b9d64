"""`sandbox`: a License API on this machine, and how clients connect to it."""
