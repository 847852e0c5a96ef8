"""The measured quality as a page of Markdown."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planter.foreign import UPDATES
from planter.scripts import SCRIPTS

from .fingerprint import versions
from .scores import AS_GOOD, Rate, Scored, kind_of

HEAD = """# How often the diagnosis is right

Written by `{command}`; do not edit by hand. Known faults were planted in correct scripts, and each script, planted or
not, was run under `ppodoctor diagnose` as a person would run it. Every figure has its 95% interval after Wilson in
brackets. A *hit* is a finding whose id is the planted fault's, or one that describes the same fault; among causes and
then notes together, since a fault that does not keep a script from learning belongs in the notes. *As cause* counts
the causes alone. An error of the tool counts as a miss. A *false alarm* is a healthy script with any cause. A planted
setting with which the script gained at least {as_good:.0%} of what it gains without is no fault there: such cases are
listed, and are in no rate. Where the command skips scripts (`--skip`), those pairs of fault and script were run before:
their misses were looked at and what was wrong was mended. The pairs that are counted here had not been looked at, but
where the command says so (`--seen`). The healthy runs are the same every time while the seeds are: what was wrong with
them was mended, so that no false alarm on them does not show how seldom there is one elsewhere.

Settings: scripts with exact faults only were watched for {updates} updates, all others for as many as the correct
script needs until it has clearly learned. Versions: {versions}.
"""


SEEN = """These pairs were run before with an earlier version, and where something was wrong it was mended: they show
that nothing was lost, not how often the diagnosis is right elsewhere."""


def page(halves: dict[str, tuple[Sequence[Scored], dict[str, Any]]], command: str, seen: Sequence[str] = ()) -> str:
    """The whole page.

    Args:
        halves: rows and their `summary`, under `public`, `fresh`, `heldout` and `dev`.
        command: what wrote it.
        seen: those of the halves whose pairs had been looked at before.
    """
    installed = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts = [HEAD.format(command=command, as_good=AS_GOOD, updates=UPDATES, versions=installed)]
    titles = {
        "public": "## Scripts of others: public scripts and libraries, planted by the shape of their code",
        "fresh": "## Fresh: scripts and faults written by somebody who had not seen the checks",
        "heldout": "## Held out: scripts, seeds and faults on which no threshold was set",
        "dev": "## Development: scripts on which thresholds were set",
    }
    for half, (rows, found) in halves.items():
        parts += [titles[half], *([SEEN] if half in seen else []), _rates(found), _updates(rows), _lists(found)]
    parts.append(_first_looks())
    public = sorted({(row.case.script.name, row.case.script.style) for row in halves.get("public", ((), {}))[0]})
    parts += ["## Scripts", _scripts(public)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


FIRST_LOOKS = Path(__file__).with_name("first_looks.json")


def _first_looks() -> str:
    """What scripts showed that were written by somebody who had not seen the checks, the first time they were run."""
    lines = [
        "## First looks: run once, before anything was mended for them",
        "",
        "The new scripts were written, with their faults, by somebody who had not seen the checks. The first row is of",
        "older ones with a new seed (`HELDOUT_SEEDS` = 41). Run again by checking out the commit. What was seen",
        "was mended afterwards, so that above it only shows that the mending holds.",
        "",
        "| commit | scripts | all, first | all, first three | exact, first | statistical, first | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for look in json.loads(FIRST_LOOKS.read_text()):
        planted = look["planted"]
        rates = [planted["all"]["top1"], planted["all"]["top3"]]
        rates += [planted[f"kind {kind}"]["top1"] for kind in ("exact", "statistical")]
        cells = " | ".join(_rate(entry) for entry in [*rates, look["false_alarms"]])
        scripts = ", ".join(f"`{name}`" for name in look["scripts"])
        lines.append(f"| `{look['commit']}`, `{look['command']}` | {scripts} | {cells} |")
    return "\n".join(lines)


def _rate(entry: dict[str, Any]) -> str:
    return str(Rate(entry["hits"], entry["trials"]))


def _rates(found: dict[str, Any]) -> str:
    lines = ["| planted faults | named first | among the first three | first, as cause |", "|---|---|---|---|"]
    for name, group in found["planted"].items():
        lines.append(f"| {name} | {_rate(group['top1'])} | {_rate(group['top3'])} | {_rate(group['top1_as_cause'])} |")
    lines += [
        "",
        f"False alarms on healthy runs: {_rate(found['false_alarms'])}.",
        f"Healthy runs with a note: {_rate(found['notes_on_healthy'])}.",
        f"Planted runs with a cause beside the planted one: {_rate(found['extra_causes_on_planted'])}.",
    ]
    return "\n".join(lines)


def _updates(rows: Sequence[Scored]) -> str:
    by_fault: dict[str, list[int | None]] = defaultdict(list)
    for row in rows:
        if row.case.faults:
            by_fault[" + ".join(row.case.names)].append(row.first_update() if row.hit(3, notes=True) else None)
    kinds = {" + ".join(row.case.names): kind_of(row.case) for row in rows if row.case.faults}
    lines = ["### Updates until first named", "", "| fault | kind | scripts | named | first update seen |"]
    lines.append("|---|---|---|---|---|")
    for name, updates in sorted(by_fault.items()):
        dated = sorted(update for update in updates if update is not None)
        span = "-" if not dated else f"{dated[0]}" if dated[0] == dated[-1] else f"{dated[0]} to {dated[-1]}"
        named = sum(row.hit(3, notes=True) for row in rows if row.case.faults and " + ".join(row.case.names) == name)
        lines.append(f"| {name} | {kinds[name]} | {len(updates)} | {named} | {span} |")
    return "\n".join(lines)


def _lists(found: dict[str, Any]) -> str:
    parts = []
    titles = {
        "misses": "Misses",
        "false_alarm_list": "False alarms",
        "errors": "No answer",
        "harmless": "Planted settings that did no harm",
    }
    for key, title in titles.items():
        lines = [f"### {title}", ""]
        for entry in found[key]:
            said = ", ".join(entry["causes"]) or "no cause"
            notes = f"; notes: {', '.join(entry['notes'])}" if entry["notes"] else ""
            error = f"; {entry['error']}" if entry["error"] else ""
            lines.append(f"- `{entry['case']}`: {entry['verdict'] or 'no verdict'}, {said}{notes}{error}")
        parts.append("\n".join(lines if found[key] else [*lines, "None."]))
    return "\n\n".join(parts)


def _scripts(public: Sequence[tuple[str, str]]) -> str:
    lines = ["| script | style | half |", "|---|---|---|"]
    lines += [f"| `{name}` | {style} | of others |" for name, style in public]
    for script in SCRIPTS.values():
        half = "fresh" if script.fresh else "held out" if script.heldout else "development"
        lines.append(f"| `{script.name}` | {script.style} | {half} |")
    return "\n".join(lines)
