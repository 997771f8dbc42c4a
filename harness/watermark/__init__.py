"""Watermarks: how one is put in, and how it is found with an exact p-value. A pure library.

Pictures:

    spread_spectrum   a key's noise added to the pixels of a finished picture
    tree_ring         a key's pattern in the noise that a diffusion model draws from
    look              what is looked for in a picture, written down without the key

Texts, as token ids without their prompt; each has ``detect``, ``detect_all`` and ``strengths``:

    kgw               green lists by hashing, anew after each context
    unigram           one green list for all places
    gumbel            the key's fractions choose each token, and the model's distribution stays as it is
    synthid           SynthID-Text, equal to transformers'
    kgw_transformers  green lists as transformers makes them
    marking           logits processors that put the marks in; needs torch and transformers, nothing else does

What they share:

    schemes           the text schemes by name
    text_look         what is looked for in a text, written down without the key
    tokenizer         a text as token ids of a model; needs the package tokenizers
    words             a text as ids of its words
    keys              where keys come from, and the digests that name them
    detection         what was found, or too short a text; ranks among other keys, and several looks at once
    attacks           what may be done to a marked text, and what that costs it
    lengths           how long a text must be
    tails             exact tails of the null distributions
    prf, prf_torch    the numbers that a key gives to tokens, in numpy and in torch bit for bit the same
    torch_stream      the numbers of torch's generator, without torch
    texts             token ids, checked and put side by side
"""
