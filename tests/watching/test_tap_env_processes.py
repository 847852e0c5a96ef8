"""The environment tap and other processes, imports and threads."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv

from ppodoctor.recorder import Recorder
from ppodoctor.watching.env_workers import read_workers
from ppodoctor.watching.tap_env import EnvTap

ROOT = Path(__file__).resolve().parent.parent.parent

WATCHED = f"""
    import sys
    sys.path.insert(0, {str(ROOT)!r})
    import tempfile
    from pathlib import Path
    from ppodoctor.recorder import Recorder
    from ppodoctor.watching.tap_env import EnvTap
    folder = Path(tempfile.mkdtemp())
    tap = EnvTap(Recorder(folder, producer="test"), None)
    tap.attach_classes()
    tap.keep_rows = True
    sys.path.pop(0)
"""


@pytest.fixture
def tap(tmp_path):
    tap = EnvTap(Recorder(tmp_path / "run", producer="test"), None)
    tap.attach_classes()
    tap.keep_rows = True
    yield tap
    tap.detach()


def run_script(folder, text, *, watched=True):
    """Run a script in an interpreter of its own; what it prints."""
    path = folder / "script.py"
    head = textwrap.dedent(WATCHED) if watched else ""
    body = textwrap.dedent(text)
    path.write_text(f"if __name__ == '__main__':\n{textwrap.indent(head, '    ')}\n    pass\n{body}")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        [sys.executable, str(path)], cwd=folder, env=env, capture_output=True, text=True, timeout=120
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout, answer.stderr


def test_forked_environments_do_not_write_here_but_are_counted(tap):
    envs = AsyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * 2, context="fork")
    envs.reset(seed=0)
    for _ in range(200):
        envs.step(np.ones(2, int))
    envs.close()
    tap.cut(1)
    (facts,) = tap.facts()
    assert facts.steps == 400
    workers = read_workers(tap.recorder.folder)
    assert len(workers) == 2
    assert {one["parent"] for one in workers} == {os.getpid()}
    assert all(0 < one["steps"] <= 200 and one["resets"] for one in workers)
    assert all(one["cls"].endswith("TimeLimit") for one in workers)


SPAWNED = """
    import gymnasium, numpy as np
    from gymnasium.vector import AsyncVectorEnv

    class Mine(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-9, 9, (2,), np.float32)
        action_space = gymnasium.spaces.Discrete(2)

        def __init__(self, start=0):
            self.start = start

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.t = self.start
            return np.full(2, self.t, np.float32), {}

        def step(self, action):
            import sys
            self.t += 1
            return np.full(2, self.t, np.float32), float("ppodoctor" in sys.modules), False, False, {}

    if __name__ == "__main__":
        envs = AsyncVectorEnv([lambda: Mine(3), lambda: Mine(5)], context="spawn")
        envs.reset(seed=0)
        for _ in range(4):
            obs, reward, *_ = envs.step(np.zeros(2, int))
        envs.close()
        print(obs[:, 0].tolist(), reward.tolist())
        if "tap" in globals():
            (rollout,), _ = tap.cut(1)
            assert rollout.obs.shape == (4, 2, 2)
