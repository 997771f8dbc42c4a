"""Causal language models in this process: finding, reading, scoring and continuing.

    sources    what the user wrote → a folder on this machine
    files      the folder → which weights, which tokenizer, which template; digests; pickles refused
    placement  device, number type and scoring path, decided without importing torch
    loading    folder → model and tokenizer in memory
    tokens     asks ↔ token ids, by the conventions of the common evaluation harness
    windows    one long text → the windows it is read in
    tree       continuations → packed rows in which what they share stands once (numpy only)
    scores     what scoring gives, and what gives it
    forest     rows → log-probabilities, what is shared read once
    plain      continuations → log-probabilities, each by itself
    proof      which of the two answers, and that both agree
    answers    score asks → replies
    sampling   logits → one drawn token a line
    decoding   prompts → text, greedy or sampled, each ask with its own random stream
    steered    what mitigations make of the next token, in writing and in scoring
    steered_tree  the same in scoring, what is shared read once

Torch and transformers are imported only inside functions of those that compute.
"""
