"""Hand-made runs and diagnoses: what every report is tried on without watching anything."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ppodoctor.checks.api import EXACT, MEASURED, NOTE, RULE, Check, Evidence
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, UNDECIDED, Diagnosis, Finding, Skipped
from ppodoctor.records import (
    EnvFacts,
    EpisodeRecord,
    Note,
    Setting,
    Site,
    SpaceFacts,
    UpdateRecord,
    to_dict,
)
from ppodoctor.run import Run

SCRIPT = "/home/somebody/ppo/my_ppo.py"
SOURCE = "\n".join(
    [
        "import torch",
        "",
        "def update(batch):",
        "    ratio = (new - batch.old).exp()",
        "    clipped = torch.clamp(ratio, 0.8, 1.2)",
        "    policy_loss = -torch.min(ratio * adv, clipped * adv).mean()",
        "    entropy = dist.entropy().mean()",
        "    loss = policy_loss + 0.5 * value_loss + 0.01 * entropy",
        "    optimizer.zero_grad()",
        "    loss.backward()",
        "    optimizer.step()",
        "",
    ]
)
LOSS_LINE = 8


def site(line: int = LOSS_LINE, file: str = SCRIPT) -> Site:
    return Site(file, line, "update", SOURCE.splitlines()[line - 1].strip() if file == SCRIPT else "")


def nothing(run: Run) -> Iterator[Evidence]:
    """The policy is paid for being certain.

    *What it sees*: the sign of the entropy term on its way to the root of the loss.

    *Why it hurts*: every update makes the policy more certain, whatever the return.

    *Also looks like*: a learning rate that is too high, which also ends exploration early; there the KL divergence is
    large before entropy falls, here it is normal.

    *Fix*: subtract the entropy bonus.
    """
    yield from ()


def made_check(name: str = "entropy_sign_flipped", **facts: Any) -> Check:
    defaults: dict[str, Any] = {
        "family": "update",
        "title": "The entropy bonus has the wrong sign: the policy is paid for being certain",
        "fix": "Subtract the entropy bonus from the loss that is minimised.",
        "function": nothing,
        "faults": (13,),
        "refuted_by": "entropy that rises when only this term is trained on",
        "references": ("Schulman et al. 2017, equation 9",),
    }
    return Check(id=name, **{**defaults, **facts})


def made_finding(check: Check | None = None, **facts: Any) -> Finding:
    defaults: dict[str, Any] = {
        "check": check or made_check(rivals=("steps_too_large", "reward_scale_too_large")),
        "evidence": (
            Evidence(
                "the entropy term enters the minimised loss with coefficient +0.01; a bonus has a negative one",
                where=(site(),),
                first_update=1,
                data={"seen": 0.01},
                fix="my_ppo.py:8: write `loss = policy_loss + 0.5 * value_loss - 0.01 * entropy`",
            ),
            Evidence(
                "entropy fell from 0.69 to 0.05 nats in 20 updates",
                column="entropy",
                span=(4, 20),
                strength=0.7,
                basis=MEASURED,
                first_update=4,
                data={"healthy": (0.2, None), "seen": 0.05},
            ),
        ),
        "confidence": 0.995,
        "basis": EXACT,
        "severity": "cause",
    }
    return Finding(**{**defaults, **facts})


def made_run(count: int = 20, **facts: Any) -> Run:
    rows = tuple(
        UpdateRecord(
            update=i,
            step=1024 * (i - 1),
            wall=1.5 * i,
            entropy=0.69 * math.exp(-i / 8),
            approx_kl=0.004 + 0.001 * (i % 3),
            clip_fraction=0.05 + 0.01 * (i % 4),
            explained_variance=None if i == 3 else 1 - math.exp(-i / 5),
            value_loss=400.0 / i,
            grad_norm=math.inf if i == 7 else 2.0 + i % 2,
        )
        for i in range(1, count + 1)
    )
    episodes = tuple(
        EpisodeRecord(40 * i, 0, 0, 20 + 0.4 * i + 5 * math.sin(i), 20.0, 22, True, False, i // 10)
        for i in range(1, 12 * count)
    )
    env = EnvFacts(
        stream=0,
        cls="gymnasium.wrappers.TimeLimit",
        spec_id="CartPole-v1",
        max_episode_steps=500,
        observation=SpaceFacts("Box", (4,)),
        action=SpaceFacts("Discrete", n=2),
        steps=1024 * count,
        baseline={"random": [20.0, 24.0, 19.0], "zero": [9.0, 10.0]},
    )
    defaults: dict[str, Any] = {
        "folder": Path("runs/2026-01-02-my_ppo-1"),
        "header": {
            "schema": 1,
            "producer": "watch",
            "status": "finished",
            "command": ["python", "my_ppo.py", "--env", "CartPole-v1"],
            "python": "3.12.1",
            "torch": "2.9.0",
        },
        "updates": rows,
        "episodes": episodes,
        "envs": (env,),
        "settings": {"gamma": Setting(0.99, how="fitted"), "clip": Setting(0.2, site(5))},
        "notes": (
            Note("modules", "a compiled module was called; its layers are not seen", "run without torch.compile"),
        ),
        "source": {SCRIPT: SOURCE},
    }
    return Run(**{**defaults, **facts})


def sick() -> Diagnosis:
    """One cause with a consequence, one note, clear and skipped checks."""
    entropy_collapsed = made_finding(
        made_check("entropy_collapsed", family="exploration", title="The policy became nearly certain early"),
        evidence=(Evidence("entropy is 4% of its maximum from update 12 on", column="entropy", first_update=12),),
        confidence=0.9,
        basis=RULE,
        explained_by=("entropy_sign_flipped",),
    )
    note = made_finding(
        made_check("time_limit_read_as_death", family="data", title="A time limit is read as death"),
        evidence=(Evidence("2 of 239 episodes reached the limit of 500 steps", where=(site(4),)),),
        severity=NOTE,
        confidence=0.97,
    )
    steps = made_check("steps_too_large", title="Updates move the policy too far")
    scale = made_check("reward_scale_too_large", family="reward", title="Rewards are too large for the critic")
    return Diagnosis(
        verdict=CAUSE_FOUND,
        summary="The loss pays the policy for being certain, so exploration ends before anything is learned.",
        causes=(made_finding(consequences=(entropy_collapsed,)),),
        notes=(note,),
        clear=(steps, made_check("policy_loss_sign_flipped", title="The policy loss has the wrong sign")),
        skipped=(Skipped(scale, ("value_loss", "target_mean"), "read more minibatches with --seconds 120"),),
        learning={"status": "flat", "text": "The return stayed at 22, where random actions are.", "last": 22.0},
        loss_text="-1 * mean(min(r A, clip(r, 0.8, 1.2) A)) + 0.5 * mean(error^2) + 0.01 * mean(H)",
        fits=(
            {
                "what": "advantages",
                "variant": "GAE with gamma 0.99 and lambda 0.95",
                "residual": 3e-7,
                "runner_up": "the same with the done flag ignored",
                "runner_up_residual": 0.21,
                "actual": [0.1 * i for i in range(-20, 20)],
                "fitted": [0.1 * i + 1e-7 for i in range(-20, 20)],
            },
        ),
    )


def healthy() -> Diagnosis:
    """Nothing wrong, and numbers that worry people explained."""
    return Diagnosis(
        verdict=HEALTHY,
        summary="The run learns: nothing was found that explains a failure.",
        clear=(made_check("steps_too_large", title="Updates move the policy too far"),),
        learning={"status": "learned", "text": "The return rose from 22 to 180."},
        reassurance=("The value loss rises while the return rises; that is normal, its targets grow.",),
    )


def undecided() -> Diagnosis:
    """Too little seen."""
    return Diagnosis(
        verdict=UNDECIDED,
        summary="Too few updates were seen to tell.",
        skipped=(Skipped(made_check(), ("minibatches",), ""),),
        learning={"status": "unknown", "text": "No episode ended."},
        next_steps=("Run `ppodoctor diagnose --updates 20 -- python my_ppo.py`.",),
    )


def write_run(run: Run, folder: Path) -> Path:
    """A run folder as a recorder would leave it."""
    folder.mkdir(parents=True, exist_ok=True)
    header = dict(run.header)
    header["envs"] = [to_dict(env) for env in run.envs]
    header["settings"] = {name: to_dict(setting) for name, setting in run.settings.items()}
    header["notes"] = [to_dict(note) for note in run.notes]
    header["source"] = {f"{i}.py": file for i, file in enumerate(run.source)}
    (folder / "source").mkdir(exist_ok=True)
    for stored, file in header["source"].items():
        (folder / "source" / stored).write_text(run.source[file])
    (folder / "run.json").write_text(json.dumps(_spelled(header)))
    for name, rows in (("updates", run.updates), ("episodes", run.episodes)):
        lines = [json.dumps(_spelled(to_dict(row))) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    return folder


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list | tuple) else value
