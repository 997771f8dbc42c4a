"""The card of `probes.utility.language_modelling`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from probes.documents import CORPUS

__all__ = ["BITS_PER_BYTE", "BITS_PER_CHARACTER", "CARD", "CROSS_ENTROPY", "PERPLEXITY"]

BITS_PER_BYTE = Metric(
    "utility.language_modelling/bits_per_byte",
    "Bits that a byte of text takes",
    "a text cost the model, on average,",
    "bits per byte",
    "documents",
    Better.LOWER,
    null=8.0,
    null_of="guesses that favour no byte",
)
BITS_PER_CHARACTER = Metric(
    "utility.language_modelling/bits_per_character",
    "Bits that a character of text takes",
    "a text cost the model, on average,",
    "bits per character",
    "documents",
    Better.LOWER,
)
CROSS_ENTROPY = Metric(
    "utility.language_modelling/cross_entropy",
    "Cross-entropy of text",
    "a text cost the model, on average,",
    "nats per token",
    "documents",
    Better.LOWER,
)
PERPLEXITY = Metric(
    "utility.language_modelling/perplexity",
    "Perplexity of text",
    "the model hesitated at each token as if between",
    "equally likely tokens",
    "documents",
    Better.LOWER,
)

CARD = ProbeCard(
    id="utility.language_modelling",
    version="1",
    title="Language modelling",
    question="How well does the model predict text that it is given?",
    family="utility",
    needs=(Capability.SCORE,),
    datasets=(CORPUS, "wikitext2-valid-test:test.txt.gz", "tinyshakespeare:input.txt"),
    metrics=(BITS_PER_BYTE, BITS_PER_CHARACTER, CROSS_ENTROPY, PERPLEXITY),
    limits=(
        (
            "Perplexity and cross-entropy are per token of the model's own tokenizer: compare models with different"
            " ones by bits per byte alone."
        ),
        (
            "Text longer than the model reads is cut into windows, and what stands first in a window is predicted from"
            " little: give `window` to models that read different lengths, or the longer one gains."
        ),
        "Text that the model was trained on is predicted too well; nothing here tells whether it was.",
        (
            "The interval is over documents, which are taken to be independent; speeches of one play or chapters of"
            " one book are not, and of one document there is no interval at all."
        ),
        "Good predictions are not good answers: a model tuned to follow instructions often predicts text worse.",
        (
            "The word-level WikiText-2 has <unk> for rare words and spaces before punctuation: its figures are not"
            " those that are published for the raw text."
        ),
    ),
    references=(
        "Jelinek et al. 1977, Perplexity: a measure of the difficulty of speech recognition tasks, JASA 62:S63",
        "Gao et al. 2020, The Pile, arXiv 2101.00027 (bits per byte)",
        "EleutherAI, lm-evaluation-harness 0.4.13, loglikelihood_rolling, by whose windows texts are cut",
        "Merity et al. 2017, Pointer Sentinel Mixture Models, arXiv 1609.07843",
    ),
    smoke_items=30,
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3",),
        "nist-genai-profile": ("MS-2.3-002",),
        "eu-ai-act": ("Art.13(3)(b)", "Art.15(1)", "Art.15(3)"),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": ("P0204",),
    },
)
