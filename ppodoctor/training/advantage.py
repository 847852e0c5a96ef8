"""Advantages of a rollout: GAE, n-step, and smoothing. Time is the first axis, environments the second.

Every function takes numpy arrays or torch tensors and gives back what it was given. What an episode's end means is said
once, by `endings`: a true end has no future, a cut one has a future that this rollout does not show.
"""

from __future__ import annotations

from typing import Any

Array = Any
"""numpy.ndarray or torch.Tensor."""


def endings(terminated: Array, truncated: Array, gamma: float, gae_lambda: float) -> tuple[Array, Array]:
    """(discount, carry) [T, N] as `gae` takes them.

    Args:
        terminated: [T, N] bool, true ends: the next state is worth nothing.
        truncated: [T, N] bool, cut off (a time limit): the next state is worth what the critic says.
        gamma: Discount per step.
        gae_lambda: Lambda of GAE; 1 for n-step advantages.
    """
    zero = terminated * 0.0  # of the kind that was given
    discount = zero + gamma
    carry = zero + gamma * gae_lambda
    discount[terminated] = 0.0
    carry[terminated | truncated] = 0.0
    return discount, carry


def gae(reward: Array, value: Array, next_value: Array, discount: Array, carry: Array) -> Array:
    """Generalised advantage estimates [T, N] (Schulman et al. 2016, equation 16).

        delta[t] = reward[t] + discount[t] * next_value[t] - value[t]
        advantage[t] = delta[t] + carry[t] * advantage[t + 1]

    Args:
        reward: [T, N] reward of the step taken at t.
        value: [T, N] the critic at what the policy acted on.
        next_value: [T, N] the critic at the true successor: at an episode's end the final observation, never the first
            one of the next episode; at the last row what the next rollout begins with.
        discount: [T, N] gamma, or 0 after a true end.
        carry: [T, N] gamma * lambda, or 0 wherever an episode ended, of itself or cut.
    """
    surprise = reward + discount * next_value - value
    return discounted_sum_backwards(surprise, carry)


def discounted_sum_backwards(amount: Array, carry: Array) -> Array:
    """[T, N]: total[t] = amount[t] + carry[t] * total[t + 1], nothing behind the last row."""
    total = amount * 1
    for t in range(len(total) - 2, -1, -1):
        total[t] += carry[t] * total[t + 1]
    return total


def n_step(reward: Array, value: Array, next_value: Array, endings: tuple[Array, Array], steps: int) -> Array:
    """Advantages [T, N] from `steps` rewards and then the critic (Mnih et al. 2016, section 4).

    Shorter at an episode's end and at the end of the rollout, where the critic takes over earlier. Arguments as `gae`;
    `endings` is what the function of that name gives for lambda 1.
    """
    discount, carry = endings
    surprise = reward + discount * next_value - value
    total = surprise * 1
    # the sum of k surprises from t on is one surprise and the sum of k - 1 surprises from t + 1 on
    for _ in range(min(steps, len(total)) - 1):
        following = total[1:] * carry[:-1]
        total = surprise * 1
        total[:-1] += following
    return total


def smooth(advantage: Array, ended: Array, window: int) -> Array:
    """Moving average [T, N] over `window` samples of one episode, centred; smoothing, not bootstrapping.

    Args:
        advantage: [T, N].
        ended: [T, N] bool, terminated | truncated: an average never reaches over such a row into the next.
        window: Samples in an average, an odd number; near an episode's or the rollout's end those that there are.
    """
    total, count = advantage * 1, advantage * 0 + 1
    reach = window // 2
    same = 1.0 - ended[:-1] * 1.0  # does row t + 1 continue row t's episode?
    together = same
    for lag in range(1, min(reach, len(advantage) - 1) + 1):
        if lag > 1:
            together = together[:-1] * same[lag - 1 :]
        total[:-lag] += together * advantage[lag:]
        total[lag:] += together * advantage[:-lag]
        count[:-lag] += together
        count[lag:] += together
    return total / count
