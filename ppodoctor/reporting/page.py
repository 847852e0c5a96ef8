"""A check's page: its docstring, taken apart into the sections that reports quote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from inspect import cleandoc

from ppodoctor.checks.api import Check

SECTIONS = ("What it sees", "Why it hurts", "Also looks like", "Fix", "References")
_HEADING = re.compile(
    rf"^\s*(?:#+\s*)?[*_]{{0,2}}(?P<name>{'|'.join(SECTIONS)})[*_]{{0,2}}\s*[:.]?[*_]{{0,2}}\s*(?P<rest>.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Page:
    """The lead paragraph of a check's docstring and its sections under their usual names."""

    lead: str
    sections: dict[str, str]

    def section(self, name: str) -> str:
        """One section's text, or nothing."""
        return self.sections.get(name, "")


def page_of(check: Check) -> Page:
    """Take a docstring apart. A section starts at a line that opens with its name ("*Also looks like*: ...")."""
    parts: dict[str, list[str]] = {"": []}
    current = ""
    for line in cleandoc(check.page).splitlines():
        heading = _HEADING.match(line)
        # "fix the seed" in running text is no heading: the name must be marked up, closed by a colon, or stand alone
        if heading and _is_heading(line, heading):
            current = _canonical(heading["name"])
            parts.setdefault(current, [])
            line = heading["rest"]
        parts[current].append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in parts.items()}
    return Page(texts.pop(""), {name: text for name, text in texts.items() if text})


def _is_heading(line: str, match: re.Match[str]) -> bool:
    before = line[: match.end("name")]
    after = line[match.end("name") :].lstrip("*_")
    return before.lstrip()[:1] in ("#", "*", "_") or after[:1] in (":", ".") or not after.strip()


def _canonical(name: str) -> str:
    return next(known for known in SECTIONS if known.lower() == name.lower())
