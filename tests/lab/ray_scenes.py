"""Scenes with a Ray cluster, each run in a network and process namespace of its own: `ray_scenes.py SCENE FOLDER`.

Only loopback is there, with one more address on it that stands for this machine's own on a network. When this process
ends, whatever it started ends with its namespace.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from lab_trials import tiny

from ppodoctor.lab import Lab, LabError, Stop, Trial
from ppodoctor.lab.cluster import TOKEN_FILE, Cluster
from ppodoctor.lab.early import Watch
from ppodoctor.lab.remote import Needs, RayExecutor

OWN = "10.9.9.1"
"""Stands for the machine's address on a network."""
NODE = "import sys; from ray.scripts.scripts import main; sys.exit(main())"


def loopback_up():
    interface = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # up, running
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, interface)
    subprocess.run(["ip", "address", "add", f"{OWN}/32", "dev", "lo"], check=True)


def listeners():
    """Addresses on which something listens."""
    found = subprocess.run(["ss", "-ltnH"], stdout=subprocess.PIPE, text=True, check=True).stdout
    addresses = [line.split()[3].rpartition(":")[0] for line in found.splitlines()]
    return sorted({re.sub(r"^\[::ffff:(.*)\]$", r"\1", one) for one in addresses})


def children(pid):
    """A process with everything below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def join_as_node(address, token_file, log):
    """A node as a person starts one by the command that the warning names."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token_file), "RAY_raylet_start_wait_time_s": "15"}
    options = [f"--node-ip-address={OWN}", "--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats"]
    with open(log, "wb") as output:
        return subprocess.Popen(
            [sys.executable, "-c", NODE, "start", f"--address={address}", "--block", *options],
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def node_of(cluster, token_file, log, count):
    """One more node, up; on a loaded machine Ray gives one up now and then before it is, so it is started again."""
    for _ in range(4):
        process = join_as_node(cluster.address, token_file, log)
        until(lambda process=process: cluster.cpus() == count or process.poll() is not None)
        if process.poll() is None:
            return process
    raise AssertionError(log.read_text())


def intruder(address, settings):
    """A driver that tries to get in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    text = f"import ray; ray.init('{address}', log_to_driver=False); print(ray.cluster_resources())"
    command = [sys.executable, "-c", text]
    return subprocess.Popen(
        command, env={**clean, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


FRIEND = """
import sys
from lab_trials import tiny
from ppodoctor.lab import Lab
from ppodoctor.lab.cluster import Cluster
from ppodoctor.lab.remote import RayExecutor
cluster = Cluster.join(sys.argv[1])
print([result.ok for result in Lab(sys.argv[2], executor=RayExecutor(cluster)).run([tiny(), tiny(seed=2)])])
cluster.close()
"""


def friend(address, token_file, folder):
    """What a driver with the token comes to that joins by the address."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-c", FRIEND, address, str(folder)]
    settings["RAY_AUTH_TOKEN_PATH"] = str(token_file)
    answer = subprocess.run(command, env=settings, stdout=subprocess.PIPE, text=True, check=False)
    return [answer.returncode, answer.stdout.strip()]


