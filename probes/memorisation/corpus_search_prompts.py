"""Beginnings after which `probes.memorisation.corpus_search` lets a model write on: short, ordinary, and of no text."""

from __future__ import annotations

__all__ = ["PROMPTS"]

PROMPTS: tuple[str, ...] = (
    "",
    # Prose
    "It was late when",
    "The house stood at the end of",
    "My mother used to say that",
    "Nobody in the village knew",
    "She opened the letter and",
    "For a long time we",
    "The old man put down his",
    "Once, in a country far from here,",
    "He had never seen",
    "In the winter of that year",
    "Chapter One\n\n",
    # News
    "LONDON - The government said on",
    "Police are looking for",
    "Shares fell on Tuesday after",
    "The team lost again, this time",
    "Scientists have found",
    "A spokesman for the company",
    "Residents were told to",
    "Weather for the weekend:",
    # Reference
    "The river rises in",
    "The species was first described by",
    "He was born in 1874 in",
    "The town has a population of",
    "The word comes from",
    "The treaty was signed in",
    "Mathematically, this means that",
    "The following table lists",
    # Letters and posts
    "Dear Sir or Madam,",
    "Hi everyone, I'm new here and",
    "Thanks for your reply.",
    "I bought this last month and",
    "Posted by admin on",
    "Re: your question about",
    "Has anyone else noticed that",
    "We stayed here for two nights and",
    "To whom it may concern:",
    "Five stars. I",
    # Instructions and notices
    "Preheat the oven to",
    "Before you begin, make sure that",
    "Step 1.",
    "Ingredients:\n-",
    "Warning: do not",
    "Frequently asked questions\n\nQ:",
    "To reset your password,",
    "Opening hours:",
    "How to clean",
    "Please note that",
    # Law and forms
    "Permission is hereby",
    "This agreement is made between",
    "All rights",
    "The licensee shall",
    "By using this website you",
    "Section 2. Definitions",
    "Article 1\n\n",
    "Privacy policy\n\nWe",
    # Code and data
    "import",
    "#include <",
    "def main",
    "<html>\n<head>\n<title>",
    "SELECT * FROM",
    "/*\n * Copyright",
    "README\n\n",
    "id,name,date\n",
    # Verse, speech, learning
    "Shall I",
    "O Lord,",
    "Ladies and gentlemen,",
    "To be",
    "Abstract. We",
    "1. Introduction\n\n",
    "Question: What is",
    "Lesson 4:",
)
"""One of them is empty: the model begins by itself."""
