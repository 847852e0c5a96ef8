"""The sentences of a diagnosis: summary, what is normal although it looks bad, what to run next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ppodoctor.diagnosis.classes import LookAlike
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, Diagnosis
from ppodoctor.measures.returns import IMPROVING, LEARNED, TOO_YOUNG, Learning
from ppodoctor.measures.trend import blocks, finite, trend
from ppodoctor.run import Run

_REMEDIES = {
    "minibatches": "the loss graph was not read; watch the script itself (`ppodoctor diagnose -- python SCRIPT`)",
    "rollouts": "no environment steps were recorded; watch the script itself, with the environment in its process",
    "calls": "no layer calls were recorded; watch the script itself",
    "episodes": "no episode ended; watch longer (`--seconds`)",
    "source": "the script's text was not kept",
    "envs": "no environment was seen; watch the script itself, with the environment in its process",
    "parameters": "no optimizer was seen; watch the script itself",
    "optimizers": "no optimizer was seen; watch the script itself",
    "updates": "no policy update was seen; watch longer (`--seconds`)",
}


def remedy_for(missing: Sequence[str]) -> str:
    """What would show what a skipped check lacks."""
    known = [_REMEDIES[name] for name in missing if name in _REMEDIES]
    return known[0] if known else ""


def summary(draft: Diagnosis, run: Run, outcome: Learning) -> str:
    """One or two sentences that a person reads first."""
    state = outcome.text[:1].upper() + outcome.text[1:] + "."
    if draft.verdict == CAUSE_FOUND:
        first, *others = draft.causes
        where = f" ({first.where[0]})" if first.where else ""
        more = f" and {len(others)} more" if others else ""
        return f"{first.check.title.rstrip('.')}{where}{more}. {state}"
    if draft.verdict == HEALTHY:
        only = "Nothing wrong was found; it only" if not draft.notes else "See the notes; beside them it"
        young = f" {only} needs more time." if outcome.status == TOO_YOUNG else ""
        return f"No fault was found in {len(draft.clear)} checks. {state}{young}"
    if not run.updates:
        return "No policy update was seen, so nothing about the learning can be judged."
    return f"It cannot be decided from this run. {state}"


_MEND = "mend what stopped the script, and run the same command again"


def next_steps(draft: Diagnosis, run: Run, outcome: Learning, kinds: Sequence[LookAlike]) -> tuple[str, ...]:
    """What to run to decide what is undecided, or to confirm what was found."""
    if draft.verdict == CAUSE_FOUND:
        return ("change what is named first, and run the same command again",)
    crashed = run.header.get("status") == "crashed"
    if draft.verdict == HEALTHY and crashed:
        return (_MEND,)
    if draft.verdict == HEALTHY:
        if outcome.status == IMPROVING and run.header.get("status") == "finished":
            return ("the return was still rising when the script ended: give it more steps",)
        young = "watch longer (`--seconds 300`) to see the return rise"
        return (young,) if outcome.status == TOO_YOUNG else ()
    steps = [kind.next_step for kind in kinds]
    if crashed and (not run.updates or outcome.status == TOO_YOUNG):
        return (_MEND, *steps)
    if not run.updates:
        steps.append("watch until the first updates: `--updates 20 --seconds 600`")
    blind = [s.remedy for s in draft.skipped if "minibatches" in s.missing and s.remedy]
    if not run.minibatches and blind:
        steps.append(blind[0])
    if run.updates and not run.envs and outcome.status == TOO_YOUNG:
        steps.append("let the script step an object with reset() and step(action), so that rewards and ends are seen")
    if outcome.fails:
        steps.append("repeat with two other seeds: a fault fails on all of them, bad luck does not")
    return tuple(dict.fromkeys(steps or ["watch longer (`--seconds 300`)"]))


def loss_text_of(run: Run) -> str:
    """The loss as the graph tells it, from the first minibatch with a policy term; empty when it was not read.

    A critic that has a backward call of its own is told behind it.
    """
    found = _optional("ppodoctor.measures.reading", "readings", run) or ()
    policy = [r for r in found if r.surrogate is not None]
    chosen = (policy or list(found))[:1]
    if policy and policy[0].value is None:
        chosen += [r for r in found if r.value is not None and r.surrogate is None][:1]
    try:
        return ", and by itself ".join(one.text for one in chosen)
    except Exception:
        return ""


def fits_of(run: Run) -> tuple[dict[str, Any], ...]:
    """Fitted variants of advantages and targets, where these could be recomputed, with their points."""
    credit = "ppodoctor.measures.credit"
    found = [*(_optional(credit, "fit_advantages", run) or ()), *(_optional(credit, "fit_targets", run) or ())]
    return tuple(_fit_data(fit) for fit in found)


def _fit_data(fit: Any) -> dict[str, Any]:
    names = ("what", "residual", "runner_up", "runner_up_residual", "gamma", "lam", "normalisation", "rows", "exact")
    data = {name: getattr(fit, name) for name in names}
    return {**data, "variant": fit.winner, "actual": fit.actual, "fitted": fit.fitted}


def _optional(module: str, name: str, run: Run) -> Any:
    """`module.name(run)`, or None when the measure cannot be had for this run."""
    try:
        return getattr(import_module(module), name)(run)
    except Exception:
        return None


def reassurance(run: Run, outcome: Learning) -> tuple[str, ...]:
    """Numbers of this run that look worrying and are normal, each with its reason. Only those that look so here."""
    return tuple(sentence for rule in _CALMING for sentence in rule(run, outcome))


def _value_loss_rises(run: Run, outcome: Learning) -> Iterator[str]:
    losses = finite(run.column("value_loss"))
    if len(losses) < 10 or not outcome.works:
        return
    rise = trend(blocks(losses, 24))
    if rise.tau > 0 and rise.p < 0.05:
        yield (
            f"value_loss rises ({losses[:3].mean():.3g} to {losses[-3:].mean():.3g}): while the return grows, so "
            "do the targets it must follow"
        )


def _policy_loss_hovers(run: Run, outcome: Learning) -> Iterator[str]:
    losses = finite(run.column("policy_loss"))
    if len(losses) >= 10 and trend(blocks(losses, 24)).p > 0.05 and not outcome.fails:
        yield (
            f"policy_loss does not fall (around {np.median(losses):.2g}): its advantages are centred anew in each "
            "update, so its level says nothing about progress"
        )


def _negative_entropy(run: Run, outcome: Learning) -> Iterator[str]:
    entropy = finite(run.column("entropy"))
    if len(entropy) and entropy.min() < 0 and not run.has("entropy_share"):
        yield "entropy is negative: that of a continuous density may be, once the standard deviation is small"


def _small_kl(run: Run, outcome: Learning) -> Iterator[str]:
    kl = finite(run.column("approx_kl"))
    if len(kl) >= 10 and outcome.works and np.median(kl[-5:]) < 1e-3:
        yield (
            f"approx_kl is small at the end ({np.median(kl[-5:]):.1e}): a policy that has settled, or a falling "
            "learning rate, moves little"
        )


def _no_clipping(run: Run, outcome: Learning) -> Iterator[str]:
    clipped = finite(run.column("clip_fraction"))
    if len(clipped) >= 5 and not outcome.fails and np.median(clipped) < 0.005:
        yield "clip_fraction is near 0: few steps leave the clip range, so clipping has nothing to do; that is no fault"


def _low_entropy(run: Run, outcome: Learning) -> Iterator[str]:
    share = finite(run.column("entropy_share"))
    if len(share) >= 10 and outcome.status == LEARNED and share[-1] < 0.3:
        yield (
            f"entropy has fallen to {share[-1]:.0%} of its maximum: the return is near its best, so the policy may be "
            "sure"
        )


def _low_explained_variance(run: Run, outcome: Learning) -> Iterator[str]:
    explained = finite(run.column("explained_variance"))
    if len(explained) < 5 or outcome.fails:
        return
    if np.median(explained[-3:]) < 0.2 and outcome.status == LEARNED:
        yield "explained_variance is low at the end: once every episode goes alike, there is little left to explain"
    elif np.median(explained[:3]) < 0.1 and outcome.status in (TOO_YOUNG, IMPROVING):
        yield "explained_variance starts near 0: the critic knows nothing yet; it rises later"


def _large_kl_at_start(run: Run, outcome: Learning) -> Iterator[str]:
    kl = finite(run.column("approx_kl"))
    if len(kl) >= 10 and outcome.works and np.median(kl) < 0.03 < kl.max():
        yield f"approx_kl reaches {kl.max():.2g} once or twice: single peaks are normal, only lasting ones do harm"


_CALMING: tuple[Callable[[Run, Learning], Iterator[str]], ...] = (
    _value_loss_rises,
    _policy_loss_hovers,
    _negative_entropy,
    _small_kl,
    _no_clipping,
    _low_entropy,
    _low_explained_variance,
    _large_kl_at_start,
)
