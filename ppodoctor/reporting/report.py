"""Report: everything that is shown of a run and its diagnosis, as plain data. The renderers add nothing to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ppodoctor import __version__
from ppodoctor.checks.api import EXACT, MEASURED, RULE, Check
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, UNDECIDED, Diagnosis, Finding, Skipped
from ppodoctor.measures.invariants import invariants
from ppodoctor.records import Note, Setting, Site
from ppodoctor.reporting.ending import load_ending
from ppodoctor.reporting.evidence_figures import figures_of
from ppodoctor.reporting.excerpts import Excerpt, Place, base_of, excerpts_of, place_of
from ppodoctor.reporting.facts import Fact, learning_text, run_facts, seen_instead
from ppodoctor.reporting.page import page_of
from ppodoctor.reporting.panels import evidence_by_column, glossary_of, panels_of
from ppodoctor.reporting.plots import Figure, Panel
from ppodoctor.reporting.words import clean, count, listed, one_line
from ppodoctor.run import Run

HEADLINES = {HEALTHY: "Healthy", CAUSE_FOUND: "Cause found", UNDECIDED: "Undecided"}
BASIS_TEXT = {
    EXACT: "exact: an identity that holds or does not",
    MEASURED: "measured: a threshold with known hit and false-alarm rates",
    RULE: "rule of thumb: a published rule",
}


@dataclass(frozen=True)
class SeenEvidence:
    """One sentence with its numbers and places."""

    text: str
    where: tuple[Place, ...]
    column: str | None
    span: tuple[int, int] | None
    basis: str
    strength: float
    first_update: int | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Rival:
    """Another fault that looks alike, and what became of it in this run."""

    id: str
    title: str
    state: str
    """clear, found or skipped."""
    text: str


@dataclass(frozen=True)
class Cause:
    """A finding as it is shown; notes have the same shape."""

    id: str
    family: str
    title: str
    severity: str
    confidence: float
    basis: str
    basis_text: str
    where: tuple[Place, ...]
    evidence: tuple[SeenEvidence, ...]
    fix: str
    refuted_by: str
    first_update: int | None
    explained_by: tuple[str, ...]
    rivals: tuple[Rival, ...]
    looks_like: str
    """The page's words on what it also looks like."""
    why: str
    """The page's words on why it hurts."""
    references: tuple[str, ...]
    faults: tuple[int, ...]
    excerpts: tuple[Excerpt, ...]
    panels: tuple[str, ...]
    """Ids of the figures that show its evidence."""
    consequences: tuple[Cause, ...]


@dataclass(frozen=True)
class Unseen:
    """A check that could not run."""

    id: str
    title: str
    missing: tuple[str, ...]
    remedy: str


@dataclass(frozen=True)
class Report:
    """Everything shown. Texts from the script are cleaned of control characters here, once."""

    version: str
    verdict: str
    headline: str
    summary: str
    learning: dict[str, Any]
    learning_text: str
    causes: tuple[Cause, ...]
    notes: tuple[Cause, ...]
    clear: tuple[tuple[str, str], ...]
    """(id, title) of every check that ran and found nothing."""
    skipped: tuple[Unseen, ...]
    reassurance: tuple[str, ...]
    next_steps: tuple[str, ...]
    loss_text: str
    fits: tuple[dict[str, Any], ...]
    figures: tuple[Figure, ...]
    seen_instead: str
    """For a run without a policy update: what was seen in its place."""
    problem: str
    """Why the script itself failed; empty when it did not."""
    facts: tuple[Fact, ...]
    """What ran: command, environment, updates, ..."""
    settings: dict[str, Setting]
    places: dict[str, Place]
    """Where each setting was read, where that is known."""
    unwatched: tuple[Note, ...]
    """What the watcher could not see or do."""
    damage: tuple[str, ...]
    glossary: dict[str, str]
    run: dict[str, Any] = field(default_factory=dict)
    """The same facts for machines."""
    invariants: tuple[dict[str, Any], ...] = ()
    """The sixteen invariants of a correct update: id, title, holds (None: not seen), number, sentence, first_update."""


def build_report(run: Run, diagnosis: Diagnosis) -> Report:
    """Everything to show of a run and its diagnosis."""
    build = _Builder(run, diagnosis)
    panels = panels_of(run, diagnosis)
    ending = load_ending(run.folder)
    facts, machine = run_facts(run, ending)
    problem = clean(ending.problem)
    watch_notes = [Note("watch", clean(text)) for text in ending.notes]
    return Report(
        version=__version__,
        verdict=diagnosis.verdict,
        headline=_headline(diagnosis),
        summary=clean(diagnosis.summary),
        learning=dict(diagnosis.learning),
        learning_text=learning_text(diagnosis.learning),
        causes=tuple(build.cause(finding) for finding in diagnosis.causes),
        notes=tuple(build.cause(finding) for finding in diagnosis.notes),
        clear=tuple((check.id, check.title) for check in diagnosis.clear),
        skipped=tuple(_unseen(skipped) for skipped in diagnosis.skipped),
        reassurance=tuple(clean(text) for text in diagnosis.reassurance),
        next_steps=tuple(clean(text) for text in diagnosis.next_steps),
        loss_text=clean(diagnosis.loss_text),
        fits=tuple({key: value for key, value in fit.items() if key not in POINTS} for fit in diagnosis.fits),
        figures=(*panels, *figures_of(run, diagnosis)),
        seen_instead=seen_instead(run, ending),
        problem=problem,
        facts=facts,
        settings=dict(run.settings),
        places={name: build.place(given.where) for name, given in run.settings.items() if given.where},
        unwatched=(*run.notes, *watch_notes),
        damage=tuple(clean(text) for text in run.damage),
        glossary=glossary_of(panels),
        run={**machine, "problem": problem or None},
        invariants=_invariants(run),
    )


