"""Which fault is planted in which script, in which half of the study, with which seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .fault import Fault, faults
from .scripts import SCRIPTS, Script
from .source import PlantError, Source

if TYPE_CHECKING:
    from .foreign import ForeignScript

DEVELOPMENT_SEEDS = (1, 2)
HELDOUT_SEEDS = (81, 82)

# Independent faults that are planted together: all of them should be named.
SETS: tuple[tuple[str, ...], ...] = (
    ("entropy_sign_flipped", "done_ignored"),
    ("policy_loss_sign_flipped", "time_limit_read_as_death"),
    ("zero_grad_missing", "value_broadcast"),
    ("clip_one_sided", "reward_scale_too_large"),
)
# Sets of which one fault keeps the other from having any effect: with its sign flipped the policy crashes its boats (or
# rovers) long before their time limit, so that nothing is ever read as death there.
HIDDEN = frozenset(
    (("policy_loss_sign_flipped", "time_limit_read_as_death"), script) for script in ("docking", "beta_buffer")
)


@dataclass(frozen=True)
class Case:
    """One script to diagnose; no fault means that it is correct."""

    script: Script | ForeignScript
    faults: tuple[Fault, ...]
    names: tuple[str, ...]
    heldout: bool
    seed: int

    @property
    def label(self) -> str:
        """A name for lists: script, faults, seed."""
        return f"{self.script.name}:{'+'.join(self.names) or 'healthy'}:{self.seed}"

    def planted(self) -> Source:
        """The script with its faults.

        Raises:
            PlantError: a fault found nothing to change.
        """
        source = self.script.source()
        for name, fault in zip(self.names, self.faults, strict=True):
            before = Source(dict(source.files))
            fault.apply(source, self.script.name, heldout=self.heldout)
            if source.same_code_as(before):
                raise PlantError(f"{name} left {self.script.name} as it was")
            source.import_torch(before)
        return source


def half_of(script: Script, chosen: tuple[Fault, ...]) -> str:
    """The half of the study that a pair is in: dev, heldout or fresh."""
    if script.fresh:
        return "fresh"
    return "heldout" if script.heldout or any(fault.heldout for fault in chosen) else "dev"


def healthy_cases(split: str) -> Iterator[Case]:
    """Every correct script of a half, with each of its seeds."""
    for script in SCRIPTS.values():
        if half_of(script, ()) == split:
            held = split != "dev"
            for seed in HELDOUT_SEEDS if held else DEVELOPMENT_SEEDS:
                yield Case(script, (), (), held, seed)
    if split == "heldout":
        for script in SCRIPTS.values():
            if half_of(script, ()) == "dev":
                yield from (Case(script, (), (), True, seed) for seed in HELDOUT_SEEDS)


def planted_cases(split: str) -> Iterator[Case]:
    """Every pair of fault and script of a half, and the sets of several faults, with one seed each."""
    known = faults()
    singles = [((name,), (fault,)) for name, fault in known.items()]
    several = [(names, tuple(known[name] for name in names)) for names in SETS]
    for names, chosen in singles + several:
        for script in SCRIPTS.values():
            if not all(fault.applies_to(script.name, script.traits) for fault in chosen):
                continue
            if half_of(script, chosen) == split and (names, script.name) not in HIDDEN:
                held = split != "dev"
                yield Case(script, chosen, names, held, (HELDOUT_SEEDS if held else DEVELOPMENT_SEEDS)[0])
