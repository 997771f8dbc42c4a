"""Templates of questions, and other ways to ask the same: correct English for whatever stands in their places.

Each is a pattern for a whole question and what it becomes. Where English would need to know which word is the verb,
a pattern asks for a form in which that is plain, or there is none.
"""

from __future__ import annotations

import re

__all__ = ["ASKED", "CLEFTS", "FRAMES", "SPECIFIC", "WHOLE"]

NP = r"(?:(?:the|an?|this|that|his|her|its|their|our|your|my)\s[^?!.;:,\"]+|[A-Z][^?!.;:,\"]*)"
"""A noun phrase that begins with an article or a name, and goes on to the end of the question."""

NAME = r"(?:the\s)?[A-Z][\w'’-]*(?:\s(?:of|the|von|van|de|da|[A-Z][\w'’-]*))*"
"""A name and nothing else, so that what follows it is known."""

REST = r"[^?!.;:\"]+"

STRANDED = (
    r"about|above|across|after|against|among|around|as|at|before|behind|below|between|by|do|for|from|in|into|like|of|off|on"
    r"|onto|out|over|than|through|to|under|up|upon|with|within|without|worth|good|be|have|doing"
)

# No verb form within, nothing left hanging at the end: it is a noun phrase to its last word.
NOMINAL = (
    r"(?!.*\b(?:that|which|who|whom|when|where|why|how|if|because|while)\b)"
    r"(?!.*(?<!the)(?<!of)(?<!\ba)(?<!\ban)\s\w+ing\b)(?!.*\b\w{2,}ed\b)(?!.*\s(?:able|likely|going|about)\sto\b)"
    r"(?!.*\b(?:made|known|meant|thought|said|used|done|gone|given|taken|seen|held|kept|left|lost|found|built|written"
    r"|drawn|born|eaten|chosen|spoken|broken|worn|grown|thrown|bought|sold|told|put|set|cut|hit|shut|had|been|become"
    r"|led|fed|sent|spent|taught|caught|brought|hidden|forbidden|driven|risen|fallen|sung|struck|hung|dug|won)\b)"
    rf"(?!.*\b(?:{STRANDED})\?)"
)

SUBJECT_VERBS = (
    r"(?:causes|caused|happens|happened|makes|made|kills|killed|decides|decided|determines|determined|starts|started|lies|lay"
    r"|becomes|became|brings|brought|helps|helped|leads|led|sets|keeps|kept|gives|gave|comes|came|goes|went|drives"
    r"|drove|explains|explained|prevents|prevented|triggers|triggered|controls|limits|protects|produces|produced"
    r"|powers|holds|held|stops|stopped|distinguishes|ended|ends|followed|follows|connects|separates|covers|attracts)"
)

PREPOSITION = r"(?:[Oo]n|[Ii]n|[Aa]t|[Tt]o|[Ff]rom|[Ff]or|[Ww]ith|[Bb]y|[Dd]uring)"

WH = rf"(?:{PREPOSITION}\s(?:what|which|whom)(?:\s[a-z]+){{0,3}}"
WH += r"|(?:What|Which)\s[a-z]+(?:\s(?:of|in)\s[\w\s]+?)?|What|Who|Whom|Why|Where|When|How(?:\s[a-z]+){0,3}?)"
"""The words that ask, up to the verb that follows them."""

AUXILIARY = r"(?:do|does|did|is|are|am|was|were|has|have|had|can|could|will|would|shall|should|may|might|must)"
MODAL = r"(?:can|could|should|would|will|must|may|might)"
PRONOUN = r"(?:I|you|he|she|it|we|they)(?! and\b| or\b| who\b| all\b| both\b)"
PARTICIPLE = r"(?:born|built|founded|written|painted|published|invented|discovered|opened|made|found|used|kept|held)"
WHICH = r"[a-z]+(?: of (?:the )?\w+(?: [A-Z]\w+)*)?"
"""A noun behind "which", with what belongs to it."""

NO_INVERSION = r"(?!.*\s(?:do|does|did|can|could|will|would|shall|should|may|might|must)\s)"
NO_NEGATION = r"(?!.*(?:\b(?:not|never|no)\b|n['’]t\b))"

