"""CleanRL's ppo.py as a peer, unmodified: `cleanrl.py steady CartPole-v1 NUM_ENVS SECONDS SEED FILE`."""

from __future__ import annotations

import re
import subprocess
import sys
import time

from judging import answer


def main() -> None:
    kind, environment, num_envs, seconds, seed, file = sys.argv[1:]
    if kind != "steady" or environment != "CartPole-v1":
        answer(missing="CleanRL's ppo.py is measured on CartPole in steady state only")
        return
    command = [sys.executable, file, "--env-id", environment, "--num-envs", num_envs, "--seed", seed, "--no-cuda"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    batch, updates, began, rate = 128 * int(num_envs), 0, 0.0, 0.0
    for line in process.stdout:  # one line of "SPS: ..." an update; the first ones are left out
        if not re.match(r"SPS: \d+", line):
            continue
        updates += 1
        now = time.perf_counter()
        if updates == 4:
            began = now
        elif began and now - began > float(seconds):
            rate = (updates - 4) * batch / (now - began)
            break
    process.terminate()
    process.wait()
    if rate:
        answer(steps_per_second=rate)
    else:
        answer(missing="ppo.py ended before anything could be measured")


if __name__ == "__main__":
    main()
