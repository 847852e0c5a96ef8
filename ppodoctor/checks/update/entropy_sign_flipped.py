"""The entropy bonus enters the loss with the wrong sign."""

from __future__ import annotations

from collections.abc import Iterator

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import entropy_minibatches, site_over, sites_of
from ppodoctor.run import Run


@check(
    title="The entropy bonus has the wrong sign: exploration is punished",
    fix="Subtract the entropy term from the loss that is minimised: loss = policy_loss - ent_coef * entropy + ...",
    faults=(13,),
    needs=("minibatches",),
    explains=("entropy_collapsed", "action_std_drifts", "policy_frozen", "return_peaked_then_fell"),
    rivals=("entropy_of_chosen_action_only", "learning_rate_too_high"),
    refuted_by="A loss graph in which the entropy's coefficient on the way to the minimised root is negative.",
    treatments=("entropy_coefficient*-1", "entropy_coefficient=0"),
    references=("Schulman et al. 2017, equation 9: the objective to maximise has + c2 S",),
)
def entropy_sign_flipped(run: Run) -> Iterator[Evidence]:
    """The minimised loss contains + c * entropy, so every step makes the policy more certain.

    What it sees: the coefficient of the entropy on its way to the root of the loss graph, sign included. The term is
    known to be the entropy because its values equal the closed form for the same distribution.

    Why it hurts: the policy collapses to one action before it has seen which one is good.

    Also looks like: a learning rate that is too high, or no entropy bonus at all, also end in a collapsed entropy;
    there the coefficient is negative or the term is absent.

    Fix: subtract the bonus from the minimised loss.
    """
    found = entropy_minibatches(run)
    wrong = [(reading, term) for reading, entropy, term in found if entropy.form != "chosen" and term.coefficient > 0]
    if wrong and len(wrong) >= 0.9 * len([1 for _, e, _ in found if e.form != "chosen"]):
        reading, term = wrong[0]
        yield Evidence(
            f"the minimised loss contains + {term.coefficient:.4g} x entropy in all {len(wrong)} minibatches read; "
            "it has to be subtracted",
            where=sites_of(site_over(tuple(t for _, _, t in found), "site")),
            first_update=reading.update,
            data={"coefficient": term.coefficient},
        )
