"""The card of `harness.mitigations.verbatim_filter`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="verbatim_filter",
    version="1",
    title="Filter of verbatim copies",
    kind=MitigationKind.DECODING,
    does=(
        "While the model writes, forbids each token that would make its text go on with a copy of given texts for more"
        " characters than a limit."
    ),
    cost=(
        "No further tokens. The texts are sorted each time the model is opened; six bytes for each of their characters"
        " stay in memory, and some twenty are needed while they are sorted. At each token the texts are looked into:"
        " once where nothing is copied, some dozens of times where something is, and hundreds of times where the limit"
        " is no longer than a long token of a large vocabulary, some 18 characters."
    ),
    limits=(
        (
            "It stops copies and no memory: the model still knows the texts, and gives them away in other words, with a"
            " few changed, in another language or script, with a mark between the letters, or as its weights are read."
            " A model that is led to another style writes around it by itself (Ippolito et al. 2022). That no copy is"
            " found is no sign that nothing is remembered."
        ),
        (
            "It tells what the texts are: whoever sees that a passage breaks off where it need not has learned that it"
            " is among them."
        ),
        (
            "Every run counts, however common: quotations, names of laws, licences, tables and turns of phrase that"
            " stand in the texts are broken off too, and what comes instead may be wrong."
        ),
        (
            "Copies are compared by character, white space and case aside: one that differs in a quotation mark, an"
            " accent or an invisible character is another text."
        ),
        (
            "As much as the limit is written of any passage, and whoever asks again with the last words is given the"
            " next. The end of the prompt counts as written, so that the first half of a passage is no way to its"
            " second; but where other words stand at the prompt's end, as after “go on:”, the run begins anew."
        ),
        "Where a text goes on with what stands in the prompt, as in an answer that quotes it, that is a copy too.",
        (
            "What is scored is the model's own, and so are the losses of records: probes that read likelihoods do not"
            " see it. Of extraction it changes the share of passages that are written nearly word for word, and not"
            " the headline, which is read off."
        ),
        (
            "Texts that are not among those given are not protected. Of a model that was trained here they are the"
            " records trained on; where another mitigation trains it anew, name this one behind that."
        ),
        (
            "Where a token is forbidden all others come up more often, so a text that is drawn by chance may change"
            " there though it would not have gone on with the copy. Greedy text changes only where it would have."
        ),
        "Where no token is left the text ends, which looks as if the model had ended it.",
    ),
    references=(
        (
            "Ippolito et al. 2022, Preventing Verbatim Memorization in Language Models Gives a False Sense of Privacy,"
            " arXiv 2210.17546"
        ),
        "Carlini et al. 2022, Quantifying Memorization Across Neural Language Models, arXiv 2202.07646",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3", "MEASURE-2.10"),
        "nist-genai-profile": ("Data-Privacy", "Intellectual-Property"),
        "eu-ai-act": ("Art.15(5)", "Art.53(1)(c)", "CoP-GPAI.Copyright-1.4"),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": ("LLM02",),
        "owasp-llm-2026": ("LLM02",),
        "mitre-atlas": ("AML.T0057",),
        "avid": ("S0301",),
    },
)
