"""Where rows come from: files, databases and tables, read in bounded memory."""
