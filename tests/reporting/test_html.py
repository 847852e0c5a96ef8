"""report.html as text: nothing loaded, everything escaped, landmarks and headings in order."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest
from made import healthy, made_finding, made_run, sick, undecided

from ppodoctor.checks.api import Evidence
from ppodoctor.findings import CAUSE_FOUND, Diagnosis
from ppodoctor.records import Note, Setting, Site
from ppodoctor.reporting.html import render
from ppodoctor.reporting.markup import Markup, join, tag
from ppodoctor.reporting.report import build_report
from ppodoctor.run import Run

VOID = {"meta", "line", "rect", "circle", "polyline", "polygon"}
LOADING = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video", "use", "image"}


class Page(HTMLParser):
    """Tags with their attributes, checked for balance, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, name):
        return [attributes for tag_name, attributes in self.tags if tag_name == name]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


NASTY = "</pre></script><script>alert(1)</script><img src=x onerror=alert(1)>\"' &lt; \x1b[31m\u202e"


def nasty_page():
    finding = made_finding(
        evidence=(Evidence(NASTY, where=(Site(NASTY, 1, NASTY, NASTY),), column="entropy", fix=NASTY),), basis=NASTY
    )
    run = made_run(
        notes=(Note(NASTY, NASTY, NASTY),),
        header={"command": [NASTY], "status": NASTY, "torch": NASTY},
        source={NASTY: NASTY},
        settings={NASTY: Setting(NASTY, Site(NASTY, 1), NASTY)},
        damage=(NASTY,),
    )
    made = Diagnosis(
        CAUSE_FOUND,
        NASTY,
        causes=(finding,),
        notes=(finding,),
        next_steps=(NASTY,),
        reassurance=(NASTY,),
        learning={"text": NASTY},
        loss_text=NASTY,
        fits=({"what": NASTY, "variant": NASTY, "runner_up": NASTY, "actual": [1.0, 2.0], "fitted": [1.0, 2.0]},),
    )
    return render(build_report(run, made))


@pytest.mark.parametrize("diagnosis", [sick(), healthy(), undecided()], ids=lambda d: d.verdict)
@pytest.mark.parametrize("run", [made_run(), Run(folder=None)], ids=["full", "empty"])
def test_a_page_is_whole_and_loads_nothing(run, diagnosis):
    text = render(build_report(run, diagnosis))
    page = Page(text)
    assert not LOADING & {name for name, _ in page.tags}
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|@font-face", text)


def test_the_policy_allows_this_style_and_nothing_else():
    text = render(build_report(made_run(), sick()))
    policy = next(meta["content"] for meta in Page(text).all("meta") if "http-equiv" in meta)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert " style=" not in text


def test_nothing_from_the_script_becomes_markup():
    page = Page(nasty_page())
    assert not LOADING & {name for name, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "\\x1b[31m\\u202e" in page.text
    assert "\x1b" not in nasty_page()


@pytest.mark.parametrize("diagnosis", [sick(), healthy(), undecided()], ids=lambda d: d.verdict)
def test_landmarks_headings_and_tables_can_be_walked(diagnosis):
    page = Page(render(build_report(made_run(), diagnosis)))
    names = [name for name, _ in page.tags]
    assert [names.count(one) for one in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert names.count("table") == names.count("caption")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"].removeprefix("#") for attributes in page.all("a")}
    targets |= {word for _, a in page.tags for word in (a.get("aria-labelledby") or "").split()}
    assert targets <= set(ids)


def test_prose_comes_before_figures():
    text = render(build_report(made_run(), sick()))
    assert text.index('class="summary"') < text.index("<svg") < text.index("Other curves")


def test_the_page_shows_what_a_diagnosis_holds():
    words = Page(render(build_report(made_run(), sick()))).text
    for part in (
        "The entropy bonus has the wrong sign",
        "coefficient +0.01",
        "0.01 * mean(H)",
        "lines 5 to 11",
        "GAE with gamma 0.99 and lambda 0.95",
        "It is not this",
        "It could also be this",
        "A time limit is read as death",
        "run without torch.compile",
        "Hyper-parameters as observed",
        "mean entropy of the action distribution",
    ):
        assert part in words


def test_the_healthy_page_opens_with_why_the_numbers_are_normal():
    text = render(build_report(made_run(), healthy()))
    assert text.index('id="normal"') < text.index('id="return"')


def test_markup_escapes_all_but_markup():
    assert tag("p", "<b>", tag("b", "&"), title='"x"') == '<p title="&quot;x&quot;">&lt;b&gt;<b>&amp;</b></p>'
    assert join(None, ["<", Markup("<br>")]) == "&lt;<br>"
    assert tag("details", "x", open=True, cls=None) == "<details open>x</details>"
