"""What a language model may be trained towards besides the likelihood of its records.

tables        the recipe's table `objective`: pydantic, no torch
texts         the texts that an objective learns from, embedded or the user's own; no torch
towards       what an objective makes of a training; no torch of its own
applied       the one call from the training loop's set-up
fairness      the same after either of two groups
preference    of two replies, one likelier than it was
passages      what a model expects at each place of a text
unlearning    ascent on what is to be forgotten
"""