def until(true, seconds=60.0):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def nodes(folder):
    """Three nodes, one killed in mid-study; three strangers at the door."""
    cluster = Cluster.start(cpus=1, listen=OWN, token_folder=folder)
    token_file = folder / TOKEN_FILE
    others = [node_of(cluster, token_file, folder / f"node{count}.txt", count) for count in (2, 3)]
    strangers = {
        "without a token": intruder(cluster.address, {}),
        "token switched off": intruder(cluster.address, {"RAY_AUTH_MODE": "disabled"}),
        "another token": intruder(cluster.address, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64}),
    }
    facts = {"warnings": cluster.warnings, "mode": oct(token_file.stat().st_mode & 0o777), "listen": listeners()}
    file = folder / "their_script.py"
    file.write_text(
        textwrap.dedent("""
            import os, time
            import gymnasium as gym
            print("secrets:", [name for name in os.environ if "RAY_AUTH_TOKEN" in name])
            env = gym.make("CartPole-v1")
            env.reset(seed=1)
            for step in range(300):
                if any(env.step(step % 2)[2:4]):
                    env.reset()
        """)
    )
    script = Trial(command=(sys.executable, str(file)))
    trials = [tiny(seed=seed, steps=400_000) for seed in range(1, 9)] + [script, Trial("Nowhere-v0", steps=100)]
    told = []

    def tell(trial, result):
        told.append(result.key)
        if len(told) == 2:
            for pid in children(others[0].pid):
                os.kill(pid, signal.SIGKILL)

    lab = Lab(folder / "lab", tell=tell, executor=RayExecutor(cluster, Needs(cpus=1)))
    facts["slots"] = lab.workers
    results = lab.run(trials)
    facts |= {
        "told": told,
        "keys": [trial.key for trial in trials],
        "ok": [result.ok for result in results],
        "reason": results[-1].reason,
        "stored": len(lab.store.results()),
        "far": results[0].to_dict(),
        "output": (folder / "lab" / "trials" / script.key / "output.txt").read_text(),
        "node_alive": others[1].poll() is None,
    }
    here = Lab(folder / "here", workers=1)
    facts["here"] = here.run(trials[:1])[0].to_dict()
    for name, process in strangers.items():
        out, err = process.communicate(timeout=100)
        facts.setdefault("strangers", {})[name] = [process.returncode, out, err[-300:]]
    facts["friend"] = friend(cluster.address, token_file, folder / "friend")
    others[1].terminate()
    others[1].wait(60)
    cluster.close()
    facts["token_left"] = token_file.exists()
    facts["settings_left"] = [name for name in os.environ if name.startswith("RAY_AUTH")]
    facts["home"] = sorted(path.name for path in Path.home().rglob("*"))
    return facts


def alone(folder):
    """A cluster for this machine alone, though the machine has an address on a network."""
    os.environ["RAY_ADDRESS"] = "10.8.8.8:6379"  # somebody's own setting
    cluster = Cluster.start(cpus=1)
    facts = {"address": cluster.address, "warnings": cluster.warnings, "listen": listeners()}
    lab = Lab(folder / "lab", executor=RayExecutor(cluster))
    (result,) = lab.run([tiny()])
    facts["ok"] = result.ok
    facts["stopped"] = lab.run([tiny(steps=10**9)], Stop(seconds=1.0))
    facts["claimed"] = lab.store.base.rows("SELECT count(*) FROM trial WHERE result IS NULL AND owner IS NOT NULL")
    (behind,) = lab.run([tiny(seed=2, steps=20_000)], watcher=lambda _: Watch(((8000.0, 1e6),)))
    facts["early"] = behind.status
    cluster.close()
    facts["ray_address"] = os.environ["RAY_ADDRESS"]
    try:
        Cluster.join(cluster.address)
    except LabError as error:
        facts["refused"] = str(error)
    return facts


def killed(folder):
    """`ppodoctor tune --ray` is killed in mid-study, and gone on with."""
    tune = [sys.executable, "-m", "ppodoctor", "tune", "CartPole-v1", "--grid", "clip_range=0.1..0.4:8", "--ray"]
    given = ["--steps", "200000", "--seeds", "2", "--workers", "1", "--out", str(folder / "study")]
    process = subprocess.Popen([*tune, *given], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    seen = []
    while len(seen) < 3:
        line = process.stderr.readline()
        assert line, "it ended"
        seen += [line] * ("trial " in line)
    family = [
        pid for pid in children(process.pid) if Path(f"/proc/{pid}/comm").read_text() in ("gcs_server\n", "raylet\n")
    ]
    assert len(family) == 2
    process.kill()
    process.wait()
    until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in family))  # of the dead, only their names stay
    resume = [sys.executable, "-m", "ppodoctor", "tune", "--resume", str(folder / "study")]
    again = subprocess.run(resume, capture_output=True, text=True, check=False)
    told = json.loads((folder / "study" / "tune.json").read_text())
    repeated = [
        line for line in again.stderr.splitlines() if line.split(": ")[2:] in [one.split(": ")[2:] for one in seen]
    ]
    return {"code": again.returncode, "candidates": len(told["candidates"]), "gain": told["gain"], "repeated": repeated}


if __name__ == "__main__":
    loopback_up()
    where = Path(sys.argv[2])
    print("\n" + json.dumps(globals()[sys.argv[1]](where)))
