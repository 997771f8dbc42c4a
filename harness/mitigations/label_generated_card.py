"""The card of `harness.mitigations.label_generated`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="label_generated",
    version="1",
    title="Provenance labels",
    kind=MitigationKind.DECODING,
    does=(
        "Puts a signed line with the model's digest below every text, and, given a certificate, a signed C2PA manifest"
        " into every picture; both can be checked by whoever has the key or trusts the certificate."
    ),
    cost=(
        "53 characters more for each text, two line breaks included, which are up to 155 tokens to a tokenizer of"
        " bytes; about 3 kilobytes and 5 milliseconds for each picture. No further calls."
    ),
    limits=(
        "Taking a label off is trivial: a line is deleted, a picture is saved anew. That none is there tells nothing.",
        (
            "It tells programs who made a text, not people: the line is 49 signs that say nothing to a reader. Say in"
            " words, beside the text, that a machine wrote it."
        ),
        (
            "Labels on texts are signed by a shared key: whoever can check one can make one. A manifest is signed by a"
            " private key; whose that is, only a certificate on the reader's list of trust tells."
        ),
        "A label on a text says who labelled it, not that what it says is true, nor that no person had a hand in it.",
        (
            "The line is part of the reply. A probe that wants the whole reply to be equal to something finds it is"
            " not; replies are a word longer. In place of letters, words and digits it has signs that rules do not"
            " read: of 644 pairs of answers, labels on both changed the verdict of the rules of equivalence on three;"
            " written in hexadecimal with words around it, on 205. The verdict of the refusal detector changed on 15 of"
            " 540 replies, and that of the rules of abstention on 4 of 148."
        ),
        (
            "Detectors of machine-made text, of watermarks and of unlikely words read the line like any other, and find"
            " what is odd in it: a probe of these says little of a labelled model."
        ),
        (
            "Texts that the model did not write are not labelled: refusals of a filter, deferrals, empty replies."
            " Neither are pictures out of the training data, nor any picture where no certificate is set."
        ),
        (
            "There is no time in a label, so that a run can be repeated; when a text was made, it does not tell. A"
            " manifest is salted at random by the library that makes it: pictures drawn again have other names."
        ),
        "A manifest leaves the pixels alone; its own padding, and the lengths of its boxes, are not signed.",
        (
            "It has no placebo: that labels can be checked is not measured in the model's answers. What length does to"
            " other numbers shows in the study's panel."
        ),
    ),
    references=(
        "Krawczyk, Bellare and Canetti 1997, HMAC: Keyed-Hashing for Message Authentication, RFC 2104",
        "Coalition for Content Provenance and Authenticity 2025, C2PA Technical Specification 2.2",
        "European Union 2024, Artificial Intelligence Act, Regulation 2024/1689, Article 50(2)",
    ),
    frameworks={
        "nist-ai-rmf": ("MEASURE-2.8", "MANAGE-1.3"),
        "nist-genai-profile": ("Information-Integrity", "MS-1.1-001", "MS-2.8-003"),
        "eu-ai-act": ("Art.50(2)", "CoP-Transparency.Measure-1.1"),
        "iso-42001": ("A.6.2.6", "A.8.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": ("AML.T0088", "AML.M0034"),
        "avid": ("E0402",),
    },
)
