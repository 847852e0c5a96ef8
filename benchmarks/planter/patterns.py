"""Where a PPO script says what: the constructs that faults are planted in, found by shape and not by script."""

from __future__ import annotations

import ast

from .source import PlantError, Source, Spot, called_name, names_in


def is_binary(node: ast.AST, kind: type[ast.operator]) -> bool:
    """Whether a node is a binary operation of this kind."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, kind)


def surrogate(source: Source) -> Spot:
    """The minimum of the two products: `torch.min(a, b)` or `torch.minimum(a, b)`."""
    return source.one("minimum of two surrogates", lambda n: called_name(n) in {"min", "minimum"} and len(n.args) == 2)


def clamps(source: Source) -> list[Spot]:
    """The clamp of the ratio, with bounds `1 - eps` and `1 + eps`."""

    def is_ratio_clamp(node: ast.AST) -> bool:
        if called_name(node) not in {"clamp", "clip"} or len(node.args) < 2:
            return False
        low, high = node.args[-2:]
        return is_binary(low, ast.Sub) and is_binary(high, ast.Add) and all(_starts_at_one(b) for b in (low, high))

    found = source.spots(is_ratio_clamp)
    if not found:
        raise PlantError("no clamp between 1 - eps and 1 + eps")
    return found


def _starts_at_one(bound: ast.BinOp) -> bool:
    return isinstance(bound.left, ast.Constant) and bound.left.value == 1


def clamp_parts(source: Source, spot: Spot) -> tuple[str, str, str]:
    """What a clamp is applied to, and the texts of its lower and upper bound."""
    call = spot.node
    inner = call.args[0] if len(call.args) == 3 else call.func.value
    low, high = call.args[-2:]
    return source.text(spot, inner), source.text(spot, low), source.text(spot, high)


def ratio(source: Source) -> tuple[Spot, str, str]:
    """The exponential of a difference of log-probabilities; the texts of the new and the old one."""

    def difference(node: ast.AST) -> ast.BinOp | None:
        if called_name(node) != "exp":
            return None
        inner = node.args[0] if node.args else node.func.value
        return inner if is_binary(inner, ast.Sub) else None

    spot = source.one("exponential of a difference", lambda n: difference(n) is not None)
    inner = difference(spot.node)
    return spot, source.text(spot, inner.left), source.text(spot, inner.right)


def entropy_term(source: Source) -> Spot:
    """The subtraction of the entropy bonus from the loss."""

    def is_bonus(node: ast.AST) -> bool:
        if not is_binary(node, ast.Sub) or not is_binary(node.right, ast.Mult):
            return False
        return any("entropy" in name.lower() or name.lower().startswith("ent_") for name in names_in(node.right))

    return source.one("subtraction of an entropy bonus", is_bonus)


def negated_surrogate(source: Source) -> Spot:
    """The minus sign that turns the surrogate objective into a loss, with its operand."""
    objectives = {
        node.targets[0].id
        for text in source.files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _has_minimum(node.value)
    }

    def is_negated(node: ast.AST) -> bool:
        if not (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)):
            return False
        return _has_minimum(node.operand) or bool(objectives & set(names_in(node.operand)))

    return source.one("negated minimum of two surrogates", is_negated)


def _has_minimum(node: ast.AST) -> bool:
    return any(called_name(n) in {"min", "minimum"} and len(n.args) == 2 for n in ast.walk(node)) and not any(
        isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) and not isinstance(n.operand, ast.Constant)
        for n in ast.walk(node)
    )


def statements_calling(source: Source, *names: str) -> list[Spot]:
    """Statements that are one call of one of these names and nothing else."""
    found = source.spots(lambda n: isinstance(n, ast.Expr) and called_name(n.value) in names)
    if not found:
        raise PlantError(f"no statement that calls {' or '.join(names)}")
    return found


def normalisation(source: Source) -> tuple[Spot, str]:
    """The quotient `(a - a.mean()) / (a.std() + tiny)` and the text of `a`."""

    def is_quotient(node: ast.AST) -> bool:
        return (
            is_binary(node, ast.Div)
            and is_binary(node.left, ast.Sub)
            and any(called_name(n) == "mean" for n in ast.walk(node.left.right))
            and any(called_name(n) == "std" for n in ast.walk(node.right))
        )

    spot = source.one("normalisation of advantages", is_quotient)
    return spot, source.text(spot, spot.node.left.left)


def summed_log_probs(source: Source) -> list[Spot]:
    """Calls of `sum` on a log-probability: `dist.log_prob(a).sum(-1)`, or on a density of one's own."""

    def is_sum(node: ast.AST) -> bool:
        if called_name(node) != "sum" or not isinstance(node.func, ast.Attribute):
            return False
        return any("log_prob" in name or "log_density" in name for name in names_in(node.func.value))

    found = source.spots(is_sum)
    if not found:
        raise PlantError("no log-probability summed over action dimensions")
    return found


def environment_calls(source: Source, *factories: str) -> list[Spot]:
    """Calls that make a training environment."""
    found = source.spots(lambda n: called_name(n) in factories)
    if not found:
        raise PlantError(f"no call of {' or '.join(factories)}")
    return found


def shorten_episodes(source: Source, steps: int) -> None:
    """Gives the environments that `gym.make` makes a time limit that is soon met: no fault in itself.

    Without it a fault in the treatment of the time limit would not be in a young run at all.
    """
    for spot in reversed(environment_calls(source, "make")):
        source.swap(spot, source.text(spot).removesuffix(")") + f", max_episode_steps={steps})")
