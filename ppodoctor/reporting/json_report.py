"""The report for machines: one JSON document, versioned, described by schema.json beside this file and docs/json.md."""

from __future__ import annotations

import dataclasses
import json
import math
from importlib.resources import files
from pathlib import PurePath
from typing import Any

from ppodoctor.reporting.excerpts import Place
from ppodoctor.reporting.plots import Figure, Histogram, Panel
from ppodoctor.reporting.report import Cause, Report, SeenEvidence
from ppodoctor.reporting.words import clean

SCHEMA = 1
"""Raised when a consumer of the former version would be misled: a key removed, renamed or given another meaning.
New keys do not raise it."""


def to_json(report: Report) -> dict[str, Any]:
    """Everything shown, as data that any JSON writer can take: no NaN (null instead), no arrays but lists."""
    document = {
        "schema": SCHEMA,
        "ppodoctor": report.version,
        "verdict": report.verdict,
        "headline": report.headline,
        "summary": report.summary,
        "seen_instead": report.seen_instead,
        "learning": report.learning,
        "causes": [_cause(cause) for cause in report.causes],
        "notes": [_cause(note) for note in report.notes],
        "clear": [{"id": name, "title": title} for name, title in report.clear],
        "skipped": [dataclasses.asdict(one) for one in report.skipped],
        "reassurance": report.reassurance,
        "next_steps": report.next_steps,
        "loss": report.loss_text,
        "fits": report.fits,
        "invariants": report.invariants,
        "settings": {name: _setting(report, name) for name in report.settings},
        "run": {**report.run, "facts": {fact.name: fact.text for fact in report.facts}},
        "figures": [_figure(figure) for figure in report.figures],
        "unwatched": [dataclasses.asdict(note) for note in report.unwatched],
        "damage": report.damage,
        "glossary": report.glossary,
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def dumps(report: Report) -> str:
    """The document as text that ends in a newline."""
    return json.dumps(to_json(report), indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document."""
    text = files("ppodoctor.reporting").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "id": cause.id,
        "family": cause.family,
        "title": cause.title,
        "severity": cause.severity,
        "confidence": cause.confidence,
        "basis": cause.basis,
        "where": [_place(place) for place in cause.where],
        "evidence": [_evidence(item) for item in cause.evidence],
        "fix": cause.fix,
        "refuted_by": cause.refuted_by,
        "first_update": cause.first_update,
        "explained_by": cause.explained_by,
        "rivals": [dataclasses.asdict(rival) for rival in cause.rivals],
        "looks_like": cause.looks_like,
        "why": cause.why,
        "references": cause.references,
        "faults": cause.faults,
        "figures": cause.panels,
        "excerpts": [dataclasses.asdict(excerpt) for excerpt in cause.excerpts],
        "consequences": [_cause(one) for one in cause.consequences],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "function": place.function, "code": place.code}


def _evidence(item: SeenEvidence) -> dict[str, Any]:
    data = dataclasses.asdict(item)
    data["where"] = [_place(place) for place in item.where]
    return data


def _setting(report: Report, name: str) -> dict[str, Any]:
    given, place = report.settings[name], report.places.get(name)
    return {"value": given.value, "how": given.how, "where": _place(place) if place else None}


def _figure(figure: Figure) -> dict[str, Any]:
    kind = "curves" if isinstance(figure, Panel) else "histogram" if isinstance(figure, Histogram) else "scatter"
    return {"kind": kind, **dataclasses.asdict(figure)}


def _plain(value: Any) -> Any:
    """Only what JSON knows. Numbers of numpy become Python's, what is not finite null, other objects their text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean(value, 100_000)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {clean(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    return clean(value) if isinstance(value, PurePath) else clean(repr(value), 200)
