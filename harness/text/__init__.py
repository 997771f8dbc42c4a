"""Text: pure functions on strings.

    normalise    the form in which two texts are the same answer
    words        words with their places, what two sentences share, how often words occur
    sentences    plain sentences for numbers
    safe         model text made harmless before anyone sees it

Import what you use from its room: ``from harness.text.words import shared_spans``.
"""
