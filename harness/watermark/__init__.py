"""Watermarks: how one is put in, and how it is found with an exact p-value. A pure library.

spread_spectrum  a key's noise added to the pixels of a finished picture
tree_ring        a key's pattern in the noise that a diffusion model draws from
keys             where keys come from, and the digests that name them
look             what is looked for in a picture, written down without the key
"""
