"""The discount that is used is not the one that the script names."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.advantage.fitted import fits, sites
from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.configured import GAMMA, LAMBDA, Named, named_numbers
from ppodoctor.measures.credit import EXACT_SHARE, Fit
from ppodoctor.run import Run


@check(
    title="gamma or lambda in the computation differs from the configured one",
    fix="Pass the configured value on to the place where returns are computed.",
    faults=(36,),
    needs=("minibatches", "rollouts", "source"),
    explains=("gamma_too_short", "gamma_out_of_range"),
    rivals=("gamma_too_short",),
    refuted_by="A fitted gamma (and lambda) equal to a number that the script or its command line names.",
)
def discount_not_as_configured(run: Run, *, apart: float = 1e-3) -> Iterator[Evidence]:
    """The fitted gamma or lambda is none of the numbers that the script gives that name.

    What it sees: gamma and lambda fitted to the advantages and targets, against assignments, defaults, keywords and
    command line options named gamma, discount, lambda, tau and the like. A default of some function's
    parameter does not count where the script sets one other number: that one does not arrive.

    Why it hurts: tuning the configured number does nothing, and the horizon is another than believed.

    Also looks like: a gamma that is configured too small; there the numbers agree.

    Fix: use the configured name where the constant stands.

    References: docs/faults.md, fault 36.
    """
    exact = [fit for fit in fits(run) if fit.exact]
    for fit in exact[:1]:
        discounts = _meant(named_numbers(run, GAMMA), fit.gamma, apart)
        lambdas = _meant(named_numbers(run, LAMBDA), fit.lam, apart)
        if _met_as_configured(fit, discounts, lambdas) >= EXACT_SHARE:
            continue  # these numbers do not determine both closely enough
        for symbol, value, named in (("gamma", fit.gamma, discounts), ("lambda", _free_lambda(fit), lambdas)):
            if value is None or not named or any(abs(value - one.value) <= apart for one in named):
                continue
            yield Evidence(
                f"{symbol} is {value:g} in the {fit.what} ({fit.explained:.1%} of {fit.rows} met to rounding), but the "
                f"script names {_listed(named)}",
                where=sites(run, "bootstrap recursion")
                or tuple(one.where for one in named if one.where is not None)[:2],
                first_update=fit.updates[0],
                data={"seen": value, "configured": [one.value for one in named]},
            )


def _meant(named: tuple[Named, ...], value: float | None, apart: float) -> tuple[Named, ...]:
    """Without a default that is used although the script sets one other number: the setting does not arrive."""
    used = [one for one in named if value is not None and abs(value - one.value) <= apart]
    others = tuple(one for one in named if one not in used)
    # a keyword may be another function's gamma, a learning rate schedule's for one; a running product starts anywhere
    meant = all(one.how == "set" and 0.0 < one.value < 1.0 for one in others)
    overlooked = used and meant and all(one.how == "default" for one in used)
    return others if overlooked and len({one.value for one in others}) == 1 else named


def _met_as_configured(fit: Fit, discounts: tuple[Named, ...], lambdas: tuple[Named, ...]) -> float:
    """The largest share of the numbers that some pair of the named values meets."""
    gammas = [one.value for one in discounts] or [fit.gamma or 1.0]
    others = [one.value for one in lambdas] or [1.0 if fit.lam is None else fit.lam]
    return max(fit.met_with(gamma, lam) for gamma in gammas[:4] for lam in others[:4])


def _free_lambda(fit: Fit) -> float | None:
    """lambda, unless the advantages are plain returns (a lambda elsewhere in the script is then another matter)."""
    return None if fit.lam is None or fit.lam > 0.9999 or fit.lam < 1e-4 else fit.lam


def _listed(named: tuple[Named, ...]) -> str:
    shown = dict.fromkeys(f"{one.name} = {one.value:g}" + (f" ({one.where})" if one.where else "") for one in named)
    return ", ".join(list(shown)[:3])
