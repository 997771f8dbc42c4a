"""Does the model make things up?"""
