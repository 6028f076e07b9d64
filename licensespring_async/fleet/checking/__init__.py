"""Check one row, judge its answer, and set the pace of the rows."""
