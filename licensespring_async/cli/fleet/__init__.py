"""`fleet check`, `fleet retry` and `fleet report`: where rows come from, the run, what is shown and written of it."""
