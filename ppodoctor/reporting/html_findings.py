"""Findings as HTML articles: what, where, numbers, fix, certainty, what it is not."""

from __future__ import annotations

from collections.abc import Sequence

from ppodoctor.reporting.excerpts import Place
from ppodoctor.reporting.html_parts import excerpt_block, figure_block
from ppodoctor.reporting.markup import Markup, join, tag
from ppodoctor.reporting.plots import Figure
from ppodoctor.reporting.report import Cause, SeenEvidence
from ppodoctor.reporting.words import sentence, share

RIVAL_LEADS = {"clear": "It is not this", "skipped": "It could also be this", "found": "Found beside it"}


def prose(text: str) -> Markup:
    """Paragraph text: `code` between backticks is code, an odd backtick stays one."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return join(text)
    return join(*(tag("code", part) if i % 2 else part for i, part in enumerate(parts)))


def paragraphs(text: str) -> Markup:
    """Text whose blank lines part paragraphs."""
    return join(*(tag("p", prose(" ".join(part.split()))) for part in text.split("\n\n") if part.strip()))


def cause_article(cause: Cause, figures: Sequence[Figure]) -> Markup:
    """A cause with all that it rests on."""
    return tag(
        "article",
        tag("h3", cause.title),
        _byline(cause),
        _evidence(cause.evidence, _columns(cause)),
        *(excerpt_block(excerpt) for excerpt in cause.excerpts),
        _where(cause.where) if not cause.excerpts else None,
        tag("div", tag("h4", "Fix"), _fix(cause.fix), cls="fix") if cause.fix else None,
        tag("div", *(figure_block(figure) for figure in figures), cls="grid") if figures else None,
        _certainty(cause),
        _lookalikes(cause),
        _more("Why it hurts", paragraphs(_opened(cause.why))) if cause.why else None,
        _more("References", tag("ul", *(tag("li", one) for one in cause.references))) if cause.references else None,
        _consequences(cause.consequences),
        cls="cause",
        id=f"finding-{cause.id}",
    )


def note_article(note: Cause) -> Markup:
    """A note: the same, folded."""
    first = note.evidence[0].text if note.evidence else ""
    return tag(
        "article",
        tag("h3", note.title),
        _byline(note),
        tag("p", prose(first)) if first else None,
        tag(
            "details",
            tag("summary", "Evidence, place and fix"),
            _evidence(note.evidence[1:], _columns(note)),
            *(excerpt_block(excerpt) for excerpt in note.excerpts),
            _where(note.where) if not note.excerpts else None,
            tag("div", tag("h4", "Fix"), _fix(note.fix), cls="fix") if note.fix else None,
            _certainty(note),
        ),
        cls="note",
        id=f"finding-{note.id}",
    )


def _byline(cause: Cause) -> Markup:
    parts = [tag("code", cause.id), f" · {share(cause.confidence)} sure · {cause.basis}"]
    if cause.first_update is not None:
        parts.append(f" · seen from update {cause.first_update}")
    if cause.where:
        parts += [" · ", tag("code", cause.where[0].shown)]
    return tag("p", *parts, cls="byline")


def _evidence(evidence: Sequence[SeenEvidence], shown: Sequence[str] = ()) -> Markup | None:
    """The sentences; `shown` are the columns that have a figure on the page, which are linked."""
    items = []
    for item in evidence:
        link = None
        if item.column in shown:
            link = join(" (", tag("a", item.column, href=f"#panel-{item.column}"), ")")
        items.append(tag("li", prose(item.text), link))
    return tag("ul", *items, cls="evidence") if items else None


def _columns(cause: Cause) -> tuple[str, ...]:
    return tuple(name.removeprefix("panel-") for name in cause.panels)


def _where(places: Sequence[Place]) -> Markup | None:
    rows = []
    for place in places:
        code = join(": ", tag("code", place.code)) if place.code else None
        rows.append(tag("li", tag("code", place.shown), f" in {place.function}" if place.function else None, code))
    return tag("ul", *rows, cls="places") if rows else None


def _fix(text: str) -> Markup:
    """A fix of several lines is laid out as written, one of a single line is a sentence."""
    if "\n" in text.strip():
        return tag("pre", tag("code", text), tabindex=0)
    return tag("p", prose(text))


def _certainty(cause: Cause) -> Markup:
    refuted = tag("p", tag("strong", "Wrong if: "), prose(sentence(cause.refuted_by))) if cause.refuted_by else None
    return tag(
        "div",
        tag("h4", "How sure"),
        tag("p", f"{share(cause.confidence)}, {cause.basis_text}."),
        refuted,
    )


def _lookalikes(cause: Cause) -> Markup | None:
    if not cause.rivals and not cause.looks_like:
        return None
    rows = [
        tag("li", f"{RIVAL_LEADS[rival.state]}: ", tag("strong", rival.title), f" ({rival.id}), {rival.text}.")
        for rival in cause.rivals
    ]
    return tag(
        "div",
        tag("h4", "What it looks like and is not"),
        tag("ul", *rows) if rows else None,
        paragraphs(_opened(cause.looks_like)),
    )


def _opened(text: str) -> str:
    return text[:1].upper() + text[1:]


def _more(title: str, content: Markup) -> Markup:
    return tag("details", tag("summary", title), content)


def _consequences(consequences: Sequence[Cause]) -> Markup | None:
    if not consequences:
        return None
    items = []
    for one in consequences:
        items.append(
            tag(
                "li",
                tag("strong", one.title),
                " ",
                tag("code", one.id),
                f" ({share(one.confidence)})",
                _evidence(one.evidence, _columns(one)),
                _consequences(one.consequences),
            )
        )
    return tag("div", tag("h4", "Leads to"), tag("ul", *items), cls="consequences")
