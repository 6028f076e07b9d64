"""`fleet check`, `fleet retry` and `fleet report`: the rows, the run, its progress and its output."""
