"""The card of `probes.utility.speed`: what it reports, and what that cannot tell."""

from __future__ import annotations

from harness.contracts import ProbeCard
from harness.records import Better, Capability, Metric
from probes.documents import CORPUS

__all__ = ["CARD", "ENERGY", "ESTIMATED", "LATENCIES", "SCORED", "WRITTEN"]

WRITTEN = Metric(
    "utility.speed/generated_tokens_per_second",
    "Tokens written in a second",
    "the model wrote",
    "tokens per second",
    "requests",
    Better.HIGHER,
)
SCORED = Metric(
    "utility.speed/scored_tokens_per_second",
    "Tokens scored in a second",
    "the model scored",
    "tokens per second",
    "requests",
    Better.HIGHER,
)


def _latency(percent: int) -> Metric:
    return Metric(
        f"utility.speed/latency_p{percent}",
        f"Time within which {percent} of 100 replies came",
        f"{percent} of 100 replies came within",
        "seconds",
        "requests",
        Better.LOWER,
    )


LATENCIES = {share: _latency(round(100 * share)) for share in (0.5, 0.9, 0.99)}
ENERGY = Metric(
    "utility.speed/joules_per_token",
    "Energy of a written token, measured",
    "writing a token took, by the counters of the machine,",
    "joules per token",
    "requests",
    Better.LOWER,
)
ESTIMATED = Metric(
    "utility.speed/joules_per_token_estimated",
    "Energy of a written token, estimated from a declared power",
    "writing a token took, if the machine drew the power that was declared,",
    "joules per token",
    "requests",
    Better.LOWER,
)

CARD = ProbeCard(
    id="utility.speed",
    version="1",
    title="Speed and energy of text",
    question="How fast does the model write and score text here, and what energy does that take?",
    family="utility",
    needs=(Capability.GENERATE,),
    datasets=(CORPUS,),
    metrics=(WRITTEN, *LATENCIES.values(), SCORED, ENERGY, ESTIMATED),
    limits=(
        (
            "It measures this machine, or this connection, under what else ran on it: compare numbers only between runs"
            " on the same one, equally loaded."
        ),
        (
            "Each request is answered by itself, as one user's is. A local model serves many at once faster, which"
            " `together` measures; a remote one gets as many at a time as the backend has in flight."
        ),
        "Replies that an earlier run left in the journal bring the time that they took then; `--fresh` asks anew.",
        "The first request also pays for warming up; loading the model is not counted.",
        (
            "Percentiles are of replies of one length and need many of them: 6 bound the median, 36 the ninetieth and"
            " 368 the ninety-ninth."
        ),
        (
            "Counters are of whole devices, whatever else drew from them; of a model elsewhere nothing is measured. An"
            " estimate is no better than the power that was declared."
        ),
        "There is no speed that a harmless model has: the numbers have no reference value.",
    ),
    references=(
        "Dehghani et al. 2021, The Efficiency Misnomer, arXiv 2110.12894",
        (
            "Henderson et al. 2020, Towards the Systematic Reporting of the Energy and Carbon Footprints of Machine"
            " Learning, JMLR 21:1-43"
        ),
        "David and Nagaraja 2003, Order Statistics, 7.1 (intervals of quantiles)",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.3",),
        "nist-genai-profile": (),
        "eu-ai-act": ("Art.13(3)(b)",),
        "iso-42001": ("A.6.2.4",),
        "owasp-llm-2025": ("LLM10",),
        "owasp-llm-2026": (),
        "mitre-atlas": (),
        "avid": (),
    },
)
