"""Causal language models in this process: finding, reading, scoring and continuing.

    sources    what the user wrote → a folder on this machine
    files      the folder → which weights, which tokenizer, which template; digests; pickles refused
    placement  device, number type and scoring path, decided without importing torch
    loading    folder → model and tokenizer in memory
    tokens     asks ↔ token ids, by the conventions of the common evaluation harness
    tree       continuations → packed rows in which what they share stands once (numpy only)
    scoring    rows → log-probabilities
    decoding   prompts → text, greedy or sampled, each ask with its own random stream

Only `loading`, `scoring` and `decoding` import torch, and only inside functions.
"""
