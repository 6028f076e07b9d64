"""Commands that call one endpoint: their options, the verdict of a check, and the tables of answers."""
