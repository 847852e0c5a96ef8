"""`play`: watch a trained policy, on the screen or as a video."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.training.envs import EnvironmentFault, Envs, Finished
from ppodoctor.training.evaluate import FRESH
from ppodoctor.training.trained import Trained

INSTALL = {".mp4": 'pip install "imageio[ffmpeg]"', ".gif": "pip install imageio pillow"}
"""What a kind of video needs."""
STEPS_SHOWN = 10_000
"""A video ends here, whatever the environment does."""


class PlayError(Exception):
    """Nothing can be shown; says why and what to do."""


def play(
    trained: Trained,
    *,
    episodes: int = 3,
    seed: int | None = None,
    deterministic: bool = True,
    video: str | Path | None = None,
) -> list[Finished]:
    """Show episodes of a trained policy.

    Args:
        trained: The policy and its environment.
        episodes: How many.
        seed: Of the environment and of draws; without it one that training did not use.
        deterministic: Take the most probable action, or the mean, in place of a draw.
        video: A file to write, .mp4 or .gif, in place of the screen.

    Raises:
        PlayError: there is no screen, the environment draws nothing, or what writes videos is not installed.
    """
    seed = trained.policy.config.seed + FRESH if seed is None else seed
    path = None if video is None else Path(video)
    writer = _Screen() if path is None else _Video(path)
    envs = _envs(trained, "human" if path is None else "rgb_array")
    try:
        policy = replace(trained.policy, seed=seed, _actors={})
        return _show(policy, envs, seed, (episodes, deterministic), writer)
    finally:
        writer.close()
        envs.close()


def _envs(trained: Trained, mode: str) -> Envs:
    try:
        return trained.make(1, how="sync", kwargs={"render_mode": mode})
    except EnvironmentFault as error:
        if "render_mode" in str(error):
            raise PlayError(
                f"{trained.environment} takes no render_mode. Give its __init__ that argument, and a render() that "
                'returns an RGB array for render_mode="rgb_array".'
            ) from error
        raise


def _show(policy: Any, envs: Envs, seed: int, how: tuple[int, bool], writer: _Screen | _Video) -> list[Finished]:
    episodes, deterministic = how
    found: list[Finished] = []
    observation, mask = envs.reset(seed)
    env = single(envs)
    starts = np.ones(1, np.bool_)
    writer.show(env)
    while len(found) < episodes and writer.shown < STEPS_SHOWN:
        step = envs.step(policy.actions(observation, mask=mask, starts=starts, deterministic=deterministic))
        found.extend(step.episodes)
        writer.show(env)
        observation, mask = step.observation, step.action_mask
        starts = step.terminated | step.truncated | ~step.valid
    return found


def single(envs: Envs) -> Any:
    """The one environment behind the door."""
    door: Any = envs
    while hasattr(door, "envs") and not hasattr(door, "source"):
        door = door.envs
    return door.source.envs[0]


class _Screen:
    """A window that the environment opens itself."""

    def __init__(self) -> None:
        self.shown = 0
        display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))
        if sys.platform.startswith("linux") and not display:
            raise PlayError("There is no screen here (DISPLAY is not set). Write a video: --video episode.mp4")

    def show(self, env: Any) -> None:
        """Environments draw into their window by themselves; those that do not are asked."""
        with suppress(Exception):
            env.render()

    def close(self) -> None:
        return


class _Video:
    """A file of frames."""

    def __init__(self, path: Path) -> None:
        self.path, self.shown = path, 0
        if path.suffix not in INSTALL:
            raise PlayError(f"--video {path}: a name that ends in .mp4 or .gif was expected.")
        try:
            import imageio.v2 as imageio

            if path.suffix == ".mp4":
                import imageio_ffmpeg  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
        except ImportError:
            raise PlayError(f"Writing {path.suffix} needs a package that is not here: {INSTALL[path.suffix]}") from None
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws without a screen, and does not look for one
        self._open: Callable[..., Any] = imageio.get_writer
        self._writer: Any = None

    def show(self, env: Any) -> None:
        """Append what the environment draws."""
        frame = env.render()
        if isinstance(frame, list):
            frame = frame[-1] if frame else None
        if not (isinstance(frame, np.ndarray) and frame.ndim == 3 and frame.shape[2] == 3):
            seen = f"an array of shape {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise PlayError(
                f"render() of the environment gave {seen}. An RGB array [height, width, 3] was expected for "
                'render_mode="rgb_array".'
            )
        if self._writer is None:
            fps = int(getattr(env, "metadata", {}).get("render_fps", 30))
            mp4 = self.path.suffix == ".mp4"
            more = {"fps": fps, "macro_block_size": 1} if mp4 else {"duration": 1000 / fps, "loop": 0}
            self._writer = self._open(self.path, **more)
        self._writer.append_data(_even(frame) if self.path.suffix == ".mp4" else frame)
        self.shown += 1

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _even(frame: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Video encoders want an even height and width; a row or column at the edge is doubled."""
    return np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge")
