"""The engine on made checks: verdicts, ranking, nesting, skipping; and on made runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scenarios import CARTPOLE, MOUNTAIN_CAR, PENDULUM, failing, steady, with_returns, with_rollouts

from ppodoctor.checks.api import CAUSE, EXACT, MEASURED, NOTE, RULE, Check, Evidence, Missing
from ppodoctor.diagnosis import diagnose, engine
from ppodoctor.findings import CAUSE_FOUND, HEALTHY, UNDECIDED, Finding
from ppodoctor.run import Run

HEALTHY_RUN = steady()
FAILING_RUN = failing(steady())


def made(name: str, *found: Evidence, family: str = "update", **facts: Any) -> Check:
    """A check that always finds this."""

    def function(run: Run) -> Iterator[Evidence]:
        yield from found

    return Check(name, family, f"Title of {name}.", "fix", function, **facts)


@pytest.fixture
def with_checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these be all the checks there are."""

    def install(*checks: Check) -> None:
        monkeypatch.setattr(engine, "all_checks", lambda: {check.id: check for check in checks})

    return install


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.id for finding in findings]


CLEAR = made("clear", basis=EXACT, needs=("minibatches",))


def test_a_healthy_run_is_called_healthy(diagnosed):
    found = diagnosed(HEALTHY_RUN)
    assert found.verdict == HEALTHY
    assert found.learning["status"] == "improving"
    assert found.causes == ()
    assert len(found.clear) > 40


def test_a_young_run_is_healthy_and_told_so(diagnosed):
    young = with_returns(steady(updates=4), [20.0, 25.0, 18.0, 22.0] * 6)
    found = diagnosed(young)
    assert found.verdict == HEALTHY
    assert found.learning["status"] == "too_young"
    assert "more time" in found.summary
    assert any("longer" in step for step in found.next_steps)


def test_a_run_that_fails_without_a_cause_is_undecided_and_says_what_to_run(diagnosed):
    found = diagnosed(FAILING_RUN)
    assert found.verdict == UNDECIDED
    assert found.next_steps


def test_nothing_recorded_is_undecided():
    found = diagnose(Run(None))
    assert found.verdict == UNDECIDED
    assert "No policy update" in found.summary
    assert found.skipped
    assert all(skip.missing for skip in found.skipped)


def test_a_script_that_failed_before_its_first_update_is_to_be_mended_first():
    found = diagnose(Run(None, header={"status": "crashed"}))
    assert found.verdict == UNDECIDED
    assert found.next_steps[0].startswith("mend what stopped the script")
    assert not any("--updates" in step for step in found.next_steps)


def test_a_script_that_failed_later_is_to_be_mended_first_too(diagnosed):
    failed = HEALTHY_RUN.but(header={**HEALTHY_RUN.run.header, "status": "crashed"})
    found = diagnosed(failed)
    assert found.verdict == HEALTHY
    assert found.next_steps == ("mend what stopped the script, and run the same command again",)


def test_a_script_that_failed_before_it_could_learn_is_not_called_healthy(diagnosed):
    young = HEALTHY_RUN.but(updates=HEALTHY_RUN.run.updates[:1], episodes=HEALTHY_RUN.run.episodes[:20])
    assert diagnosed(young).verdict == HEALTHY
    found = diagnosed(young.but(header={**HEALTHY_RUN.run.header, "status": "crashed"}))
    assert found.verdict == UNDECIDED
    assert found.next_steps[0].startswith("mend what stopped the script")


def test_a_run_whose_tensors_were_not_read_is_not_called_healthy(diagnosed):
    blind = HEALTHY_RUN.but(minibatches=())
    assert diagnosed(blind).verdict == UNDECIDED


def test_a_check_that_breaks_is_skipped_with_its_error(with_checks):
    def broken(run: Run) -> Iterator[Evidence]:
        raise ZeroDivisionError("by nought")
        yield

    with_checks(Check("broken", "update", "t", "f", broken))
    (skip,) = diagnose(HEALTHY_RUN.run).skipped
    assert "ZeroDivisionError: by nought" in skip.missing[0]


def test_a_check_that_lacks_something_says_what(with_checks):
    def lacking(run: Run) -> Iterator[Evidence]:
        raise Missing("a rollout from the first updates")
        yield

    with_checks(
        Check("lacking", "update", "t", "f", lacking), made("needy", Evidence("x"), needs=("action_std", "calls"))
    )
    assert [skip.missing for skip in diagnose(HEALTHY_RUN.run).skipped] == [
        ("a rollout from the first updates",),
        ("action_std", "calls"),
    ]


def test_an_exact_fault_of_the_computation_is_a_cause_though_the_run_learns(with_checks):
    with_checks(made("wrong_sign", Evidence("x")))
    found = diagnose(HEALTHY_RUN.run)
    assert found.verdict == CAUSE_FOUND
    assert found.causes[0].confidence == pytest.approx(0.99)
    assert found.causes[0].basis == EXACT


@pytest.mark.parametrize(("strength", "cause"), [(0.7, False), (0.97, True)])
def test_a_statistical_finding_in_a_learning_run_is_a_note_unless_striking(with_checks, strength, cause):
    with_checks(made("odd_number", Evidence("x", strength=strength), family="config", basis=RULE))
    assert bool(diagnose(HEALTHY_RUN.run).causes) is cause
    assert diagnose(FAILING_RUN.run).causes


def test_a_tolerable_finding_is_a_note_when_the_run_learns(with_checks):
    with_checks(made("habit", Evidence("x"), tolerable=True), CLEAR)
    found = diagnose(HEALTHY_RUN.run)
    assert (found.verdict, ids(found.notes)) == (HEALTHY, ["habit"])


