"""Write the pages that come from the code: docs/checks.md and docs/columns.md.

Usage: python tools/docs.py [--check]    --check writes nothing and fails when a page is not what the code says
"""

from __future__ import annotations

import sys
from inspect import cleandoc
from itertools import groupby
from pathlib import Path

from ppodoctor.checks import Check, all_checks
from ppodoctor.records import columns

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOTICE = "<!-- Made by `make docs` from the code; change it there. -->\n"


def check_pages() -> str:
    """One page with every check, in families."""
    checks = all_checks().values()
    parts = [
        "# What ppodoctor can name",
        f"{len(checks)} checks. `ppodoctor checks` lists them, `ppodoctor checks ID` prints one page.",
    ]
    for family, members in groupby(checks, key=lambda check: check.family):
        parts += [f"## {family}", *(check_page(check) for check in members)]
    return "\n\n".join(parts)


def check_page(check: Check) -> str:
    """The section of one check: its facts, then its own page."""
    facts = {
        "Severity": check.severity,
        "Rests on": check.basis,
        "Needs": ", ".join(check.needs),
        "Refuted by": check.refuted_by,
        "Explains": ", ".join(f"`{other}`" for other in check.explains),
        "Told apart from": ", ".join(f"`{other}`" for other in check.rivals),
    }
    rows = "\n".join(f"- {name}: {text}" for name, text in facts.items() if text)
    sources = "\n".join(f"- {source}" for source in check.references)
    parts = [f"### {check.id}", check.title, rows, cleandoc(check.page), f"Fix: {check.fix}", sources]
    return "\n\n".join(part for part in parts if part)


def column_page() -> str:
    """The glossary: every column of a run's updates.jsonl."""
    rows = [
        f"| `{name}` | {facts['meaning']} | {facts['unit']} | {facts['over']} |" for name, facts in columns().items()
    ]
    head = ["# Columns of `updates.jsonl`", "", "A column that is absent from a row was not observed.", ""]
    return "\n".join([*head, "| column | meaning | unit | averaged over |", "|---|---|---|---|", *rows])


def main() -> int:
    """Write the pages, or with --check compare them; 1 when one is stale."""
    pages = {DOCS / "checks.md": check_pages(), DOCS / "columns.md": column_page()}
    stale = []
    for path, body in pages.items():
        text = NOTICE + body.rstrip() + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")
    if "--check" in sys.argv[1:] and stale:
        print(f"stale, run `make docs`: {', '.join(str(path.relative_to(DOCS.parent)) for path in stale)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