MADE = {
    "wrote": "author",
    "painted": "painter",
    "invented": "inventor",
    "discovered": "discoverer",
    "composed": "composer",
    "founded": "founder",
    "directed": "director",
    "designed": "designer",
    "sculpted": "sculptor",
    "translated": "translator",
}

MAKING = "|".join(MADE)

MEASURED = {
    "old": "age",
    "tall": "height",
    "high": "height",
    "deep": "depth",
    "wide": "width",
    "large": "size",
    "big": "size",
    "heavy": "weight",
    "fast": "speed",
    "thick": "thickness",
    "bright": "brightness",
    "hot": "temperature",
    "strong": "strength",
}

SPECIFIC: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), wording)
    for pattern, wording in (
        *(
            (rf"Who {verb} (?P<x>{NP})(?<! and when)(?<! and why)(?<! and where)\?", rf"Name the {maker} of \g<x>.")
            for verb, maker in MADE.items()
        ),
        *(
            (rf"How {word} is {NOMINAL}(?P<x>{NP})\?", rf"What is the {noun} of \g<x>?")
            for word, noun in MEASURED.items()
        ),
        (rf"(?:By whom|Who by) was (?P<x>{NAME}) written\?", r"Who wrote \g<x>?"),
        (rf"(?:By whom|Who by) was (?P<x>{NAME}) painted\?", r"Who painted \g<x>?"),
        (rf"Who (?:is|was) the (?P<x>(?:first|last) \w+ to {REST})\?", r"Name the \g<x>."),
        (rf"What(?: is|['’]s) the capital(?: city)? of (?P<x>{NP})\?", r"Name the capital of \g<x>."),
        (rf"What(?: is|['’]s) {NOMINAL}(?P<x>the\s[^?!.;:,\"]+)\?", r"State \g<x>."),
        (rf"When was (?P<x>{NAME}) born\?", r"What is the date of birth of \g<x>?"),
        (rf"Where was (?P<x>{NAME}) born\?", r"Name the birthplace of \g<x>."),
        (rf"When did (?P<x>{NAME}) die\?", r"What is the date of death of \g<x>?"),
        (rf"Where did (?P<x>{NAME}) die\?", r"Name the place of death of \g<x>."),
        (rf"How far is (?P<x>{NAME}) from (?P<y>{NAME})\?", r"What is the distance from \g<x> to \g<y>?"),
        (rf"How many (?P<x>[a-z]+) are there in (?P<y>{NP})\?", r"What is the number of \g<x> in \g<y>?"),
        (rf"How much does (?P<x>{NP}) cost\?", r"What is the price of \g<x>?"),
        (rf"How much does (?P<x>{NP}) weigh\?", r"What is the weight of \g<x>?"),
        (rf"What does (?P<x>{NP}) mean\?", r"What is the meaning of \g<x>?"),
        (rf"What is the meaning of (?P<x>{NP})\?", r"What does \g<x> mean?"),
        (rf"What is (?P<x>{NP}) called\?", r"What is the name of \g<x>?"),
        (rf"What is the name of {NOMINAL}(?P<x>{NP})\?", r"What is \g<x> called?"),
        (rf"What (?P<x>colou?r) is {NOMINAL}(?P<y>{NP})\?", r"What is the \g<x> of \g<y>?"),
        (
            r"What is the difference between (?P<x>[\w\s'’-]+) and (?P<y>[\w\s'’-]+)\?",
            r"How do \g<x> and \g<y> differ?",
        ),
        (
            r"How do (?P<x>[\w\s'’-]+) and (?P<y>[\w\s'’-]+) differ\?",
            r"What is the difference between \g<x> and \g<y>?",
        ),
        (
            rf"Which {NO_INVERSION}(?!of\b){NOMINAL}(?P<x>{WHICH}) (?P<y>(?:is|was|has|had) (?:the|an?) {REST})\?",
            r"Name the \g<x> that \g<y>.",
        ),
    )
)
"""Questions with a wording of their own: pattern, and wording."""