def _invariants(run: Run) -> tuple[dict[str, Any], ...]:
    """Nothing to show for a run without minibatches, where none could be tested."""
    if not run.minibatches:
        return ()
    return tuple({**vars(one), "sentence": clean(one.sentence)} for one in invariants(run))


POINTS = ("actual", "fitted")
"""Entries of a fit that are drawn as a scatter and not repeated as numbers."""


def _headline(diagnosis: Diagnosis) -> str:
    if diagnosis.verdict == CAUSE_FOUND and len(diagnosis.causes) > 1:
        return f"{len(diagnosis.causes)} causes found"
    return HEADLINES.get(diagnosis.verdict, diagnosis.verdict)


def _unseen(skipped: Skipped) -> Unseen:
    check = skipped.check
    return Unseen(check.id, one_line(check.title), tuple(map(one_line, skipped.missing)), clean(skipped.remedy))


class _Builder:
    """Turns findings into what is shown of them; holds the run and what became of every check."""

    def __init__(self, run: Run, diagnosis: Diagnosis) -> None:
        self.run = run
        self.base = base_of(run)
        self.shown_columns = set(evidence_by_column(diagnosis))
        self.states: dict[str, tuple[Check, str]] = {check.id: (check, "clear") for check in diagnosis.clear}
        self.states.update({skipped.check.id: (skipped.check, "skipped") for skipped in diagnosis.skipped})
        self.missing = {skipped.check.id: skipped.missing for skipped in diagnosis.skipped}
        for finding in (*diagnosis.causes, *diagnosis.notes):
            self._found(finding)

    def _found(self, finding: Finding) -> None:
        self.states[finding.id] = (finding.check, "found")
        for one in finding.consequences:
            self._found(one)

    def place(self, site: Site) -> Place:
        return place_of(site, self.run.source, self.base)

    def cause(self, finding: Finding) -> Cause:
        check, page = finding.check, page_of(finding.check)
        evidence = tuple(self._evidence(finding, i) for i in range(len(finding.evidence)))
        columns = dict.fromkeys(item.column for item in evidence if item.column and self.run.has(item.column))
        return Cause(
            id=check.id,
            family=check.family,
            title=one_line(check.title),
            severity=finding.severity,
            confidence=float(finding.confidence),
            basis=one_line(finding.basis),
            basis_text=BASIS_TEXT.get(finding.basis, one_line(finding.basis)),
            where=tuple(map(self.place, finding.where)),
            evidence=evidence,
            fix=clean(finding.fix),
            refuted_by=clean(check.refuted_by),
            first_update=finding.first_update,
            explained_by=finding.explained_by,
            rivals=tuple(rival for rival in map(self._rival, check.rivals) if rival is not None),
            looks_like=clean(page.section("Also looks like")),
            why=clean(page.section("Why it hurts")),
            references=tuple(map(one_line, check.references)),
            faults=check.faults,
            excerpts=excerpts_of(finding.where, self.run.source, self.base),
            panels=tuple(f"panel-{column}" for column in columns),
            consequences=tuple(self.cause(one) for one in finding.consequences),
        )

    def _evidence(self, finding: Finding, index: int) -> SeenEvidence:
        item = finding.evidence[index]
        return SeenEvidence(
            text=clean(item.text),
            where=tuple(map(self.place, item.where)),
            column=item.column,
            span=item.span,
            basis=one_line(item.basis or finding.check.basis),
            strength=float(item.strength),
            first_update=item.first_update,
            data=dict(item.data),
        )

    def _rival(self, rival: str) -> Rival | None:
        if rival not in self.states:
            return None
        check, state = self.states[rival]
        texts = {
            "clear": "looked for and not there",
            "found": "found too, shown on its own",
            "skipped": f"could not be looked for, missing: {listed(self.missing.get(rival, ())) or 'its evidence'}",
        }
        return Rival(rival, one_line(check.title), state, texts[state])


def coverage_text(report: Report) -> str:
    """One sentence: what was looked for, and what could not be seen."""
    words = f"{count(len(report.clear), 'check')} ran and found nothing"
    if not report.skipped:
        return words + "; none had to be left out."
    missing: dict[str, int] = {}
    for one in report.skipped:
        for name in one.missing or ("its evidence",):
            missing[name] = missing.get(name, 0) + 1
    top = sorted(missing, key=lambda name: (-missing[name], name))[:4]
    names = "; ".join(top) + ("; …" if len(missing) > len(top) else "")
    return f"{words}; {len(report.skipped)} could not run (missing: {names})."


def panel_by_id(report: Report) -> dict[str, Panel]:
    """The curves of the report by id."""
    return {figure.id: figure for figure in report.figures if isinstance(figure, Panel)}