def test_a_tolerable_finding_is_suspected_when_nothing_else_explains_a_failure(with_checks):
    habit = made("habit", Evidence("x"), tolerable=True)
    with_checks(habit)
    alone = diagnose(FAILING_RUN.run)
    assert ids(alone.causes) == ["habit"]
    assert alone.causes[0].confidence < 0.7
    with_checks(habit, made("wrong_sign", Evidence("x")))
    both = diagnose(FAILING_RUN.run)
    assert (ids(both.causes), ids(both.notes)) == (["wrong_sign"], ["habit"])


def test_a_note_is_never_a_cause(with_checks):
    with_checks(made("remark", Evidence("x"), severity=NOTE), made("softened", Evidence("x", severity=NOTE)))
    found = diagnose(FAILING_RUN.run)
    assert (found.causes, ids(found.notes)) == ((), ["remark", "softened"])


def test_what_follows_from_a_cause_is_shown_inside_it(with_checks):
    with_checks(
        made("root", Evidence("x"), explains=("middle",)),
        made("middle", Evidence("x"), explains=("leaf",)),
        made("leaf", Evidence("x"), family="network", basis=RULE),
        made("elsewhere", Evidence("x")),
    )
    found = diagnose(FAILING_RUN.run)
    assert sorted(ids(found.causes)) == ["elsewhere", "root"]
    (root,) = [f for f in found.causes if f.id == "root"]
    assert ids(root.consequences) == ["middle"]
    assert ids(root.consequences[0].consequences) == ["leaf"]
    assert root.consequences[0].explained_by == ("root",)


def test_two_that_explain_each_other_leave_one_root(with_checks):
    with_checks(made("a", Evidence("x"), explains=("b",)), made("b", Evidence("x"), explains=("a",)))
    found = diagnose(FAILING_RUN.run)
    assert (ids(found.causes), ids(found.causes[0].consequences)) == (["a"], ["b"])


def test_symptoms_follow_from_any_exact_fault(with_checks):
    with_checks(
        made("entropy_collapsed", Evidence("x", strength=0.9), family="exploration", basis=MEASURED),
        made("wrong_sign", Evidence("x")),
    )
    found = diagnose(FAILING_RUN.run)
    assert (ids(found.causes), ids(found.causes[0].consequences)) == (["wrong_sign"], ["entropy_collapsed"])


def test_independent_exact_faults_are_all_named(with_checks):
    with_checks(*(made(name, Evidence("x")) for name in ("one", "three", "two")))
    assert ids(diagnose(FAILING_RUN.run).causes) == ["one", "three", "two"]


def test_the_exact_comes_before_the_measured_before_the_rule(with_checks):
    with_checks(
        made("rule", Evidence("x"), basis=RULE, family="config"),
        made("measured", Evidence("x"), basis=MEASURED, family="config"),
        made("exact", Evidence("x")),
    )
    assert ids(diagnose(FAILING_RUN.run).causes) == ["exact", "measured", "rule"]


def test_agreeing_evidence_raises_confidence_within_its_basis(with_checks):
    one, two = Evidence("x", strength=0.6), Evidence("y", strength=0.6)
    with_checks(made("single", one, basis=RULE), made("double", one, two, basis=RULE))
    single, double = sorted(diagnose(FAILING_RUN.run).causes, key=lambda f: f.confidence)
    assert (single.id, double.id) == ("single", "double")
    assert double.confidence <= 0.9


def test_a_broken_reward_explains_the_uniform_policy_above_it(diagnosed):
    lost = with_rollouts(failing(steady(entropy_share=0.999, entropy=0.692)), reward=lambda r: np.zeros_like(r.reward))
    found = diagnosed(lost)
    assert ids(found.causes) == ["reward_constant"]
    assert "policy_stays_uniform" in ids(found.causes[0].consequences)


def test_a_learning_rate_explains_the_collapse_it_makes(diagnosed):
    wild = failing(
        steady(
            learning_rate=0.05,
            update_size=0.12,
            approx_kl=2.0,
            clip_fraction=0.6,
            entropy_share=np.r_[1.0, 0.3, np.full(58, 0.001)],
            explained_variance=-0.1,
        )
    )
    found = diagnosed(wild)
    assert ids(found.causes) == ["learning_rate_too_high"]
    assert {"steps_too_large", "entropy_collapsed"} <= set(ids(found.causes[0].consequences))


def test_a_sparse_task_is_suspected_only_after_a_long_search(diagnosed):
    assert diagnosed(steady(MOUNTAIN_CAR, updates=8)).causes == ()
    assert ids(diagnosed(steady(MOUNTAIN_CAR)).causes) == ["reward_never_met"]


@pytest.mark.parametrize(
    ("scenario", "word"),
    [
        (steady(PENDULUM), "entropy is negative"),
        (steady(CARTPOLE), "value_loss rises"),
        (steady(CARTPOLE, clip_fraction=0.0), "clip_fraction is near 0"),
        (steady(CARTPOLE, approx_kl=(8e-3, 1e-5)), "approx_kl is small at the end"),
    ],
)
def test_worrying_numbers_are_explained_where_they_occur(diagnosed, scenario, word):
    assert any(word in sentence for sentence in diagnosed(scenario).reassurance)


def test_nothing_is_explained_away_when_a_cause_was_found(with_checks):
    with_checks(made("wrong_sign", Evidence("x")))
    assert diagnose(steady(PENDULUM).run).reassurance == ()


def test_a_cause_stated_by_the_evidence_holds_in_an_environment_family(with_checks):
    with_checks(
        made("odd_env", Evidence("x"), family="env"), made("sure_env", Evidence("x", severity=CAUSE), family="env")
    )
    found = diagnose(HEALTHY_RUN.run)
    assert (ids(found.causes), ids(found.notes)) == (["sure_env"], ["odd_env"])
