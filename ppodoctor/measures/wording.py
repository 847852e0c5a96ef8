"""A loss in one line, as a person would write it."""

from __future__ import annotations

from ppodoctor.measures.loss import LossReading, Surrogate, Term


def loss_text(reading: LossReading) -> str:
    """For example "- mean(min(r A, clip(r, 0.8, 1.2) A)) + 0.5 mean((V - R)^2) - 0.01 mean(H)"."""
    if not reading.terms:
        return "not readable"
    parts = [_term(term, reading) for term in reading.terms]
    text = " ".join(parts)
    return text[2:] if text.startswith("+ ") else text


def _term(term: Term, reading: LossReading) -> str:
    inner = {
        "surrogate": _objective(reading.surrogate) if reading.surrogate else "surrogate",
        "policy_gradient": "A log p",
        "value": _error(reading),
        "entropy": "H",
        "log_prob": "-log p(chosen action)",
        "penalty": "penalty",
    }.get(term.kind, "?")
    sign = "-" if term.coefficient < 0 else "+"
    size = abs(term.coefficient)
    factor = "" if abs(size - 1) < 1e-9 else f"{size:.4g} "
    reduced = inner if term.reduction == "none" else f"{term.reduction.split(' ')[0]}({inner})"
    return f"{sign} {factor}{reduced}"


def _objective(surrogate: Surrogate) -> str:
    ratio = {"log_difference": "(log p - log p_old)", "probability": "p", "none": "log p"}.get(surrogate.form, "r")
    if surrogate.inverted:
        ratio = "(1/r)"
    low = "-inf" if surrogate.clip_low is None else f"{surrogate.clip_low:.4g}"
    high = "inf" if surrogate.clip_high is None else f"{surrogate.clip_high:.4g}"
    clipped = f"clip({ratio}, {low}, {high}) A"
    if surrogate.clip_low is None and surrogate.clip_high is None:
        return f"{ratio} A"
    return f"{surrogate.combine}({ratio} A, {clipped})" if surrogate.combine != "none" else clipped


def _error(reading: LossReading) -> str:
    value = reading.value
    if value is None:
        return "(V - R)^2"
    inner = {"squared": "(V - R)^2", "huber": "huber(V - R)", "smooth_l1": "smooth_l1(V - R)", "absolute": "|V - R|"}
    text = inner.get(value.error, "error(V, R)")
    return f"max({text}, clipped)" if value.clipped else text
