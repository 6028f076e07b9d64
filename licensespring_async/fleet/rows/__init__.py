"""Rows from files, databases and tables, read in bounded memory."""
