"""What is promised, what leaks?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.charts.forest import group_forest, interval_alt
from dashboards.charts.privacy import bounds_chart, roc_chart, spent_chart, traded_chart
from dashboards.choices import choose, named
from dashboards.frames.privacy import areas, bounds, roc, spent, traded
from dashboards.opened import chosen, library, runs, view
from dashboards.parts import chart, limits, palette
from dashboards.safe_text import commands, escaped
from harness.query import (
    Absence,
    Audited,
    MembershipAttack,
    MembershipCurve,
    Promised,
    RunView,
    Standing,
    Tradeoff,
    TrainingRecord,
    audited,
    membership_attacks,
    membership_curve,
    plural,
    promised,
    tradeoffs,
    training_record,
)

SIGNS = {
    Standing.REFUTED: "■",
    Standing.KEPT: "●",
    Standing.POWERLESS: "◆",
    Standing.APART: "◆",
    Standing.UNPROMISED: "○",
    Standing.UNAUDITED: "○",
}


@st.cache_data(max_entries=200, show_spinner="Reading scores …")
def curve_of(store: str, run: str, digest: str, name: str, _attack: MembershipAttack) -> MembershipCurve:
    """The curve of one attack: the bundle's digest and its name say that it is the same one."""
    del store, digest, name
    return membership_curve(library(), run, _attack)


def the_promise(run: str, promise: Promised) -> None:
    """The claim in its own sentences, what it is worth, and how it was spent."""
    st.subheader("The promise")
    if not promise.lines:
        st.markdown(
            "○ **Nothing is promised.** This run tells nothing of how its model was trained: only models trained here"
            " do. A promise comes from training with noise, and an audit of that model:"
        )
        commands("harness train vae --data digits --epsilon 8 --coins 200 --out models/private")
        commands("harness run --model models/private")
        return
    first, *rest = promise.lines
    st.markdown(f"{'●' if promise.epsilon is not None else '○'} **{escaped(first, limit=900)}**")
    if promise.meaning:
        st.markdown(escaped(promise.meaning, limit=900))
    for line in rest:
        st.markdown(f"- {escaped(line, limit=900)}")
    if promise.disclosures:
        with st.expander(f"What the promise leaves out: {plural(len(promise.disclosures), 'point')}"):
            for line in promise.disclosures:
                st.markdown(f"- {escaped(line, limit=900)}")
    how_spent(run, promise)


def how_spent(run: str, promise: Promised) -> None:
    """Epsilon over the steps of the training, where the bundle holds its record."""
    told = training_record(library(), run)
    if not isinstance(told, TrainingRecord) or promise.epsilon is None:
        return
    rows = spent(told.curve)
    if not len(rows):
        st.caption(f"How epsilon was spent step by step is not known. {escaped(told.missing, limit=600)}")
        return
    last = rows.iloc[-1]
    chart(
        f"After {last['step']:,.0f} steps {last['epsilon']:.3g} of the promised {promise.epsilon:g} were spent",
        spent_chart(rows, promise.epsilon, f"promised: {promise.epsilon:g}", palette()),
        rows,
        key="spent",
        words=f"epsilon rises from {rows['epsilon'].iloc[0]:.3g} after step {rows['step'].iloc[0]} to"
        f" {last['epsilon']:.3g} after step {last['step']:.0f}; promised is at most {promise.epsilon:g}",
    )
    st.caption(
        f"At delta {promise.delta:.3g}, accountant {escaped(promise.accountant)}; one record is"
        f" {escaped(promise.unit)}. The line is an upper bound that is quick to compute while training (Rényi). Where"
        " that bound lies above the promise, which holds after every step, the line goes on at the promise: it is flat"
        " there, although those steps spend privacy too."
    )


def beside_the_audit(promise: Promised, audit: Audited) -> None:
    """The promise and the audit on one axis, and what is to be made of the two."""
    st.subheader("The promise put to the test")
    st.markdown(
        f"{SIGNS[audit.standing]} **{audit.standing.value.capitalize()}.** {escaped(audit.sentence, limit=900)}"
    )
    rows = bounds(promise, audit)
    if audit.bound is None or not len(rows):
        return
    chart(
        ". ".join(escaped(words[:1].upper() + words[1:]) for words in rows["what"]),
        bounds_chart(rows, palette()),
        rows,
        key="bounds",
        words="; ".join(rows["what"]),
    )
    st.caption(
        "The promise is a ceiling: the whole line is what it allows. The audit is a floor: a coin put each of some"
        " secrets into the training or left it out, the model's losses were used to guess the coins, and so many right"
        " guesses need at least this epsilon. The dashed part is what the audit could have shown at most. A floor above"
        " the ceiling refutes the promise; a floor below it confirms nothing."
    )


