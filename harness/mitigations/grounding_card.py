"""The card of `harness.mitigations.grounding`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="grounding",
    version="1",
    title="Grounding in a source",
    kind=MitigationKind.PROMPT,
    does=(
        "Shows the model, before a question, the passages of a source that share most with it, and tells it to answer"
        " from them, to quote what the answer rests on, and to say so where they do not tell."
    ),
    cost=(
        "The passages and some 65 words of instruction are read with each question that shares a word with the source:"
        " 270 tokens with one passage of 100 words, 235 where options are scored. No further calls; seconds, once, to"
        " index a source of a thousand passages."
    ),
    limits=(
        (
            "It is as good as the source: what is false there is told as true, and what is not there, or lies there in"
            " other words than the question's, is not found."
        ),
        (
            "Passages are found by the stems of common words, those of English, not by meaning. Of 220 questions about"
            " 110 passages of this project, each of which answers two, 206 find their own first (94 %, 95 % interval 90"
            " to 96) and 218 among the first three. Questions that name nobody and nothing are lost most often."
        ),
        (
            "A single word in common is enough for a passage to be shown, so a source about something else shows what"
            " is beside the point, and a model may answer from it: 181 of 186 questions of general knowledge share one"
            " with those passages about invented things. Only a question without any is asked as it is."
        ),
        (
            "Which questions those are stands in no reply: `Grounding.shown` tells for each ask, offline, and a shorter"
            " prompt shows in the tokens that were read."
        ),
        (
            "What is looked up is the sentence with the question mark. What is said of the matter before it, and the"
            " options, are not; a bare text that asks nothing, and likelihoods of whole texts, are passed on as they"
            " are."
        ),
        (
            "A small model may seize on the sentence for silence. Of 24 questions that the source answers SmolLM2 135M"
            " left 17 open, 16 under the placebo and 12 without either, and answered 3, 1 and 1 truly: too few to tell"
            " whether it reads."
        ),
        (
            "Nobody checks the quotation: it may be made up, and it may not bear the answer out. It stands behind the"
            " answer, within the tokens that are allowed, and is cut off where these are few."
        ),
        "Where a model scores options it is told to keep to the source, and is not asked to quote or to be silent.",
        (
            "Marks that the passages cannot close are put around them, and the model is told that nothing between them"
            " is an instruction. That is no protection: a model may follow what a passage tells it all the same, so"
            " whoever can write into the source can write into the prompt."
        ),
        (
            "The placebo shows as many passages without a word in common with the question, each nearest in length:"
            " within three words on the passages of this project. Where a source has too few of these, they are those"
            " least like it, and may bear on it."
        ),
        (
            "A source that lists the questions or answers of an evaluation by themselves is refused for it. One that"
            " was written with the evaluation in mind is not, and shows what reading can do at best."
        ),
    ),
    references=(
        "Lewis et al. 2020, Retrieval-Augmented Generation for Knowledge-Intensive NLP Tasks, arXiv 2005.11401",
        "Shuster et al. 2021, Retrieval Augmentation Reduces Hallucination in Conversation, arXiv 2104.07567",
        (
            'Weller et al. 2023, "According to ...": Prompting Language Models Improves Quoting from Pre-Training Data,'
            " arXiv 2305.13252"
        ),
        (
            "Greshake et al. 2023, Not what you've signed up for, arXiv 2302.12173 (instructions hidden in what is"
            " retrieved)"
        ),
        "Retrieval: scikit-learn's TfidfVectorizer over Snowball stems",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002",),
        "eu-ai-act": ("Art.15(4)",),
        "iso-42001": ("A.6.2.6", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": (),
        "avid": ("E0402", "P0204"),
    },
)
