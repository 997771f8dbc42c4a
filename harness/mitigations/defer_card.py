"""The card of `harness.mitigations.defer`: what it does, costs, and does not do."""

from __future__ import annotations

from harness.contracts.mitigations import MitigationCard, MitigationKind

__all__ = ["CARD"]

CARD = MitigationCard(
    id="defer",
    version="1",
    title="Deferral to a person",
    kind=MitigationKind.DECODING,
    does=(
        "Withholds an answer of which the model is less sure than a threshold, and says that the question is handed"
        " over to a person; the threshold is given, or certified from an earlier run."
    ),
    cost=(
        "Questions that a person must answer; for agreement also as many further samples of each question as are set,"
        " five unless told otherwise, each as long as the reply."
    ),
    limits=(
        (
            "It makes no answer better. A withheld one counts as refused: read the share of wrong answers among those"
            " scored together with the share scored, which is the work that is not left to people."
        ),
        (
            "Certified, it promises that at most alpha of the answers given are wrong, and breaks the promise in at"
            " most delta of such calibrations: for questions drawn as those of the calibration were, asked in the same"
            " way, of the same model. On other questions the promise says nothing, and nothing here can tell"
            " that they are other ones."
        ),
        (
            "The promise is for answers as a probe judges them right: a probe that errs passes its errors on. A bundle"
            " is held to its own manifest only; run `harness verify` on it first."
        ),
        (
            "Where nothing can be certified, as with weak models and short runs, every question is handed over. Alpha"
            " .1 with delta .05 takes 29 answers without an error at the least, and in practice some hundreds."
        ),
        "A threshold that is given, not certified, carries no promise.",
        (
            "One kind of confidence is looked at: likelihoods of letters, of answers, a stated confidence where the"
            " prompt asks for one, or agreement of samples. Asks of another kind are passed on, unguarded; several of"
            " these mitigations can be put over each other."
        ),
        (
            "By likelihood, any choice between continuations of a context is taken for an answer, a choice between"
            " stereotypes too; sentences that are compared without a context are not. By agreement, any prompt with a"
            " question mark that allows 64 tokens or fewer is taken for a question."
        ),
        (
            "Agreement is by rules that see words, not meanings: a model that says the same thing in other words looks"
            " unsure. One that is wrong in the same way each time looks sure, whatever is done here."
        ),
        (
            "A reply to a question that asks for a confidence, but states none that can be read, is withheld. An empty"
            " reply and likelihoods that cannot be read are passed on, as the probes count them apart."
        ),
        (
            "Its placebo withholds the share that calibration withheld, at random: on other questions the treatment may"
            " withhold more or less. A threshold that is given has no placebo, since the share is not known beforehand."
        ),
        "Whether the questions that are handed over come from some groups of people more often, it does not see.",
    ),
    references=(
        "Angelopoulos et al. 2021, Learn then Test, arXiv 2110.01052",
        "Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks, arXiv 1705.08500",
        "Kadavath et al. 2022, Language Models (Mostly) Know What They Know, arXiv 2207.05221",
        "Tian et al. 2023, Just Ask for Calibration, arXiv 2305.14975",
        "Yadkori et al. 2024, Mitigating LLM Hallucinations via Conformal Abstention, arXiv 2405.01563",
    ),
    frameworks={
        "nist-ai-rmf": ("MAP-3.5", "MEASURE-2.6", "MANAGE-1.3"),
        "nist-genai-profile": ("Confabulation", "Human-AI-Configuration", "MG-1.3-002", "MG-2.2-001"),
        "eu-ai-act": ("Art.9(8)", "Art.14", "Art.15(4)"),
        "iso-42001": ("A.6.2.6", "A.9.2"),
        "owasp-llm-2025": ("LLM09",),
        "owasp-llm-2026": ("LLM07",),
        "mitre-atlas": ("AML.M0020",),
        "avid": ("P0204",),
    },
)
