"""Does the model prefer stereotypes?"""
