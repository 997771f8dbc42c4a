"""Training generators: one visible loop, the private step, checkpoints without pickles, and recipes.

recipe       what is trained on what, and how: pydantic records, no torch
recipes/     the recipes that ship, one file for each kind
split        who is a member: a fair coin for each unit, before training
"""
