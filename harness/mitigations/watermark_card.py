"""The card of `harness.mitigations.watermark`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="watermark",
    version="1",
    title="A watermark",
    kind=MitigationKind.DECODING,
    does=(
        "Lets a key have a say in which token is drawn, which noise an image begins with, or which pixels are a little"
        " lighter, so that whoever has the key can recognise what the model made."
    ),
    cost=(
        "No further calls. Marks of texts hash the vocabulary for every token; kgw and unigram take from the quality of"
        " the text, and spread_spectrum from that of the image, the more the stronger they are."
    ),
    limits=(
        "A mark makes nothing better that the model says: it only tells later whose it was.",
        "It must be looked for with the same scheme, settings and key, in tokens of the same tokenizer.",
        "With the public test key anybody can find the mark, forge it and take it away.",
        "Rewriting, translating, cropping or drawing again can remove it: watermark.removal measures how easily.",
        (
            "What has no choice bears no mark: greedy text carries none of gumbel and synthid, and a text whose words"
            " are nearly certain little of any."
        ),
        (
            "With gumbel, samples of one prompt differ only where a context comes back, so numbers that are made of"
            " several samples change; asks with a nucleus below 1 fail."
        ),
        (
            "gumbel, synthid and tree_ring have no placebo: gumbel and synthid have no strength, and a ring is there or"
            " is not. The placebo of the others is the same scheme at a strength of a millionth. Likelihoods are those"
            " of the model without the mark."
        ),
        "tree_ring needs a diffusion model that was trained here; a model behind a network cannot be told to mark.",
    ),
    references=(
        "Kirchenbauer et al. 2023, A Watermark for Large Language Models, arXiv 2301.10226",
        "Zhao et al. 2023, Provable Robust Watermarking for AI-Generated Text, arXiv 2306.17439",
        "Kuditipudi et al. 2023, Robust Distortion-free Watermarks for Language Models, arXiv 2307.15593",
        "Dathathri et al. 2024, Scalable watermarking for identifying large language model outputs, Nature 634:818-823",
        "Wen et al. 2023, Tree-Ring Watermarks, arXiv 2305.20030",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": (),
        "eu-ai-act": ("Art.50(2)", "CoP-Transparency.Commitment-2"),
        "iso-42001": ("A.8.5",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.M0034",),
        "avid": (),
    },
)
