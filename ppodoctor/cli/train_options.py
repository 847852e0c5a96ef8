"""Options of `ppodoctor train`: those of PPOConfig, read from it alone, and where things are."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

from cyclopts import Group, Parameter

from ppodoctor.cli.statuses import UsageError
from ppodoctor.config import ConfigError, PPOConfig, read_settings, settings

PLACES = Group("Where things are", sort_key=1)
MORE = Group("Beside the training", sort_key=2)


@Parameter(name="*")
@dataclass(frozen=True)
class PlaceOptions:
    """Where settings come from and where the run goes."""

    out: Annotated[
        Path | None, Parameter(help="Run folder. Without it: runs/DATE-ENVIRONMENT-NUMBER.", group=PLACES)
    ] = None
    config: Annotated[
        Path | None, Parameter(help="Settings from a .toml or .json file; options given here win.", group=PLACES)
    ] = None
    preset: Annotated[
        Literal["auto", "off"],
        Parameter(
            help="auto: known environments begin from settings that were measured. off: from the defaults.",
            group=PLACES,
        ),
    ] = "auto"
    network: Annotated[
        str,
        Parameter(
            help="A network of your own as module:Class or file.py:Class, in place of the built-in ones.", group=PLACES
        ),
    ] = ""
    resume: Annotated[
        Path | None,
        Parameter(
            help="Go on with this run from its last checkpoint, with its own settings; --total-steps trains it longer.",
            group=PLACES,
            metavar="RUN",
        ),
    ] = None
    checkpoint_seconds: Annotated[
        float | None,
        Parameter(
            help="Seconds between two checkpoints; 0 saves after every update. Without it: so seldom that saving "
            "takes 1% of the time, every 5 s at most.",
            group=PLACES,
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True)
class MoreOptions:
    """What goes on beside one training."""

    seeds: Annotated[
        int,
        Parameter(
            help="Train so many seeds one after the other, and report the interquartile mean of their returns with a "
            "bootstrap interval.",
            group=MORE,
        ),
    ] = 1
    tensorboard: Annotated[
        bool, Parameter(help="Write event files for TensorBoard into RUN/tensorboard.", group=MORE, negative="")
    ] = False
    wandb: Annotated[
        str,
        Parameter(
            help="Log to this project at Weights & Biases; offline where nobody is logged in or WANDB_MODE=offline.",
            group=MORE,
            metavar="PROJECT",
            show_default=False,
        ),
    ] = ""
    names: Annotated[
        Literal["cleanrl", "sb3"],
        Parameter(
            help="Whose names the numbers have there: charts/episodic_return or rollout/ep_rew_mean.", group=MORE
        ),
    ] = "cleanrl"


def _options() -> Any:
    """One option for each setting, None where it was not given: read from PPOConfig alone."""
    kinds, default = get_type_hints(PPOConfig), PPOConfig()
    order = {group: place for place, group in enumerate(dict.fromkeys(facts.group for _, facts in settings()), 4)}
    made = []
    for name, facts in settings():
        value = getattr(default, name)
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
        unit = f" [{facts.unit}]" if facts.unit else ""
        parameter = Parameter(
            help=f"{facts.help}{unit} Default: {shown}.",
            group=Group(facts.group, sort_key=order[facts.group]),
            show_default=False,
            consume_multiple=isinstance(value, tuple),
        )
        made.append((name, Annotated[kinds[name] | None, parameter], field(default=None)))
    return Parameter(name="*")(make_dataclass("SettingOptions", made, frozen=True, namespace={"__module__": __name__}))


if TYPE_CHECKING:
    SettingOptions = Any
else:
    SettingOptions = _options()


def given_settings(places: PlaceOptions, chosen: SettingOptions | None) -> dict[str, Any]:
    """The settings that were given: those of the file, and over them those of the command line. Raises UsageError."""
    try:
        given = read_settings(places.config) if places.config is not None else {}
    except ConfigError as error:
        raise UsageError(str(error)) from None
    names = [one.name for one in fields(chosen)] if chosen is not None else []
    return given | {name: value for name in names if (value := getattr(chosen, name)) is not None}


def config_of(environment: str, places: PlaceOptions, given: dict[str, Any]) -> tuple[PPOConfig, str]:
    """The settings of a new run, and a sentence on the preset they began from. Raises ConfigError."""
    from ppodoctor.training.presets import preset_for

    preset = preset_for(environment) if places.preset == "auto" else None
    used = {} if preset is None else {name: one for name, one in preset.settings.items() if name not in given}
    if preset is None or not used:
        return PPOConfig.from_dict(given), ""
    try:
        config = PPOConfig.from_dict({**used, **given})
    except ConfigError as error:
        raise ConfigError(
            f"{error}. The preset for {preset.name} is part of this ({_list(used)}); --preset off leaves it away"
        ) from None
    told = f"preset for {preset.name}: {_list(used)} (--preset off takes the defaults)."
    return config, f"{told} Source: {preset.source}. Measured: {preset.measured}."


def _list(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def check_together(environment: str | None, places: PlaceOptions, more: MoreOptions, given: dict[str, Any]) -> None:
    """Raise UsageError for options that contradict each other."""
    if places.checkpoint_seconds is not None and not places.checkpoint_seconds >= 0:
        raise UsageError(f"--checkpoint-seconds is {places.checkpoint_seconds:g}; 0 or more was expected.")
    if more.seeds < 1:
        raise UsageError(f"--seeds is {more.seeds}; a number from 1 was expected.")
    if places.resume is None:
        if environment is None:
            raise UsageError("No environment was given. For example: ppodoctor train CartPole-v1")
        return
    if places.out is not None:
        raise UsageError("--resume goes on in the run's own folder; leave --out away.")
    if more.seeds > 1:
        raise UsageError(
            "--resume goes on with one run. For several seeds give the same command again, with the folder as --out."
        )
    others = sorted(given.keys() - {"total_steps"})
    if others:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in others)
        raise UsageError(
            f"--resume goes on with the settings that the run began with, and {flags} would change them. "
            "Leave that away; only --total-steps may be given."
        )
