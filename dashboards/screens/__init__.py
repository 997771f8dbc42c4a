"""One file for each page; each answers one question."""