def membership(run: str, attacks: tuple[MembershipAttack, ...]) -> None:
    """Whether training records can be told from others: areas, then one curve."""
    st.subheader("Can training records be told from others?")
    if not attacks:
        st.markdown(
            "No membership attack was made in this run. It needs to know what the model was trained on: a model trained"
            " here, or a file that names members and non-members. `harness probes describe memorisation.membership`"
            " says more."
        )
        return
    rows = areas(attacks)
    if len(rows):
        chart(
            "How often an attack tells a training record from another one, of 100 pairs",
            group_forest(rows, palette()),
            rows,
            key="areas",
            words=interval_alt(rows, ("title",)),
        )
        st.caption("The short line is guessing: 50 of 100. An interval that holds it shows no leak, and excludes none.")
    known = {f"{one.metric}@{one.cell}": one for one in attacks}
    titles = named([(name, one.title) for name, one in known.items()])
    one_attack(run, known[choose(st.container(), "Attack", titles, key="attack")])


def one_attack(run: str, attack: MembershipAttack) -> None:
    """One attack: its sentence, its rates, its curve."""
    if isinstance(attack.area, Absence):
        st.markdown(f"No number and no curve: {escaped(attack.area.reason, limit=600)}.")
        return
    st.markdown(f"- {escaped(attack.sentence, limit=900)}")
    for text in attack.rates:
        st.markdown(f"- {escaped(text, limit=900)}")
    its = library()
    found = curve_of(str(its.store.root), run, its.fingerprint(run), f"{attack.metric} {attack.cell}", attack)
    if found.missing:
        st.markdown(f"No curve: {escaped(found.missing, limit=600)}.")
        return
    if found.strictest:
        st.markdown(f"- {found.strictest}")
    rows = roc(found)
    chart(
        f"{escaped(attack.title)}: {found.finding}",
        roc_chart(rows, palette()),
        rows,
        key=f"roc-{attack.metric}-{attack.cell}",
        words=f"{attack.title}: {found.finding}. {found.strictest}",
    )
    st.caption(
        f"{found.members:,} training records, {found.others:,} others. The band is a 95 % interval at each threshold by"
        " itself (Clopper and Pearson), not around the whole line. Thresholds are read off the same records, which"
        " flatters the line a little; the rates in the sentences come from thresholds that other records set."
        f" Nothing can be known of false accusations rarer than 1 of {found.others:,}. What is below the axes is drawn"
        " at their end."
    )


def price(studies: tuple[Tradeoff, ...]) -> None:
    """Risk and usefulness by epsilon, from the studies of the store."""
    st.subheader("What does privacy cost?")
    if not studies:
        st.markdown("No study of this store tried several budgets of privacy. These do, with small models:")
        commands("harness study privacy_text\nharness study privacy_pictures")
        return
    known = {one.name: one for one in studies}
    titles = named([(name, one.title) for name, one in known.items()])
    its = known[choose(st.container(), "Study", titles, key="study")]
    st.markdown(escaped(its.question, limit=600))
    for kind, numbers in (("risk", its.risks), ("usefulness", its.uses)):
        for place, arms in enumerate(numbers):
            rows = traded(arms)
            told = rows[rows["value"].notna()]
            if len(told):
                chart(
                    f"{kind.capitalize()}: {escaped(str(rows['metric'].iloc[0]))} ({rows['better'].iloc[0]})",
                    traded_chart(rows, palette()),
                    rows,
                    key=f"{kind}-{place}",
                    words="; ".join(
                        f"{row['arm']}, epsilon {row['place']}: {row['value']:.3g} {row['unit']}"
                        for row in told.to_dict("records")
                    ),
                )
    st.caption(
        f"Each arm was trained anew with {plural(its.seeds, 'seed')}. A bar is the 95 % interval of what changed"
        " against no treatment, seed by seed, drawn from that line."
    )
    for text in its.sentences:
        st.markdown(f"- {escaped(text, limit=900)}")


def page(run: str, shown: RunView, studies: tuple[Tradeoff, ...]) -> None:
    """Lay out the page."""
    promise = promised(shown)
    the_promise(run, promise)
    beside_the_audit(promise, audited(library(), run, shown, promise))
    attacks = membership_attacks(shown.sections)
    membership(run, attacks)
    price(studies)
    probes = {one.cell.partition("@")[0] for one in attacks} | {"memorisation.audited_epsilon"}
    limits(shown, [section for section in shown.sections if section.card.id in probes])


def without_run(studies: tuple[Tradeoff, ...]) -> None:
    """Lay out what studies alone can tell."""
    st.markdown("This store holds studies and no run, so there is no single model's promise to hold against its leaks.")
    price(studies)
    st.subheader("What this cannot tell you")
    st.markdown(
        "- What another model leaks: a study speaks of the models that it trained, on the data it trained them on."
    )


found = tradeoffs(library())
one = chosen(runs())
if one is None and not found:
    one = needs_run()
st.title("What is promised, what leaks?")
if one is None:
    without_run(found)
else:
    page(one.name, view(one.name), found)
