"""The card of `harness.mitigations.normalise`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="normalise",
    version="1",
    title="Normalising prompts",
    kind=MitigationKind.PROMPT,
    does=(
        "Puts the user's text right before the model sees it: look-alike and invisible characters, white space and"
        " separators, shouting, and slips of the pen that are near one known word alone."
    ),
    cost="No further call and no further token; milliseconds a prompt.",
    limits=(
        (
            "English only. A line of which more than two fifths are unknown words is taken for another language and"
            " keeps its spelling."
        ),
        (
            "What it does not know it may mistake: on the sets that ship with the harness it changes 2 words in 10,000,"
            " on TruthfulQA, XSTest, CrowS-Pairs and WikiText-2 1 to 9, about half of them misspelt; the others are"
            " rare words, foreign words and names of products. Give it the words of your field with `words`."
        ),
        (
            "Of the harness's own slips it undoes about 9 in 10 doubled letters, 8 in 10 wrong keys and swapped"
            " letters, 6 in 10 missing letters and 5 in 10 scanner's errors; nearly all look-alikes, signs for letters"
            " and invisible characters, and 9 in 10 accents. A slip that is another word is left, and now and then the"
            " wrong word is put."
        ),
        (
            "Names, numbers, denials, words of direction, code and what is quoted are never respelt, even where they"
            " are misspelt, and no word is put for another that denies, counts or says which way."
        ),
        (
            "It does not take off quotation marks, bullets, Markdown, JSON or the names of fields, does not begin"
            " sentences with capitals, and calms whole shouted lines only: a single word in capitals may be an"
            " abbreviation. In a shouted line a name that is a word as well becomes one."
        ),
        (
            "Only the prompt of a question and the context of a likelihood are changed: a system message,"
            " continuations, and prompts for images stay."
        ),
        "A model that is to notice or to keep an odd spelling is asked something else than was written.",
        (
            "Its placebo changes the same words, from one slip into another: it shows that right words help, not any"
            " change. Where nothing is misspelt the placebo changes nothing, and its other stages have none."
        ),
    ),
    references=(
        "Damerau 1964, A technique for computer detection and correction of spelling errors, doi 10.1145/363958.363994",
        "Norvig 2007, How to Write a Spelling Corrector",
        (
            "Pruthi et al. 2019, Combating Adversarial Misspellings with Robust Word Recognition, arXiv 1905.11268"
            " (recognise words before the model reads them)"
        ),
        "Zhu et al. 2023, PromptRobust, arXiv 2306.04528 (spelling correction as a countermeasure)",
        "Word list: SymSpell (MIT), from Google Books Ngram (CC BY 3.0) and SCOWL",
    ),
    frameworks={
        "nist-ai-rmf": ("MANAGE-1.3",),
        "nist-genai-profile": ("MG-1.3-002",),
        "eu-ai-act": ("Art.15(4)", "Art.15(5)"),
        "iso-42001": ("A.6.2.6",),
        "owasp-llm-2025": (),
        "owasp-llm-2026": (),
        "mitre-atlas": ("AML.T0043",),
        "avid": ("P0201", "S0403"),
    },
)
