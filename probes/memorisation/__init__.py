"""Does the model keep, and give away, what it was trained on?"""
