"""`ppodoctor play RUN`: watch a trained policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ppodoctor.cli.statuses import UsageError


def play(
    run: Annotated[Path, Parameter(help="A run folder of `ppodoctor train`, or its policy.safetensors.")],
    /,
    *,
    video: Annotated[Path | None, Parameter(help="Write a video, .mp4 or .gif, in place of the screen.")] = None,
    episodes: Annotated[int, Parameter(help="How many to show.")] = 3,
    seed: Annotated[
        int | None, Parameter(help="Of the environment and the actions. Without it: one that training did not use.")
    ] = None,
    stochastic: Annotated[
        bool, Parameter(help="Draw actions as in training, not the most probable ones.", negative="")
    ] = False,
    environment: Annotated[
        str | None, Parameter(help="Another environment than it was trained in, with the same spaces.")
    ] = None,
) -> int:
    """Watch a trained policy, on the screen or as a video."""
    from ppodoctor.cli.training import in_words

    if episodes < 1:
        raise UsageError(f"--episodes is {episodes}; a number from 1 was expected.")
    with in_words():
        from ppodoctor.training.play import PlayError
        from ppodoctor.training.play import play as show
        from ppodoctor.training.trained import Trained

        trained = Trained.load(run, environment=environment)
        try:
            found = show(trained, episodes=episodes, seed=seed, deterministic=not stochastic, video=video)
        except PlayError as error:
            raise UsageError(str(error)) from None
    for number, one in enumerate(found, 1):
        print(f"episode {number}: return {one.ret:.5g} in {one.length} steps")
    if video is not None:
        print(f"Video: {video}")
    return 0
