"""Training generators: one visible loop, the private step, checkpoints without pickles, and recipes.

recipe       what is trained on what, and how: pydantic records, no torch
recipes/     the recipes that ship, one file for each kind
prepare/     what is done to the members' records before training
objectives/  what a language model is trained towards besides
split        who is a member: a fair coin for each unit, before training
"""
