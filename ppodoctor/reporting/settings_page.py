"""The page of the trainer's settings, out of PPOConfig."""

from __future__ import annotations

from ppodoctor.config import Choices, PPOConfig, Range, SettingFacts, choices_of, settings

LEAD = """\
`ppodoctor train ENVIRONMENT` takes each of them as a flag (`--learning-rate`), `PPOConfig` as a keyword
(`learning_rate`), and a `.toml` or `.json` file given by `--config` as a key. The last column is where a search looks
when nothing else is said."""


def settings_page() -> str:
    """Every setting in its group: default, meaning, unit, what is allowed, where a search looks."""
    parts = ["# Settings of the trainer", LEAD]
    groups: dict[str, list[tuple[str, SettingFacts]]] = {}
    for name, facts in settings():
        groups.setdefault(facts.group, []).append((name, facts))
    for group, members in groups.items():
        parts += [f"## {group}", _table(members)]
    return "\n\n".join(parts)


def _table(rows: list[tuple[str, SettingFacts]]) -> str:
    default = PPOConfig()
    lines = ["| setting | default | meaning | unit | allowed | search |", "|---|---|---|---|---|---|"]
    for name, facts in rows:
        cells = [
            f"`{name}`",
            f"`{getattr(default, name)}`",
            facts.help,
            facts.unit,
            _allowed(name, facts),
            _search(facts),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _allowed(name: str, facts: SettingFacts) -> str:
    if choices_of(name):
        return " or ".join(choices_of(name))
    low = f"above {facts.above:g}" if facts.above > float("-inf") else ""
    low = low or (f"at least {facts.at_least:g}" if facts.at_least > float("-inf") else "")
    high = f"at most {facts.at_most:g}" if facts.at_most < float("inf") else ""
    return ", ".join(part for part in (low, high) if part)


def _search(facts: SettingFacts) -> str:
    if isinstance(facts.search, Range):
        return f"{facts.search.low:g} to {facts.search.high:g}{', logarithmic' if facts.search.log else ''}"
    if isinstance(facts.search, Choices):
        return ", ".join(str(value) for value in facts.search.values)
    return ""
