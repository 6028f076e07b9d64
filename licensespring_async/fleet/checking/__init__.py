"""How one row is checked, how its answer is judged, and how fast rows follow each other."""
