"""The pages under docs/ that come from the code.

    python -m ppodoctor.reporting.docs [--check] [FOLDER]

writes them into FOLDER (docs); with --check it writes nothing and fails where a page is not what the code says.
"""

from __future__ import annotations

import itertools
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from inspect import cleandoc
from pathlib import Path
from typing import Any

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Check
from ppodoctor.records import columns
from ppodoctor.reporting.json_report import schema
from ppodoctor.reporting.settings_page import settings_page

NOTICE = "<!-- Made by `make docs` from the code; change it there. -->\n"

JSON_LEAD = """\
`ppodoctor diagnose --json PATH` writes it, `-` is standard output; the same document lies in every run folder as
`report.json`. With `-`, standard output is the JSON alone: what is for people, and the script's own output, go to
standard error. For programs it is described by [schema.json](../ppodoctor/reporting/schema.json) (JSON Schema, draft
2020-12). The exit status says the verdict, too: 0 healthy, 1 a cause was found, 3 undecided; 2 stands for wrong use
or a script that failed by itself, whose sentence is `run.problem`."""


def check_pages() -> str:
    """Every check, in families: its facts, then its own page."""
    checks = all_checks().values()
    parts = [
        "# What ppodoctor can name",
        f"{len(checks)} checks. `ppodoctor checks` lists them, `ppodoctor checks ID` prints one page.",
    ]
    for family, members in itertools.groupby(checks, key=lambda check: check.family):
        parts += [f"## {family}", *(_check_page(check) for check in members)]
    return "\n\n".join(parts)


def _check_page(check: Check) -> str:
    facts = {
        "Severity": check.severity
        + (", tolerable: a cause only when nothing else explains" if check.tolerable else ""),
        "Rests on": check.basis,
        "Needs": ", ".join(f"`{need}`" for need in check.needs),
        "Wrong if": check.refuted_by,
        "Explains": ", ".join(f"`{other}`" for other in check.explains),
        "Told apart from": ", ".join(f"`{other}`" for other in check.rivals),
        "Faults": ", ".join(f"[{number}](faults.md)" for number in check.faults),
    }
    rows = "\n".join(f"- {name}: {text}" for name, text in facts.items() if text)
    sources = "\n".join(f"- {source}" for source in check.references)
    parts = [f"### {check.id}", check.title, rows, cleandoc(check.page), f"Fix: {check.fix}", sources]
    return "\n\n".join(part for part in parts if part)


def column_page() -> str:
    """The glossary: every column of a run's updates.jsonl."""
    rows = [
        f"| `{name}` | {_cell(facts['meaning'])} | {facts['unit']} | {facts['over']} |"
        for name, facts in columns().items()
    ]
    head = ["# Columns of `updates.jsonl`", "", "A column that is absent from a row was not observed.", ""]
    return "\n".join([*head, "| column | meaning | unit | averaged over |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def fault_table() -> dict[int, Mapping[str, str]]:
    """Number -> name and, for some, why one watched run cannot show the fault."""
    faults = _fault_file()["fault"]
    return {int(number): facts for number, facts in sorted(faults.items(), key=lambda item: int(item[0]))}


def _fault_file() -> dict[str, Any]:
    return tomllib.loads(files("ppodoctor.reporting").joinpath("faults.toml").read_text(encoding="utf-8"))


def covered() -> dict[int, list[str]]:
    """Number of a fault -> ids of the checks that name it."""
    found: dict[int, list[str]] = {}
    for check in all_checks().values():
        for number in check.faults:
            found.setdefault(number, []).append(check.id)
    return found


def fault_page() -> str:
    """The catalogue of faults, each with the checks that cover it or the reason why none does."""
    faults, checks = fault_table(), covered()
    groups = {int(first): title for first, title in _fault_file()["groups"].items()}
    told = sum(1 for number in faults if number in checks)
    parts = [
        "# What can go wrong in PPO",
        f"{len(faults)} faults; checks cover {told}. Where one watched run cannot show a fault, it says what would.",
    ]
    for number, facts in faults.items():
        if number in groups:
            parts += ["", f"## {groups[number]}", "", "| | fault | named by |", "|---|---|---|"]
        named = ", ".join(f"`{one}`" for one in checks.get(number, ())) or facts.get("unseen", "no check yet")
        parts.append(f"| {number} | {_cell(facts['name'])} | {_cell(named)} |")
    return "\n".join(parts)


def json_page() -> str:
    """The JSON document, key by key, out of its schema."""
    document = schema()
    parts = [
        "# The JSON of a diagnosis",
        JSON_LEAD,
        document["description"],
        _keys("Top level", document),
    ]
    parts += [_keys(f"A {name}", described) for name, described in document["$defs"].items()]
    return "\n\n".join(parts)


def _keys(title: str, described: Mapping[str, Any]) -> str:
    rows = [f"## {title}", "", "| key | type | meaning |", "|---|---|---|", *_rows(described, "")]
    return "\n".join(rows)


def _rows(described: Mapping[str, Any], prefix: str) -> list[str]:
    rows = []
    for name, one in described.get("properties", {}).items():
        rows.append(f"| `{prefix}{name}` | {_kind(one)} | {_cell(one.get('description', ''))} |")
        inner = one.get("items", one) if one.get("type") == "array" else one
        rows += _rows(inner, f"{prefix}{name}{'[]' if inner is not one else ''}.")
    return rows


def _kind(one: Mapping[str, Any]) -> str:
    if "$ref" in one:
        return str(one["$ref"]).rsplit("/", 1)[-1]
    if "const" in one:
        return f"{one['const']}"
    if "enum" in one:
        return " or ".join(f"`{value}`" for value in one["enum"])
    if "anyOf" in one:
        return " or ".join(_kind(other) for other in one["anyOf"])
    kind = one.get("type", "any")
    if kind == "array" and one.get("items"):
        return f"list of {_kind(one['items'])}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


PAGES: dict[str, Callable[[], str]] = {
    "checks.md": check_pages,
    "columns.md": column_page,
    "faults.md": fault_page,
    "json.md": json_page,
    "settings.md": settings_page,
}


def stale(folder: Path) -> list[tuple[Path, str]]:
    """The pages that are not what the code says, with what it says."""
    found = []
    for name, make in PAGES.items():
        path, text = folder / name, NOTICE + make().rstrip() + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            found.append((path, text))
    return found


def main(arguments: Sequence[str]) -> int:
    """Write the stale pages, or with --check name them; 1 when a check found one."""
    checking = "--check" in arguments
    folder = Path(next((word for word in arguments if not word.startswith("-")), "docs"))
    old = stale(folder)
    if checking and old:
        print(f"stale, run `make docs`: {', '.join(str(path) for path, _ in old)}", file=sys.stderr)
        return 1
    for path, text in old if not checking else ():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
