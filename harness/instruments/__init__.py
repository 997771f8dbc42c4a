"""Instruments: what reads replies, and is not believed without its error rates.

image_features   edges and colours of a picture
nearest_members  how far a picture lies from what the model was trained on
"""
