"""Which obligation does this inform?"""

import streamlit as st

from dashboards.bar import needs_run
from dashboards.choices import choose
from dashboards.opened import view
from dashboards.parts import limits
from dashboards.safe_text import escaped, plain
from harness.query import dataset_words, frameworks

shown = view(needs_run().name)
known = frameworks()
st.title("Which obligation does this inform?")
st.markdown("A test is at most evidence relevant to an entry: whether a duty is met is for people to decide.")
titles = {name: plain(its.title) for name, its in known.items()}
key = choose(st.container(), "Framework", titles, key="framework")
framework = known[key]
st.caption(f"{escaped(framework.edition)}; checked {framework.last_checked.isoformat()}")
cited = {
    entry.id: [section for section in shown.sections if entry.id in section.card.frameworks.get(key, ())]
    for entry in framework.entries
}
for entry in framework.entries:
    if not cited[entry.id]:
        continue
    applies = f" · applies from {entry.date_applies.isoformat()}" if entry.date_applies else ""
    st.markdown(f"**{escaped(entry.id)}** {escaped(entry.title)}{applies}")
    for section in cited[entry.id]:
        told = section.metrics[0].sentence if section.metrics else "no number"
        where = escaped(f"{section.card.title}, {dataset_words(section.result.dataset)}")
        st.markdown(f"- {where}: {escaped(told, limit=900)}")
st.subheader("No evidence in this run")
silent = [f"{entry.id} ({entry.title})" for entry in framework.entries if not cited[entry.id]]
for text in silent:
    st.markdown(f"- {escaped(text)}")
if not silent:
    st.markdown("Every entry has some evidence.")
mute = [section.card.title for section in shown.sections if not section.card.frameworks.get(key)]
if mute:
    st.markdown(f"Without a direct entry here: {', '.join(escaped(title) for title in dict.fromkeys(mute))}.")
limits(shown, ())
