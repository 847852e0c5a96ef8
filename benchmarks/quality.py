"""How often the diagnosis names a planted fault, and how often it blames a correct script.

Usage: python benchmarks/quality.py [--quick] [--split dev|heldout|fresh|public] [--scripts MANIFEST] [--only GLOB]
       [--per-fault N] [--skip N] [--seen SPLIT] [--jobs N] [--json PATH] [--write] [--list]

What was recorded and said is kept under runs/quality by content: after a change to a check only the diagnosis is made
again, after a change to the watching room the script is run again.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shlex
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from planter.cases import Case, healthy_cases, planted_cases
from planter.foreign import foreign_cases
from study.fingerprint import ROOT, digest, versions
from study.page import page
from study.runner import Limits, examine, limits_of
from study.scores import Scored, summary

HALVES = ("fresh", "heldout", "dev")
# One healthy and one planted run of a few styles: enough to see that the whole path works.
QUICK = (
    "cartpole_vector:healthy:1",
    "cartpole_vector:done_ignored:1",
    "class_agent:policy_loss_sign_flipped:1",
    "own_softmax:entropy_sign_flipped:1",
    "pendulum_notebook:ratio_inverted:1",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the study; exit status 1 when a case got no answer."""
    options = _parse(arguments)
    halves: dict[str, tuple[list[Scored], dict[str, Any]]] = {}
    for half in _halves(options):
        rows = _run(_chosen(half, options), options)
        halves[half] = rows, summary(rows)
        _print(half, halves[half][1])
    if options.json:
        Path(options.json).write_text(json.dumps(_as_data(halves), indent=1))
    if options.write:
        command = shlex.join(["python", "benchmarks/quality.py", *_telling(arguments or sys.argv[1:])])
        (ROOT / "docs" / "quality.md").write_text(page(halves, command, options.seen))
    return int(any(found["errors"] for _, found in halves.values()))


def _telling(arguments: Sequence[str]) -> list[str]:
    """The arguments without what no figure depends on: where the data go, how many cases run side by side."""
    beside = [i for i, word in enumerate(arguments) if word in ("--json", "--jobs")]
    return [word for i, word in enumerate(arguments) if i not in beside and i - 1 not in beside]


def _halves(options: argparse.Namespace) -> tuple[str, ...]:
    if options.split:
        return tuple(options.split)
    own = HALVES[1:] if options.quick else HALVES
    return ("public", *own) if options.scripts else own


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few cases, watched briefly, in under a minute")
    parser.add_argument(
        "--split", action="append", choices=("public", *HALVES), help="this part of the study only; may be repeated"
    )
    parser.add_argument("--scripts", type=Path, metavar="MANIFEST", help="scripts of others to plant faults in, too")
    parser.add_argument("--only", default="*", metavar="GLOB", help="cases by script:faults:seed, e.g. '*:healthy:*'")
    parser.add_argument(
        "--per-fault",
        type=_by_part,
        default={},
        metavar="N",
        help="each fault in so many scripts; or public=3,dev=1",
    )
    parser.add_argument(
        "--skip", type=_by_part, default={}, metavar="N", help="leave out the first N scripts of each fault; likewise"
    )
    parser.add_argument(
        "--seen",
        action="append",
        default=[],
        choices=("public", *HALVES),
        help="this part's pairs were looked at before, which the page says; may be repeated",
    )
    parser.add_argument("--minutes", type=float, help="begin no case after so long; what was begun is a random sample")
    parser.add_argument("--jobs", type=int, default=2, help="cases run side by side")
    parser.add_argument("--json", metavar="PATH", help="write everything as JSON")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")
    parser.add_argument("--list", action="store_true", help="name the cases and run none")
    return parser.parse_args(arguments)


def _chosen(half: str, options: argparse.Namespace) -> list[Case]:
    cases = [*foreign_cases(options.scripts)] if half == "public" else [*healthy_cases(half), *planted_cases(half)]
    cases = [case for case in cases if not case.script.requires or importlib.util.find_spec(case.script.requires)]
    if options.quick and options.only == "*":
        return [case for case in cases if any(fnmatch(case.label, pattern) for pattern in QUICK)]
    chosen = [case for case in cases if fnmatch(case.label, options.only)]
    skip, per_fault = (given.get(half, given.get("")) for given in (options.skip, options.per_fault))
    return _thinned(chosen, skip or 0, per_fault)


def _by_part(text: str) -> dict[str, int]:
    """`3`, or `public=3,heldout=1`: a number for all parts of the study (under the empty name) or for each."""
    pairs = [part.rpartition("=") for part in text.split(",")]
    return {name: int(number) for name, _, number in pairs}


def _thinned(cases: Sequence[Case], skip: int, per_fault: int | None) -> list[Case]:
    """At most so many scripts for each fault, the same ones every time and no script favoured; all healthy cases."""
    if per_fault is None and not skip:
        return list(cases)
    by_fault: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        by_fault.setdefault(case.names, []).append(case)
    kept = []
    for names, group in by_fault.items():
        group = sorted(group, key=lambda case: digest([case.label])) if names else group
        kept += group[skip:][:per_fault] if names else group
    return kept


def _run(cases: Sequence[Case], options: argparse.Namespace) -> list[Scored]:
    if options.list:
        print("\n".join(case.label for case in cases))
        return []

    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")

    def examined(case: Case) -> Scored | None:
        if time.monotonic() > until:
            return None
        limits: Limits = limits_of(case, quick=options.quick)
        return Scored(case, examine(case, limits))

    if options.minutes:  # the order must not favour a fault or a script when time runs out
        cases = sorted(cases, key=lambda case: digest(["order", case.label]))
    rows = []
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for row in pool.map(examined, cases):
            if row is None:
                continue
            rows.append(row)
            said = row.outcome.error or f"{row.outcome.verdict}: {', '.join(row.named_ids) or '-'}"
            right = row.hit(1, notes=True) if row.case.faults else not row.cause_ids and not row.outcome.error
            print(
                f"{'ok  ' if right else 'MISS'} {row.case.label:58s} {row.outcome.seconds:5.1f} s  {said}", flush=True
            )
    if len(rows) < len(cases):
        print(f"{len(rows)} of {len(cases)} cases, drawn at random, in the time given", flush=True)
    return rows


def _print(half: str, found: dict[str, Any]) -> None:
    print(f"\n{half}")
    for name, group in found["planted"].items():
        top1, top3 = (f"{group[key]['hits']}/{group[key]['trials']}" for key in ("top1", "top3"))
        print(f"  {name:22s} first {top1:>9s}   first three {top3:>9s}")
    alarms = found["false_alarms"]
    print(f"  false alarms           {alarms['hits']}/{alarms['trials']} healthy runs\n", flush=True)


def _as_data(halves: dict[str, tuple[list[Scored], dict[str, Any]]]) -> dict[str, Any]:
    return {
        "benchmark": "quality",
        "versions": versions(),
        "halves": {
            half: {"summary": found, "cases": [_case(row) for row in rows]} for half, (rows, found) in halves.items()
        },
    }


def _case(row: Scored) -> dict[str, Any]:
    return {
        "case": row.case.label,
        "planted": [fault.id for fault in row.case.faults],
        "verdict": row.outcome.verdict,
        "causes": row.cause_ids,
        "notes": [note["id"] for note in row.outcome.notes],
        "first_update": row.first_update(),
        "seconds": round(row.outcome.seconds, 2),
        "error": row.outcome.error,
    }


if __name__ == "__main__":
    sys.exit(main())
