"""What came of the rows: a result, their sum, and the journal that a run resumes from."""
