// The PPO loss and its derivative by the networks' outputs, for a vector of samples at a time. Part of kernels.cpp.
// Schulman et al. 2017, equation 7 (clipped surrogate) and 9 (with value loss and entropy bonus).
#pragma once
#include "network.hpp"
#include "vec.hpp"

namespace ppo {
namespace PPO_ISA {

constexpr float HALF_LOG_2PI = 0.91893853320467274f;
constexpr float MASKED = -1e8f;  // a masked logit: its probability and every derivative by it are exactly 0

inline vf masked(const float *z, const float *mask, long at) {
    return mask ? select(load(mask + at) > 0.5f, load(z + at), splat(MASKED)) : load(z + at);
}

// The largest logit of one choice, and the sum of e^(z - largest).
inline vf normaliser(const float *z, const float *mask, int n, long ld, vf &largest) {
    largest = masked(z, mask, 0);
    for (int a = 1; a < n; ++a) {
        vf x = masked(z, mask, a * ld);
        largest = select(x > largest, x, largest);
    }
    vf sum = {};
    for (int a = 0; a < n; ++a) sum += exp(masked(z, mask, a * ld) - largest);
    return sum;
}

// Adds one choice's log-probability and entropy; leaves p_a in dz and log p_a in its place of `logs`.
inline void choose(const float *z, const float *mask, int n, long ld, vi chosen, vf &log_prob, vf &entropy, float *probability, float *logs) {
    vf largest, sum = normaliser(z, mask, n, ld, largest), log_sum = log(sum), inverse = 1.0f / sum;
    for (int a = 0; a < n; ++a) {
        vf shifted = masked(z, mask, a * ld) - largest, p = exp(shifted) * inverse, l = shifted - log_sum;
        store(probability + a * ld, p);
        store(logs + a * ld, l);
        log_prob += select(chosen == a, l, vf{});
        entropy -= p * l;
    }
}

struct Accumulators {  // of one chunk; float lanes are exact enough for at most CHUNK / W terms each
    vf policy, value_loss, entropy, kl, clipped, off, log_ratio, log_ratio2, gain, advantage, advantage2;
    vf error, error2, guess, guess2, target, target2;
};

// The surrogate and its derivative by log_prob; telemetry on the way.
inline vf surrogate(vf log_prob, vf old, vf advantage, float clip, vi live, Accumulators &sum, vf &high, vf &low) {
    vf difference = select(live, log_prob - old, vf{}), ratio = exp(difference);
    vf bounded = least(most(ratio, splat(1.0f + clip)), splat(1.0f - clip));
    vf plain = advantage * ratio, limited = advantage * bounded;
    vi flat = limited < plain;  // the minimum is the clipped one, which does not move
    advantage = select(live, advantage, vf{});
    vf objective = select(flat, limited, plain);
    sum.policy -= select(live, objective, vf{});
    sum.kl += (ratio - 1.0f) - difference;
    sum.clipped += select(absolute(ratio - 1.0f) > clip, splat(1.0f), vf{});
    sum.off += absolute(ratio - 1.0f);
    sum.log_ratio += difference;
    sum.log_ratio2 += square(difference);
    sum.gain += difference * advantage;
    sum.advantage += advantage;
    sum.advantage2 += square(advantage);
    high = select(ratio > high, ratio, high);
    low = select(ratio < low, ratio, low);
    return select(live, select(flat, vf{}, -plain), vf{});
}

// The squared error of the value, clipped around the old value when value_clip > 0, and its derivative.
inline vf value_error(vf value, vf old, vf target, const Coefficients &c, const Samples &s, vi live, Accumulators &sum, vf &largest) {
    vf error = value - target, loss = square(error), slope = 2.0f * error;
    if (c.value_clip > 0) {
        vf change = value - old, bounded = least(most(change, splat(c.value_clip)), splat(-c.value_clip));
        vf other = old + bounded - target;
        vi worse = square(other) > loss;
        loss = select(worse, square(other), loss);
        slope = select(worse, select(absolute(change) <= c.value_clip, 2.0f * other, vf{}), slope);
    }
    largest = select(live & (absolute(target) > largest), absolute(target), largest);
    value = select(live, value - s.typical_value, vf{}), target = select(live, target - s.typical_target, vf{}), error = select(live, error, vf{});
    sum.value_loss += select(live, loss, vf{});
    sum.error += error, sum.error2 += square(error);
    sum.guess += value, sum.guess2 += square(value);
    sum.target += target, sum.target2 += square(target);
    return select(live, slope, vf{});
}

inline void drain(const Accumulators &from, vf high, vf low, vf largest, Sums &sums) {
    const vf *part = &from.policy;
    double *whole = &sums.policy;
    for (unsigned i = 0; i < sizeof(Accumulators) / sizeof(vf); ++i) whole[i] += total(part[i]);
    for (int i = 0; i < W; ++i) {
        if (high[i] > sums.ratio_max) sums.ratio_max = high[i];
        if (low[i] < sums.ratio_min) sums.ratio_min = low[i];
        if (largest[i] > sums.target_abs) sums.target_abs = largest[i];
    }
}

inline void loss(const Head &head, const Samples &s, const Coefficients &c, const float *z, const float *value, const float *log_std, float *dz,
                 float *dvalue, float *dlog_std, Sums &sums) {
    Accumulators sum = {};
    vf high = splat(1.0f), low = splat(1.0f), largest = {};
    const long ld = s.ld;
    for (int b = 0; b < s.rows; b += W) {
        vi live = lanes() + b < s.rows;
        vf log_prob = {}, entropy = {}, advantage = load(s.advantage + b);
        const float *mask = s.mask ? s.mask + b : nullptr;
        long first = 0;
        if (!head.gaussian)
            for (int i = 0; i < head.components; first += head.sizes[i++] * ld)
                choose(z + first + b, mask ? mask + first : nullptr, head.sizes[i], ld, load(s.choice + i * ld + b), log_prob, entropy,
                       dz + first + b, dz + head.outputs * ld + first + b);
        else
            for (int i = 0; i < head.components; ++i, first += ld) {
                vf far = (load(s.action + first + b) - load(z + first + b)) * exp(splat(-log_std[i]));
                log_prob -= 0.5f * square(far) + (log_std[i] + HALF_LOG_2PI);
                entropy += splat(0.5f + HALF_LOG_2PI + log_std[i]);
            }
        sum.entropy += select(live, entropy, vf{});
        vf slope = surrogate(log_prob, load(s.log_prob + b), advantage, c.clip, live, sum, high, low) * c.share;
        first = 0;
        if (!head.gaussian) {
            for (int i = 0; i < head.components; ++i) {
                vi chosen = load(s.choice + i * ld + b);
                vf own = {};  // the entropy of this choice alone: its derivative by z_a is -p_a (log p_a + H)
                for (int a = 0; a < head.sizes[i]; ++a) own -= load(dz + first + a * ld + b) * load(dz + (head.outputs * ld) + first + a * ld + b);
                for (int a = 0; a < head.sizes[i]; ++a, first += ld) {
                    vf p = load(dz + first + b), l = load(dz + head.outputs * ld + first + b);
                    vf d = slope * (select(chosen == a, splat(1.0f), vf{}) - p) + c.entropy * c.share * p * (l + own);
                    store(dz + first + b, select(live, d, vf{}));
                }
            }
        } else {
            for (int i = 0; i < head.components; ++i, first += ld) {
                vf inverse = exp(splat(-log_std[i])), far = (load(s.action + first + b) - load(z + first + b)) * inverse;
                store(dz + first + b, slope * far * inverse);
                vf d = slope * (square(far) - 1.0f) - c.entropy * c.share;
                dlog_std[i] += total(select(live, d, vf{}));
            }
        }
        vf error = value_error(load(value + b), load(s.value + b), load(s.target + b), c, s, live, sum, largest);
        store(dvalue + b, error * (c.value * c.share));
    }
    drain(sum, high, low, largest, sums);
}

inline void act(const Head &head, int rows, int ld, const float *z, const float *mask, const float *log_std, const float *noise, int *choice,
                float *action, float *log_prob) {
    for (int b = 0; b < rows; b += W) {
        vf log_p = {};
        long first = 0;
        for (int i = 0; i < head.components; ++i) {
            vf random = load(noise + i * ld + b);
            if (head.gaussian) {
                vf a = load(z + first + b) + exp(splat(log_std[i])) * random;
                store(action + first + b, a);
                vf far = (a - load(z + first + b)) * exp(splat(-log_std[i]));  // from the rounded action, as the update will see it
                log_p -= 0.5f * square(far) + (log_std[i] + HALF_LOG_2PI);
                first += ld;
                continue;
            }
            const float *part = z + first + b, *allowed = mask ? mask + first + b : nullptr;
            vf largest, sum = normaliser(part, allowed, head.sizes[i], ld, largest), log_sum = log(sum), reached = {}, at = random * sum;
            vi chosen = {};
            for (int a = 0; a < head.sizes[i]; ++a) {  // inverse of the cumulative distribution; a masked choice adds exactly 0
                reached += exp(masked(part, allowed, a * ld) - largest);
                chosen -= reached <= at;
            }
            vf picked = {};
            for (int a = 0; a < head.sizes[i]; ++a) picked += select(chosen == a, masked(part, allowed, a * ld), vf{});
            log_p += picked - largest - log_sum;
            store(choice + i * ld + b, chosen);
            first += head.sizes[i] * ld;
        }
        store(log_prob + b, log_p);
    }
}

}  // namespace PPO_ISA
}  // namespace ppo
