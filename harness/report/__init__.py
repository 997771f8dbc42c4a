"""What a run found, for people: lines of text and one page, from the evidence alone."""
