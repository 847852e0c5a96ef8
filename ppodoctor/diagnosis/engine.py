"""From a run to its diagnosis: run every check, judge, nest, rank, and say what the evidence can carry."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import CAUSE, EXACT, MEASURED, NOTE, RULE, Check, Evidence, Missing, missing_for
from ppodoctor.diagnosis.classes import LookAlike, classes_of
from ppodoctor.diagnosis.explaining import SYMPTOMS, nest, rank
from ppodoctor.diagnosis.telling import fits_of, loss_text_of, next_steps, reassurance, remedy_for, summary
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, UNDECIDED, Diagnosis, Finding, Skipped
from ppodoctor.measures.returns import IMPROVING, LEARNED, TOO_YOUNG, Learning, learning
from ppodoctor.run import Run

_CERTAINTY = {EXACT: 0.99, MEASURED: 0.9, RULE: 0.7}
"""Confidence of one piece of evidence at full strength, by what it rests on."""
_CEILING = {EXACT: 0.99, MEASURED: 0.97, RULE: 0.9}
"""Several pieces agreeing never make more than this."""
_PROMOTED = 0.6
"""A deviation that scripts usually tolerate, taken as the cause for want of any other: its confidence times this."""
_STRIKING = 0.95
"""Strength from which a statistical finding stays a cause although the return still improves."""

_SURROUNDINGS = frozenset({"env", "reward"})


@dataclass(frozen=True)
class Examination:
    """What became of one check: evidence, nothing (clear), or the reason why it could not run."""

    check: Check
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()


def diagnose(run: Run) -> Diagnosis:
    """Diagnose a recorded run. Never raises because of what the run holds or lacks."""
    examinations = [examine(check, run) for check in all_checks().values()]
    outcome = learning(run)
    kinds = classes_of(run, outcome)
    found = [_finding(e, outcome) for e in examinations if e.evidence]
    found = _promote(found, outcome, run)
    roots, notes = nest(rank(found, kinds), kinds)
    clear = tuple(e.check for e in examinations if not e.evidence and not e.missing)
    skipped = tuple(Skipped(e.check, e.missing, remedy_for(e.missing)) for e in examinations if e.missing)
    draft = Diagnosis(
        verdict=_verdict(run, roots, clear, outcome),
        summary="",
        causes=roots,
        notes=notes,
        clear=clear,
        skipped=skipped,
        learning={"status": outcome.status, "text": outcome.text, **outcome.numbers},
        loss_text=loss_text_of(run),
        fits=fits_of(run),
    )
    return _told(draft, run, outcome, kinds)


def examine(check: Check, run: Run) -> Examination:
    """Run one check. Missing needs, a refusal, or a defect of the check itself become visible reasons."""
    missing = missing_for(check, run)
    if missing:
        return Examination(check, missing=missing)
    try:
        return Examination(check, tuple(check.function(run)))
    except Missing as reason:
        return Examination(check, missing=(str(reason) or "evidence",))
    except Exception as error:
        return Examination(check, missing=(f"the check itself failed: {type(error).__name__}: {error}",))


def confidence(evidence: tuple[Evidence, ...], check: Check) -> tuple[float, str]:
    """How sure the evidence makes us that the fault is present, and what the best of it rests on."""
    best = min((e.basis or check.basis for e in evidence), key=list(_CERTAINTY).index)
    doubt = 1.0
    for item in evidence:
        doubt *= 1.0 - _CERTAINTY[item.basis or check.basis] * max(0.0, min(1.0, item.strength))
    return min(1.0 - doubt, _CEILING[best]), best


def _finding(examination: Examination, outcome: Learning) -> Finding:
    check, evidence = examination.check, examination.evidence
    sure, basis = confidence(evidence, check)
    return Finding(check, evidence, round(sure, 3), basis, _severity(check, evidence, basis, outcome))


def _severity(check: Check, evidence: tuple[Evidence, ...], basis: str, outcome: Learning) -> str:
    """Cause or note, before it is known whether anything else stands.

    What is exact in the computation stays a cause while the run learns somewhat; what is odd about the environment does
    not, unless the evidence says so. A statistical finding does not explain a failure that is not there: it needs a run
    that fails, or numbers that no healthy run shows.
    """
    stated = {e.severity or check.severity for e in evidence}
    if CAUSE not in stated or check.tolerable:
        return NOTE
    if check.mild:
        return NOTE if outcome.works else CAUSE
    insists = any(e.severity == CAUSE for e in evidence)
    if basis == EXACT and (insists or check.family not in _SURROUNDINGS or not outcome.works):
        return CAUSE
    if basis == EXACT:
        return NOTE
    striking = max(e.strength for e in evidence) >= _STRIKING
    if outcome.status == LEARNED or (outcome.status in (IMPROVING, TOO_YOUNG) and not striking):
        return NOTE
    return CAUSE


def _promote(found: list[Finding], outcome: Learning, run: Run) -> list[Finding]:
    """When a run fails and nothing else stands, deviations that are usually tolerated become suspects.

    Where only symptoms stand, so do measured deviations that are known to lead to one of them.
    """
    standing = {f.id for f in found if f.severity == CAUSE}
    if not outcome.fails or standing - SYMPTOMS or not (standing or _long_enough(run)):
        return found
    suspects = {
        f.id for f in found if _may(f) and (not standing or (f.basis != RULE and standing & set(f.check.explains)))
    }
    return [
        replace(f, severity=CAUSE, confidence=round(f.confidence * _PROMOTED, 3)) if f.id in suspects else f
        for f in found
    ]


def _may(finding: Finding) -> bool:
    stated = {e.severity or finding.check.severity for e in finding.evidence}
    return finding.check.tolerable and CAUSE in stated and max(e.strength for e in finding.evidence) >= 0.5


def _long_enough(run: Run) -> bool:
    """Twice what a verdict "does not learn" needs: a slow but correct run must not be blamed on a habit."""
    return bool(run.updates) and run.updates[-1].step >= 40_000 and run.updates[-1].update >= 40


def _verdict(run: Run, roots: tuple[Finding, ...], clear: tuple[Check, ...], outcome: Learning) -> str:
    if roots:
        return CAUSE_FOUND
    if not run.updates or outcome.fails:
        return UNDECIDED
    if outcome.status == TOO_YOUNG and run.header.get("status") == "crashed":
        return UNDECIDED  # no time will make a script learn that ends by itself
    if outcome.status == TOO_YOUNG and not run.envs:
        return UNDECIDED  # no time will show returns of an environment that cannot be seen
    tensors_read = sum(c.basis == EXACT and "minibatches" in c.needs for c in clear)
    if tensors_read or outcome.status == LEARNED:
        return HEALTHY
    return UNDECIDED


def _told(draft: Diagnosis, run: Run, outcome: Learning, kinds: tuple[LookAlike, ...]) -> Diagnosis:
    """Add the sentences, which need the verdict."""
    calm = reassurance(run, outcome) if draft.verdict != CAUSE_FOUND else ()
    told = replace(draft, reassurance=calm, next_steps=next_steps(draft, run, outcome, kinds))
    return replace(told, summary=summary(told, run, outcome))
