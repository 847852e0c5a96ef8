"""The options of `ppodoctor tune`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from ppodoctor.cli.statuses import UsageError

SEARCH, TRIAL, FOLDER, RAY = (
    Group(name, sort_key=place)
    for place, name in enumerate(("What is searched", "A trial", "The study", "Many machines"), 1)
)


_AXES = Parameter(group=SEARCH, consume_multiple=True, negative="", show_default=False)


@Parameter(name="*")
@dataclass(frozen=True)
class SearchOptions:
    """Where is searched, and how."""

    grid: Annotated[
        tuple[str, ...],
        _AXES,
        Parameter(
            help="Every combination of these: name=low..high[:log][:points], name=one,two or name alone, for its own "
            "range.",
        ),
    ] = ()
    set: Annotated[
        tuple[str, ...],
        _AXES,
        Parameter(
            help="Search these, written alike, by --method. Without any: the settings that matter on most tasks.",
        ),
    ] = ()
    method: Annotated[
        Literal["grid", "random", "sobol", "bayes", "tpe", "gp", "cmaes"] | None,
        Parameter(
            help="bayes is a Gaussian process where trials are long enough to pay for it, else TPE. Default: grid with "
            "--grid, else bayes.",
            group=SEARCH,
            show_default=False,
        ),
    ] = None
    minutes: Annotated[float | None, Parameter(help="For the whole study, comparison included.", group=SEARCH)] = None
    trials: Annotated[
        int | None,
        Parameter(help="Settings to try. Default: all of a grid, what --minutes allow, or 40.", group=SEARCH),
    ] = None
    seeds: Annotated[
        int, Parameter(help="Fresh seeds on which winner, runner-up and default are run again.", group=SEARCH)
    ] = 5

    stop_early: Annotated[
        bool,
        Parameter(
            help="End trials of the search that are behind most others of their seed, frozen, or beyond repair.",
            group=SEARCH,
            negative="",
        ),
    ] = False
    halving: Annotated[
        bool,
        Parameter(
            help="Successive halving: a ninth of the steps for all settings, a third for the best third of them, all "
            "for the best third of those.",
            group=SEARCH,
            negative="",
        ),
    ] = False

    def refuse_nonsense(self) -> None:
        """Raise UsageError for options that contradict each other."""
        if self.grid and self.set:
            raise UsageError("Both --grid and --set were given; one of them was expected.")
        if self.grid and self.method not in (None, "grid"):
            raise UsageError(f"--grid tries every combination, --method {self.method} does not; use --set with it.")
        if self.minutes is not None and not self.minutes > 0:
            raise UsageError(f"--minutes is {self.minutes:g}; a number above 0 was expected.")
        for name, value in (("trials", self.trials), ("seeds", self.seeds)):
            if value is not None and value < 1:
                raise UsageError(f"--{name} is {value}; a number from 1 was expected.")


@Parameter(name="*")
@dataclass(frozen=True)
class TrialOptions:
    """What one trial is."""

    steps: Annotated[
        int | None, Parameter(help="Environment steps of a trial. Default: 50000.", group=TRIAL, show_default=False)
    ] = None
    config: Annotated[
        Path | None, Parameter(help="Settings that every trial has, from a .toml or .json file.", group=TRIAL)
    ] = None
    trial_seconds: Annotated[
        float | None, Parameter(help="Stop a script's trial after so many seconds.", group=TRIAL)
    ] = None
    workers: Annotated[
        int, Parameter(help="Trials side by side. Default: one for each core.", group=TRIAL, show_default=False)
    ] = 0


@Parameter(name="*")
@dataclass(frozen=True)
class FolderOptions:
    """Where a study is kept."""

    out: Annotated[
        Path | None, Parameter(help="Folder of the study. Without it: runs/DATE-tune-NAME-NUMBER.", group=FOLDER)
    ] = None
    resume: Annotated[
        Path | None,
        Parameter(
            help="Go on with the study in this folder; beside it only limits, and where it runs.",
            group=FOLDER,
        ),
    ] = None
    storage: Annotated[
        str | None,
        Parameter(
            help="Keep the study in postgresql://USER@HOST/DATABASE, under the name of --out: machines that give both "
            "share it. The password is best left to PGPASSWORD or ~/.pgpass.",
            group=FOLDER,
        ),
    ] = None

    def refuse_nonsense(self) -> None:
        """Raise UsageError for options that contradict each other."""
        if self.storage is not None and self.out is None and self.resume is None:
            raise UsageError("--storage keeps many studies, and --out names this one; add --out NAME.")


@Parameter(name="*")
@dataclass(frozen=True)
class ClusterOptions:
    """Where trials run, other than in this process."""

    ray: Annotated[
        bool,
        Parameter(
            help="Run trials on a Ray cluster, started for this study on this machine's loopback alone.",
            group=RAY,
            negative="",
        ),
    ] = False
    ray_address: Annotated[
        str | None,
        Parameter(
            help="Join the cluster at HOST:PORT instead; its token in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH.", group=RAY
        ),
    ] = None
    ray_listen: Annotated[
        str | None,
        Parameter(help="Start it on this address of this machine instead, so that other machines can join.", group=RAY),
    ] = None
    trial_cpus: Annotated[float, Parameter(help="What one trial takes of a node.", group=RAY)] = 1.0
    trial_gpus: Annotated[float, Parameter(help="GPUs that one trial takes of a node.", group=RAY)] = 0.0
    trial_memory: Annotated[float, Parameter(help="Gigabytes that one trial takes of a node.", group=RAY)] = 0.0

    @property
    def wanted(self) -> bool:
        """Is there to be a cluster?"""
        return self.ray or self.ray_address is not None or self.ray_listen is not None

    def refuse_nonsense(self) -> None:
        """Raise UsageError for options that contradict each other."""
        if self.ray_address is not None and self.ray_listen is not None:
            raise UsageError("--ray-address joins a cluster, --ray-listen starts one; one of them was expected.")
        needs = {"cpus": self.trial_cpus, "gpus": self.trial_gpus, "memory": self.trial_memory}
        for name, value in needs.items():
            if not value >= 0:
                raise UsageError(f"--trial-{name} is {value:g}; a number from 0 was expected.")
        if not self.wanted and (self.trial_cpus, self.trial_gpus, self.trial_memory) != (1.0, 0.0, 0.0):
            raise UsageError("--trial-cpus, --trial-gpus and --trial-memory are for trials on a cluster; add --ray.")


@Parameter(name="*")
@dataclass(frozen=True)
class TuneOptions:
    """All of them."""

    search: SearchOptions = field(default_factory=SearchOptions)
    trial: TrialOptions = field(default_factory=TrialOptions)
    place: FolderOptions = field(default_factory=FolderOptions)
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
