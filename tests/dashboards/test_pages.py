"""Every page on every kind of store: it opens, answers its question, and lets nothing through."""

from __future__ import annotations

PAGES = {
    "verdict": "May this be released?",
    "risk": "Where is the risk?",
    "hallucination": "Does it make things up?",
    "robustness": "Does another wording change the answer?",
    "bias": "Does it treat people alike?",
    "memorisation": "Does it give its training data away?",
    "watermark": "Can its output be recognised?",
    "samples": "Show me",
    "frameworks": "Which obligation does this inform?",
    "methods": "How was it measured?",
    "evidence": "Can I trust and repeat it?",
    "health": "Is the data sound?",
}


def said(app):
    """All the words of a page, one part a line."""
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code, app.text]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def visit(app, page):
    return app.switch_page(f"screens/{page}.py").run()


def test_every_page_answers_its_question_and_says_what_it_cannot_tell(open_app, one_run):
    app = open_app(one_run)
    for page, question in PAGES.items():
        visit(app, page)
        assert not app.exception, (page, app.exception)
        assert [one.value for one in app.title] == [question]
        assert "What this cannot tell you" in said(app), page
        assert "scripted control" in said(app), page


def test_the_verdict_comes_first_with_the_worst_finding_and_what_was_not_tested(open_app, one_run):
    app = open_app(one_run)
    words = said(app)
    assert app.header[0].value.endswith("Failed")
    assert "the model found the stereotyped sentence likelier" in words
    assert "Nothing at all about: memorisation, watermark." in words
    assert "Limit: at most 60 of 100" in words


def test_a_page_says_what_the_report_of_the_same_run_says(open_app, one_run):
    (report,) = one_run.glob("*/report.html")
    page = report.read_text()
    app = visit(open_app(one_run), "bias")
    told = [one.value.replace("\\", "")[2:] for one in app.markdown if one.value.startswith("- Of ")]
    assert told
    assert all(sentence.replace("'", "&#39;") in page for sentence in told)


def test_an_empty_store_says_what_fills_it_on_every_page(open_app, tmp_path):
    app = open_app(tmp_path / "nowhere")
    for page in PAGES:
        visit(app, page)
        assert not app.exception
        assert [one.value for one in app.title] == ["There is no run to show yet"]
        assert [one.value for one in app.code] == ["harness demo", "harness run", "harness study dedup"]


def test_a_bundle_that_cannot_be_read_is_told_and_not_shown(open_app, broken, one_run):
    app = open_app(broken)
    assert not app.exception
    assert "cannot be read" in said(app)
    (folder,) = broken.iterdir()
    folder.rename(one_run / folder.name)
    app = open_app(one_run)
    assert not app.exception
    assert app.header[0].value.endswith("Failed")
    assert "1 bundle of this store cannot be read" in [one.label for one in app.expander]


def test_what_a_hostile_model_wrote_is_shown_as_plain_text_alone(open_app, poisoned):
    app = open_app(poisoned)
    for page in PAGES:
        visit(app, page)
        assert not app.exception
        # Where Markdown is read, nothing of it may be a picture, a tag or a formula.
        for one in [*app.markdown, *app.caption, *app.title, *app.header, *app.subheader]:
            assert "![x](" not in one.value
            assert "<script" not in one.value
        for one in app.expander:
            assert "![x](" not in one.label
    visit(app, "samples")
    assert any("canary.png" in one.value for one in app.code)
    assert not any("\u202e" in one.value for one in app.code)


def test_an_address_that_names_no_run_shows_the_newest_and_a_strange_filter_shows_all(open_app, one_run):
    app = open_app(one_run, run="../../etc/passwd")
    assert not app.exception
    assert app.header[0].value.endswith("Failed")
    app = open_app(one_run, cell="' OR 1=1 --", outcome="DROP TABLE", text="zzz")
    visit(app, "samples")
    assert not app.exception


def test_a_search_in_the_address_finds_its_cases(open_app, one_run):
    app = open_app(one_run)
    visit(app, "samples")
    everything = next(one.value for one in app.caption if "in all" in one.value)
    app.text_input[0].set_value("nothing says this").run()
    assert "No case fits. Choose less." in said(app)
    app.text_input[0].set_value("").run()
    assert everything == next(one.value for one in app.caption if "in all" in one.value)


def test_a_policy_reader_sees_findings_and_no_case(open_app, one_run):
    app = open_app(one_run, role="policy")
    assert app.header[0].value.endswith("Failed")
    visit(app, "samples")
    assert "Single cases are for auditors" in said(app)
    assert not app.code


def test_the_verify_button_really_verifies(open_app, one_run):
    app = visit(open_app(one_run), "evidence")
    app.button[0].click().run()
    assert "Verified" in said(app)
    (scores,) = one_run.glob("*/scores.parquet")
    scores.write_bytes(scores.read_bytes()[:-1] + b"x")
    app.button[0].click().run()
    assert "Not verified" in said(app)
    assert "scores.parquet" in said(app)
