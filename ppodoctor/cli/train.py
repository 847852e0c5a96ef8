"""`ppodoctor train`: PPO on an environment, with a diagnosis at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from cyclopts import Group, Parameter

from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import CAUSE_STATUS, UsageError, status_of
from ppodoctor.config import ConfigError, PPOConfig, read_settings, settings

if TYPE_CHECKING:
    from ppodoctor.training.train import Result

PLACES = Group("Where things are", sort_key=1)


def _options() -> Any:
    """One option for each setting, None where it was not given: read from PPOConfig alone."""
    kinds, default = get_type_hints(PPOConfig), PPOConfig()
    order = {group: place for place, group in enumerate(dict.fromkeys(facts.group for _, facts in settings()), 3)}
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


def train(
    environment: Annotated[str, Parameter(help="A gymnasium id, or module:Class of your own.")],
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="Run folder. Without it: runs/DATE-ENVIRONMENT-NUMBER.", group=PLACES)
    ] = None,
    config: Annotated[
        Path | None, Parameter(help="Settings from a .toml or .json file; options given here win.", group=PLACES)
    ] = None,
    network: Annotated[
        str, Parameter(help="A network of your own as module:Class, in place of the built-in ones.", group=PLACES)
    ] = "",
    chosen: SettingOptions | None = None,
    show: ShowOptions | None = None,
) -> int:
    """Train PPO on an environment: progress while it learns, then the policy, the run folder and its diagnosis.

    For example: `ppodoctor train CartPole-v1`

    Ctrl-C ends the training cleanly: the policy as it is then is kept, and what was seen is diagnosed.
    """
    show = show or ShowOptions()
    show.refuse_nonsense()
    try:
        given = read_settings(config) if config is not None else {}
        given |= {
            name: value for name in vars(chosen or SettingOptions()) if (value := getattr(chosen, name)) is not None
        }
        wanted = PPOConfig.from_dict(given)
    except ConfigError as error:
        raise UsageError(str(error)) from None
    result = _train(environment, wanted, (out, network), show)
    return _tell(result, show)


def _train(environment: str, config: PPOConfig, places: tuple[Path | None, str], show: ShowOptions) -> Result:
    from ppodoctor.cli.folders import new_folder
    from ppodoctor.training.envs import EnvironmentFault
    from ppodoctor.training.learner import TrainingError
    from ppodoctor.training.train import name_of, train

    folder, remark = new_folder([name_of(environment)], places[0])
    if remark:
        print(f"ppodoctor: {remark}", file=sys.stderr)
    try:
        with _progress(folder, config, quiet=show.quiet) as observers:
            return train(environment, config, out=folder, actor_critic=_class(places[1]), observers=observers)
    except (ConfigError, EnvironmentFault, TrainingError) as error:
        raise UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}; training needs more than diagnosing does: pip install 'ppodoctor[train]'") from None
    finally:
        if not any(path.is_file() for path in folder.rglob("*")):
            _remove(folder)


def _remove(folder: Path) -> None:
    """A folder in which nothing was written is no run."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir()
    folder.rmdir()


def _class(name: str) -> Any:
    """The class behind module:Class, looked for where one stands, too."""
    if not name:
        return None
    from importlib import import_module

    module, _, attribute = name.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"--network {name}: {error}. A name like my_nets:MyActorCritic was expected.") from None


@contextmanager
def _progress(folder: Path, config: PPOConfig, *, quiet: bool) -> Iterator[list[Any]]:
    from ppodoctor.training.progress import Progress

    if quiet:
        yield []
        return
    alive = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    view = Progress(sys.stderr, config, alive=alive)
    print(f"ppodoctor: training, recording into {folder}", file=sys.stderr, flush=True)
    try:
        yield [view]
    finally:
        view.close()


def _tell(result: Result, show: ShowOptions) -> int:
    """The diagnosis of the run, as `ppodoctor diagnose RUN` tells it."""
    from ppodoctor.cli.telling import tell
    from ppodoctor.diagnosis import diagnose
    from ppodoctor.reporting.report import build_report
    from ppodoctor.run import Run
    from ppodoctor.watching.baseline import measure_baselines

    if result.policy.facts["environment"]:
        measure_baselines(result.folder, [sys.executable], seconds=1.0)
    run = Run.load(result.folder)
    report = build_report(run, diagnose(run))
    tell(report, result.folder, show)
    # a short run is often undecided, and did all the same what was asked for
    return CAUSE_STATUS if status_of(report.verdict) == CAUSE_STATUS else 0