"""


def test_classes_of_the_script_travel_to_spawned_processes(tmp_path):
    """By value, into interpreters that cannot import this package."""
    watched, _ = run_script(tmp_path, SPAWNED)
    plain, _ = run_script(tmp_path, SPAWNED, watched=False)
    assert watched == plain == "[7.0, 9.0] [0.0, 0.0]\n"


def test_pickled_by_value_and_run_without_us(tmp_path):
    pytest.importorskip("cloudpickle")
    run_script(
        tmp_path,
        """
        class Own:
            def __init__(self):
                self.t = 1
            def reset(self):
                return [self.t]
            def step(self, action):
                return [self.t + action], 1.0, False, {}

        if __name__ == "__main__":
            import cloudpickle
            env = Own()
            env.reset()
            env.step(1)
            assert tap.total_steps == 1
            open("env.pickle", "wb").write(cloudpickle.dumps(env))
        """,
    )
    out, _ = run_script(
        tmp_path,
        """
        import pickle, sys
        sys.modules["ppodoctor"] = None
        env = pickle.load(open("env.pickle", "rb"))
        print(env.reset(), env.step(4))
        """,
        watched=False,
    )
    assert out == "[1] ([5], 1.0, False, {})\n"


def test_imported_classes_are_found_and_their_statements_left_alone(tap, tmp_path, monkeypatch):
    """A library that reads the frame around a class body sees the module's frame, and its classes are watched."""
    (tmp_path / "library_with_frames.py").write_text(
        textwrap.dedent(
            """
            import sys
            import warnings
            seen = []

            def reads_frames(function):
                seen.append(sys._getframe(2).f_code.co_name)
                return function

            class Base:
                def reset(self):
                    return [0.0]

                @reads_frames
                def step(self, action):
                    return [1.0], 0.0, False, {}

            class Child(Base):
                @reads_frames
                def step(self, action):
                    return super().step(action)

            warnings.warn("look at the importer", UserWarning, stacklevel=2)
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="look at the importer") as caught:
        import library_with_frames  # type: ignore[import-not-found]
    assert library_with_frames.seen == ["<module>", "<module>"]
    assert caught[0].filename == __file__
    assert type(library_with_frames.__spec__.loader).__module__ == "_frozen_importlib_external"
    assert library_with_frames.__loader__ is library_with_frames.__spec__.loader
    env = library_with_frames.Child()
    env.reset()
    env.step(0)
    assert tap.total_steps == 1
    del sys.modules["library_with_frames"]


def test_asking_for_a_module_gets_its_own_loader(tap):
    import importlib.util

    sys.modules.pop("colorsys", None)
    spec = importlib.util.find_spec("colorsys")
    assert type(spec.loader).__module__ == "_frozen_importlib_external"


def test_a_failing_import_fails_the_same(tap, tmp_path, monkeypatch):
    (tmp_path / "module_that_fails.py").write_text("import sys\nraise RuntimeError('no luck')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RuntimeError, match="no luck") as caught:
        import module_that_fails  # noqa: F401  # type: ignore[import-not-found]
    assert not any("env_imports" in str(entry.path) for entry in caught.traceback)
    assert "module_that_fails" not in sys.modules

    class After:
        def reset(self):
            return [0.0]

        def step(self, action):
            return [0.0], 0.0, False, {}

    After().reset()
    After().step(0)
    assert tap.total_steps == 1
    with pytest.raises(ModuleNotFoundError):
        import module_that_is_not_there  # noqa: F401  # type: ignore[import-not-found]


def test_threads_keep_their_streams(tap):
    class Slow:
        def __init__(self):
            self.t = 0

        def reset(self):
            self.t = 0
            return np.zeros(1)

        def step(self, action):
            barrier.wait(10)
            self.t += 1
            return np.full(1, self.t), float(self.t), self.t == 5, {}

    barrier = threading.Barrier(3)

    def work():
        env = Slow()
        env.reset()
        for _ in range(10):
            if env.step(0)[2]:
                env.reset()
        kept.append(env)

    kept = []
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rollouts, columns = tap.cut(1)
    assert len(rollouts) == 3
    for rollout in rollouts:
        np.testing.assert_array_equal(rollout.raw_reward[:, 0], [1, 2, 3, 4, 5] * 2)
    assert columns["episodes"] == 6
    assert tap.total_steps == 30


def test_without_a_recorder_it_only_counts(tmp_path):
    calls = []
    tap = EnvTap(None, lambda: calls.append(1))
    tap.become_worker(tmp_path / "workers" / "7")
    tap.attach_classes()

    class Counted:
        def reset(self):
            return [0.0]

        def step(self, action):
            return [0.0], 0.0, False, {}

    env = Counted()
    env.reset()
    env.step(0)
    env.step(0)
    tap.detach()
    assert calls == []
    assert tap.facts() == []
    assert tap.cut(1) == ([], {})
    tap._worker.write()
    watcher = EnvTap(Recorder(tmp_path, producer="test"), None)
    assert [(one["steps"], one["resets"]) for one in read_workers(watcher.recorder.folder)] == [(2, 1)]