ASKED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), wording)
    for pattern, wording in (
        (rf"What (?P<v>is|are|was|were) {NOMINAL}(?P<x>(?:the|an?)(?:\s[^\s?!.;:,\"]+){{1,7}})\?", r"what \g<x> \g<v>"),
        (
            rf"Who (?P<v>is|are|was|were) {NOMINAL}(?P<x>(?:the\s\w+|[A-Z]\w*)(?:\s[^\s?!.;:,\"]+){{0,6}})\?",
            r"who \g<x> \g<v>",
        ),
        (rf"Who (?P<x>(?!{AUXILIARY}\b|else\b)[a-z]+ {REST})\?", r"who \g<x>"),
        (rf"Who (?P<x>(?:is|was) (?:in|on|at|behind) {REST})\?", r"who \g<x>"),
        (rf"What (?P<x>{SUBJECT_VERBS} {NO_INVERSION}{REST})\?", r"what \g<x>"),
        (
            rf"Which (?P<x>of these(?: \w+)? {NO_INVERSION}(?:(?:is|was) {NOMINAL}|usually |often ){REST})\?",
            r"which \g<x>",
        ),
        (rf"(?P<w>{WH}) do (?P<x>{NO_NEGATION}{REST})\?", r"\g<w> \g<x>"),
        (
            rf"(?P<w>{WH}) (?P<m>{MODAL}) (?P<s>{PRONOUN}) (?P<x>{NO_NEGATION}{REST})\?",
            r"\g<w> \g<s> \g<m> \g<x>",
        ),
        (
            rf"(?P<w>{WH}) (?P<v>is|are|was|were) (?P<s>{PRONOUN}|there)(?P<x>\s{NO_NEGATION}{REST})?\?",
            r"\g<w> \g<s> \g<v>\g<x>",
        ),
        (
            rf"(?P<w>When|Where|Why|How) (?P<v>is|are|was|were) (?P<s>{NAME}) (?P<x>{PARTICIPLE})\?",
            r"\g<w> \g<s> \g<v> \g<x>",
        ),
        (rf"What does (?P<x>{NP}) stand for\?", r"what \g<x> stands for"),
        (rf"What does (?P<x>{NP}) mean\?", r"what \g<x> means"),
        (rf"Is it (?P<x>true|possible|safe|legal|correct) (?P<y>(?:that|to) {REST})\?", r"whether it is \g<x> \g<y>"),
        (rf"(?P<v>Is|Are|Was|Were) there (?P<x>{NO_NEGATION}{REST})\?", r"whether there \g<v> \g<x>"),
        (rf"Do (?P<x>{NO_NEGATION}{REST})\?", r"whether \g<x>"),
        (
            rf"(?P<m>(?i:{MODAL})) (?P<s>{PRONOUN}) (?P<x>{NO_NEGATION}{REST})\?",
            r"whether \g<s> \g<m> \g<x>",
        ),
    )
)
"""Questions, and the clause that asks the same within a sentence."""

FRAMES = (
    "Tell me {}.",
    "Please tell me {}.",
    "Can you tell me {}?",
    "Please say {}.",
    "I would like to know {}.",
    "I want to know {}.",
    "Could you say {}?",
)
"""Sentences around such a clause."""

WHOLE = (
    "Here is a question: {}",
    "My question is: {}",
    "Please answer this: {}",
    "Answer this question: {}",
    "I would like to know: {}",
    "Tell me: {}",
)
"""What can stand before any question."""

WHAT_IT_IS = r"(?:capital|author|inventor|founder|largest|smallest|highest|longest|oldest|first|last)"

CLEFTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), wording)
    for pattern, wording in (
        # "X is the Y" says which; either side can be the subject.
        (
            rf"(?P<x>{NAME}) (?P<v>is|was) (?P<y>the {WHAT_IT_IS} {REST})\.",
            r"It \g<v> \g<x> that \g<v> \g<y>.",
        ),
        (rf"It (?P<v>is|was) (?P<x>{NAME}) (?:that|who) (?P<y>[a-z]+ {REST})\.", r"\g<x> \g<y>."),
        (
            rf"(?P<x>{NAME}) (?P<y>(?:{MAKING}|built|won) {NP})\.",
            r"It was \g<x> who \g<y>.",
        ),
    )
)
"""Statements and their cleft, or the cleft and its statement: pattern, and wording."""
