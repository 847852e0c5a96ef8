"""`ppodoctor train`: PPO on an environment, with a diagnosis at the end."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import UsageError
from ppodoctor.cli.train_options import (
    MoreOptions,
    PlaceOptions,
    SettingOptions,
    check_together,
    config_of,
    given_settings,
)
from ppodoctor.config import ConfigError, PPOConfig

if TYPE_CHECKING:
    from ppodoctor.training.train import Result


def train(
    environment: Annotated[
        str | None, Parameter(help="A gymnasium id, or module:Class or file.py:Class of your own.")
    ] = None,
    /,
    *,
    places: PlaceOptions | None = None,
    more: MoreOptions | None = None,
    chosen: SettingOptions | None = None,
    show: ShowOptions | None = None,
) -> int:
    """Train PPO on an environment: progress while it learns, then the policy, the run folder and its diagnosis.

    For example: `ppodoctor train CartPole-v1`

    Ctrl-C and SIGTERM end it at a whole update, with everything saved (exit status 130 and 143);
    `--resume RUN` goes on from there, or from the last checkpoint after a crash, as if nothing had happened.
    """
    places, more, show = places or PlaceOptions(), more or MoreOptions(), show or ShowOptions()
    show.refuse_nonsense()
    given = given_settings(places, chosen)
    check_together(environment, places, more, given)
    try:
        from ppodoctor.cli.training import in_words, tell_diagnosis, tell_stopped

        with in_words():
            if places.resume is not None:
                result = _resume(environment, given.get("total_steps"), places, more, show)
            else:
                config, told = config_of(str(environment), places, given)
                if told and not show.quiet:
                    print(f"ppodoctor: {told}", file=sys.stderr)
                if more.seeds > 1:
                    return _train_seeds(str(environment), config, places, more, show)
                result = _train(str(environment), config, places, more, show)
    except ConfigError as error:
        raise UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}; training needs more than diagnosing does: pip install 'ppodoctor[train]'") from None
    return tell_stopped(result) if result.signal else tell_diagnosis(result, show)


def _train(environment: str, config: PPOConfig, places: PlaceOptions, more: MoreOptions, show: ShowOptions) -> Result:
    from ppodoctor.cli.training import progress, sinks, train_new
    from ppodoctor.training.checkpoint import Checkpoints
    from ppodoctor.training.train import train

    network = _network(places.network)

    def run(folder: Path) -> Result:
        with progress(folder, config, quiet=show.quiet) as observers:
            everybody = [*observers, *sinks(more), Checkpoints(places.checkpoint_seconds)]
            return train(environment, config, out=folder, actor_critic=network, observers=everybody)

    return train_new(environment, config, places.out, run)


def _train_seeds(
    environment: str, config: PPOConfig, places: PlaceOptions, more: MoreOptions, show: ShowOptions
) -> int:
    from ppodoctor.cli.several import folder_of_seeds, tell_seeds
    from ppodoctor.cli.training import progress, sinks
    from ppodoctor.training.checkpoint import Checkpoints
    from ppodoctor.training.seeds import train_seeds

    out = folder_of_seeds(environment, places.out)
    with ExitStack() as open_views:

        def watch(number: int, folder: Path, wanted: PPOConfig) -> list[Any]:
            open_views.close()
            verb = f"seed {wanted.seed}, {number} of {more.seeds}"
            view = open_views.enter_context(progress(folder, wanted, quiet=show.quiet, verb=verb))
            return [*view, *sinks(more), Checkpoints(places.checkpoint_seconds)]

        found = train_seeds(environment, config, more.seeds, out, make=(None, _network(places.network)), watch=watch)
    return tell_seeds(found, environment, more.seeds, show)


def _resume(
    environment: str | None, total_steps: int | None, places: PlaceOptions, more: MoreOptions, show: ShowOptions
) -> Result:
    from ppodoctor.cli.training import progress, sinks
    from ppodoctor.training.checkpoint import Checkpoints
    from ppodoctor.training.resume import resume, saved_in

    assert places.resume is not None
    saved = saved_in(places.resume, total_steps=total_steps)
    if environment is not None and environment != saved.origin["environment"]:
        raise UsageError(
            f"{places.resume} was trained on {saved.origin['environment'] or 'another environment'}, not on "
            f"{environment}; leave the environment away."
        )
    verb = f"going on after update {saved.number:,} of {saved.config.updates:,} ({saved.steps:,} steps)"
    with progress(saved.folder, saved.config, quiet=show.quiet, verb=verb) as observers:
        everybody = [*observers, *sinks(more), Checkpoints(places.checkpoint_seconds)]
        return resume(saved, actor_critic=_network(places.network), observers=everybody)


def _network(name: str) -> Any:
    """The class behind --network."""
    if not name:
        return None
    from ppodoctor.training.origin import find_named

    try:
        return find_named(name)
    except ConfigError as error:
        raise UsageError(f"--network: {error}.") from None
