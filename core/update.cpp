// Minibatch epochs over a rollout, and what is told of them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "learner.hpp"

namespace ppo {

constexpr double KL_MARGIN = 1.5;                                  // an update stops at this many times target_kl, as in Spinning Up and SB3
constexpr float SLOWEST = 1e-6f, FASTEST = 1e-2f, FACTOR = 1.5f;  // of the KL-adaptive learning rate (Rudin et al. 2022)

static double mean(double sum, double n) { return sum / n; }
static double variance(double sum, double squares, double n) { return std::max(0.0, squares / n - (sum / n) * (sum / n)); }

Rates Learner::rates() const {
    const Settings &s = settings;
    float left = float(1.0 - double(updates_done) / std::max(s.updates, 1)), clip = s.clip_range_linear ? left : 1.0f;
    return {adapted_rate * (s.learning_rate_schedule == Rate::linear ? left : 1.0f), s.clip_range * clip, s.clip_range_value * clip,
            s.entropy_coefficient * (s.entropy_linear ? left : 1.0f)};
}

// Brings the samples of some rows side by side by quantity, and adds their gradient to `derivative`.
void Learner::accumulate(const int *rows, int count, int whole, const Scale &scale, const Rates &rates, Sums &sums) {
    const int d = shape.observation, c = shape.components();
    float *old_log_prob = &part_[0], *gain = &part_[CHUNK], *goal = &part_[2 * CHUNK], *guess = &part_[3 * CHUNK], *taken = &part_[4 * CHUNK];
    for (int b = 0; b < count; ++b) {
        const long r = rows[b];
        std::memcpy(&rows_[long(b) * d], &observation[r * d], sizeof(float) * d);
        old_log_prob[b] = log_prob[r], gain[b] = (advantage[r] - scale.shift) * scale.factor, goal[b] = target[r], guess[b] = value[r];
        for (int k = 0; k < c; ++k)
            if (shape.gaussian()) taken[k * CHUNK + b] = action[r * c + k];
            else choices_[k * CHUNK + b] = choice[r * c + k];
    }
    if (!mask.empty()) {
        masks_.resize(size_t(shape.outputs) * CHUNK);
        for (int b = 0; b < count; ++b)
            for (int a = 0; a < shape.outputs; ++a) masks_[a * CHUNK + b] = mask[long(rows[b]) * shape.outputs + a];
    }
    Samples samples{count, CHUNK, choices_.data(), taken, mask.empty() ? nullptr : masks_.data(), old_log_prob, gain, goal, guess, sums.typical_target, sums.typical_value};
    Coefficients coefficients{rates.clip_range, rates.clip_range_value, rates.entropy_coefficient, settings.value_coefficient, 1.0f / float(whole)};
    forward(shape.actor, rows_.data(), count, z_.data(), CHUNK, hidden_[0]);
    forward(shape.critic, rows_.data(), count, v_.data(), CHUNK, hidden_[1]);
    if (keeping_) {
        for (int b = 0; b < count; ++b)
            for (int a = 0; a < shape.outputs; ++a) keeping_->outputs.push_back(z_[a * CHUNK + b]);
        keeping_->values.insert(keeping_->values.end(), v_.begin(), v_.begin() + count);
    }
    kernels().loss(shape.head(), samples, coefficients, z_.data(), v_.data(), parameters.data() + shape.log_std, dz_.data(), dv_.data(),
                   &derivative[shape.log_std], sums);
    for (int t = 0; t < 2; ++t) {
        const Tower &tower = t ? shape.critic : shape.actor;
        float *activations[MAX_HIDDEN], *scratch[] = {scratch_[0].data(), scratch_[1].data()};
        for (int i = 0; i < tower.count; ++i) activations[i] = hidden_[t][i].data();
        kernels().backward(tower, parameters.data(), turned_[t].data(), rows_.data(), d, count, activations, t ? dv_.data() : dz_.data(), CHUNK, scratch,
                           derivative.data());
    }
}

Learner::Scale Learner::advantage_scale(const int *rows, int count) const {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; ++i) sum += advantage[rows[i]];
    const double own = sum / count;
    for (int i = 0; i < count; ++i) squares += (advantage[rows[i]] - own) * (advantage[rows[i]] - own);
    return {float(own), float(1 / (std::sqrt(squares / std::max(count - 1, 1)) + 1e-8))};
}

// The gradient of the loss over some rows of the rollout, in `derivative`.
Sums Learner::gradient(const int *rows, int count, const Rates &rates, Stop *stop) {
    std::fill(derivative.begin(), derivative.end(), 0.0f);
    Sums sums{};
    sums.ratio_max = sums.ratio_min = 1, sums.typical_target = target[rows[0]], sums.typical_value = value[rows[0]];
    const Scale scale = settings.normalise_advantages == Scaling::off ? Scale{0, 1}
                        : settings.normalise_advantages == Scaling::batch ? batch_scale_ : advantage_scale(rows, count);
    for (int i = 0; i < count && !(stop && stop->asked()); i += CHUNK)
        accumulate(rows + i, std::min(CHUNK, count - i), count, scale, rates, sums);
    return sums;
}

// Clips the gradient's norm and takes one step of Adam; refuses a gradient that is not finite, and leaves the weights alone then.
void Learner::optimise(const Rates &rates) {
    auto squares = [&](long from, long to) { return kernels().squares(&derivative[from], to - from); };
    const double policy = squares(0, shape.critic_at) + (shape.gaussian() ? squares(shape.log_std, shape.size) : 0.0);
    norm_ = std::sqrt(policy + squares(shape.critic_at, shape.log_std)), policy_norm_ = std::sqrt(policy);
    if (!std::isfinite(norm_)) throw NotFinite("the gradient of " + not_finite_part() + " is not finite" + advice());
    const double most = settings.max_grad_norm, scale = most > 0 ? std::min(1.0, most / (norm_ + 1e-6)) : 1.0;
    norm_after_ = norm_ * scale;
    ++optimizer_steps;
    Step step{rates.learning_rate, 0.9f, 0.999f, settings.adam_epsilon, float(scale), 1 - std::pow(0.9, optimizer_steps), 1 - std::pow(0.999, optimizer_steps)};
    kernels().adam(step, shape.size, parameters.data(), derivative.data(), first.data(), second.data(), &moved_, &size_);
    weights_changed();
}

std::string Learner::advice() const {
    return " after " + std::to_string(optimizer_steps) +
           " optimizer steps. Look for NaN or huge numbers in observations and rewards; else lower learning_rate or set max_grad_norm.";
}

std::string Learner::not_finite_part() const {
    for (const Tensor &t : shape.tensors())
        for (long i = 0; i < t.rows * std::max(t.columns, 1L); ++i) {
            const long columns = std::max(t.columns, 1L);
            if (!std::isfinite(derivative[t.at + i / columns * t.row + i % columns * t.column])) return t.name;
        }
    return "the sum of all tensors";
}

// Every valid row once, in random order, in minibatches. False when it was stopped.
bool Learner::epoch(int number, std::vector<int> &rows, const Rates &rates, Measures &seen, Stop &stop) {
    const uint64_t key = (uint64_t(updates_done) * settings.epochs + number) << 32;
    std::array<uint32_t, 4> bits{};
    for (uint32_t i = uint32_t(rows.size()) - 1, k = 0; i > 0; --i, ++k) {  // Fisher and Yates
        if (k % 4 == 0) bits = random_.draw(Purpose::shuffle, key + k / 4);
        std::swap(rows[i], rows[(uint64_t(bits[k % 4]) * (i + 1)) >> 32]);
    }
    const long n = long(rows.size()), parts = std::min<long>(settings.minibatches, n);
    const bool stops = settings.target_kl > 0 && settings.learning_rate_schedule != Rate::kl_adaptive;
    for (long m = 0; m < parts; ++m) {
        const long from = n * m / parts, count = n * (m + 1) / parts - from, last = long(settings.epochs) * parts - 1;
        if (keep && (number == 0 || seen.minibatches == last)) {
            kept.push_back({seen.minibatches, optimizer_steps, 0, std::vector<int>(&rows[from], &rows[from] + count), {}, {}, {}});
            keeping_ = &kept.back();
            if (shape.gaussian()) keeping_->log_std.assign(&parameters[shape.log_std], &parameters[shape.log_std] + shape.outputs);
        }
        for (int k = 0; shape.gaussian() && k < shape.outputs; ++k) seen.action_std += std::exp(double(parameters[shape.log_std + k])) / shape.outputs;
        const Sums sums = gradient(&rows[from], int(count), rates, &stop);
        if (stop.asked()) return false;
        if (seen.minibatches == 0) look_inside(seen, int((count - 1) % CHUNK + 1));
        seen.kl_reached = stops && sums.kl / double(count) > KL_MARGIN * settings.target_kl;
        if (!seen.kl_reached) optimise(rates), ++seen.steps, seen.norms_of({norm_, norm_after_, std::sqrt(moved_ / std::max(size_, 1e-30)), policy_norm_});
        if (keeping_) keeping_->norm = norm_, keeping_ = nullptr;
        seen.add(sums, count);
        if (seen.kl_reached) break;
    }
    return true;
}

void Learner::Measures::add(const Sums &sums, long count) {
    if (minibatches++ == 0) first = sums, first_count = count;
    last = sums, last_count = count, samples += count;
    all.policy += sums.policy, all.error2 += sums.error2, all.entropy += sums.entropy;
    all.ratio_max = std::max(all.ratio_max, sums.ratio_max), all.ratio_min = std::min(all.ratio_min, sums.ratio_min);
    advantage_mean += mean(sums.advantage, double(count)), advantage_std += std::sqrt(variance(sums.advantage, sums.advantage2, double(count)));
}

// Dead and saturated units of the minibatch just passed (its last chunk), all hidden layers of both towers.
void Learner::look_inside(Measures &seen, int rows) const {
    double share = 0, units = 0;
    for (int t = 0; t < 2; ++t) {
        const Tower &tower = t ? shape.critic : shape.actor;
        for (int i = 0; i < tower.count; ++i) {
            const Layer &layer = tower.hidden[i];
            share += layer.out * kernels().idle(tower.relu, hidden_[t][i].data(), layer.width, rows, layer.out), units += layer.out;
        }
    }
    seen.idle = share / units;
}

bool Learner::update(Stop &stop) {
    if (!full()) throw std::logic_error("the rollout is not full yet");
    advantages();
    if (!std::all_of(value.begin(), value.end(), [](float v) { return std::isfinite(v); })) throw NotFinite("the critic's values are not finite" + advice());
    return train(rates(), stop);
}

std::vector<int> Learner::valid_rows() const {
    std::vector<int> rows;
    for (size_t r = 0; r < valid.size(); ++r)
        if (valid[r]) rows.push_back(int(r));
    if (rows.empty()) throw std::logic_error("the rollout has no valid row to train on");
    return rows;
}

void Learner::measure_advantages() {
    const std::vector<int> rows = valid_rows();
    batch_scale_ = advantage_scale(rows.data(), int(rows.size()));
}

// Epochs of minibatches over the rollout's valid rows, from `advantage` and `target`.
bool Learner::train(const Rates &now, Stop &stop) {
    const Floats before[] = {parameters, first, second};
    const long steps_before = optimizer_steps;
    std::vector<int> rows = valid_rows();
    measure_advantages();
    kept.clear(), keeping_ = nullptr;
    Measures seen;
    bool whole = true;
    for (int e = 0; e < settings.epochs && whole && !seen.kl_reached; ++e) whole = epoch(e, rows, now, seen, stop);
    at = 0, final_rows_.clear(), final_observations_.clear();
    if (!whole) {
        parameters = before[0], first = before[1], second = before[2], optimizer_steps = steps_before;
        weights_changed();
        return false;
    }
    if (settings.learning_rate_schedule == Rate::kl_adaptive) {
        const double kl = seen.last.kl / double(seen.last_count);
        if (kl > 2 * settings.target_kl) adapted_rate = std::max(SLOWEST, adapted_rate / FACTOR);
        else if (kl >= 0 && kl < settings.target_kl / 2) adapted_rate = std::min(FASTEST, adapted_rate * FACTOR);
    }
    ++updates_done;
    describe(now, seen, long(rows.size()));
    return true;
}

void Learner::describe(const Rates &rates, const Measures &seen, long samples) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    Telemetry row;
#define PPO_UNKNOWN(name) row.name = unknown;
    PPO_COLUMNS(PPO_UNKNOWN)
#undef PPO_UNKNOWN
    row.step = double(steps_taken), row.rollout_steps = double(samples);
    const size_t ended = episodes.size() - episodes_before_;
    row.episodes = double(ended);
    if (ended) row.episode_return = row.episode_length = 0;
    for (; episodes_before_ < episodes.size(); ++episodes_before_)
        row.episode_return += episodes[episodes_before_].ret / double(ended), row.episode_length += episodes[episodes_before_].length / double(ended);
    double sum = 0, squares = 0, largest = 0, zeros = 0;
    for (size_t r = 0; r < valid.size(); ++r) {
        if (!valid[r]) continue;
        const double x = reward[r];
        sum += x, squares += x * x, largest = std::max(largest, std::abs(x)), zeros += x == 0;
    }
    const double n = double(samples), b = double(seen.samples), m = double(seen.minibatches), steps = double(seen.steps), f = double(seen.first_count), l = double(seen.last_count);
    row.reward_mean = mean(sum, n), row.reward_std = std::sqrt(variance(sum, squares, n)), row.reward_abs_max = largest, row.reward_zero_share = zeros / n;
    describe_actions(row);
    if (shape.gaussian()) row.action_std = seen.action_std / m;
    row.policy_loss = seen.all.policy / b, row.value_loss = seen.all.error2 / b, row.entropy = seen.all.entropy / b;
    if (!shape.gaussian()) {
        double most = 0;
        for (int options : shape.choices) most += std::log(double(options));
        row.entropy_share = row.entropy / most;
    }
    const Sums &first = seen.first, &last = seen.last;
    row.approx_kl = last.kl / l, row.clip_fraction = last.clipped / l, row.ratio_first = first.off / f;
    row.ratio_max = seen.all.ratio_max, row.ratio_min = seen.all.ratio_min;
    row.advantage_mean = seen.advantage_mean / m, row.advantage_std = seen.advantage_std / m;
    const double both = variance(last.log_ratio, last.log_ratio2, l) * variance(last.advantage, last.advantage2, l);
    if (both > 0) row.gain_corr = (last.gain / l - mean(last.log_ratio, l) * mean(last.advantage, l)) / std::sqrt(both);
    const double spread = variance(first.target, first.target2, f);
    if (spread > 0) row.explained_variance = 1 - variance(first.error, first.error2, f) / spread;
    row.value_mean = first.typical_value + mean(first.guess, f), row.value_std = std::sqrt(variance(first.guess, first.guess2, f));
    row.target_mean = first.typical_target + mean(first.target, f), row.target_std = std::sqrt(spread), row.target_abs_max = first.target_abs;
    if (seen.steps > 0) {  // none where the divergence was too large before the first
        row.grad_norm = seen.norms[0] / steps, row.grad_norm_after = seen.norms[1] / steps, row.update_size = seen.norms[2] / steps;
        if (rates.entropy_coefficient == 0) row.policy_grad_norm = seen.norms[3] / steps;  // else the bonus is in it
    }
    row.learning_rate = rates.learning_rate, row.optimizer_steps = row.backwards = double(seen.steps), row.minibatch_size = f;
    (shape.actor.relu ? row.dead_share : row.saturated_share) = seen.idle;
    telemetry.push_back(row);
}

void Learner::describe_actions(Telemetry &row) const {
    const size_t c = size_t(shape.components());
    if (!shape.gaussian()) {
        if (c > 1) return;
        std::vector<double> count(shape.choices[0], 0);
        for (size_t r = 0; r < valid.size(); ++r) count[choice[r]] += valid[r];
        row.action_mode_share = *std::max_element(count.begin(), count.end()) / std::accumulate(count.begin(), count.end(), 0.0);
        return;
    }
    double outside = 0, seen = 0;
    if (low.size() != c) return;
    for (size_t r = 0; r < valid.size(); ++r)
        for (size_t k = 0; valid[r] && k < c; ++k) outside += action[r * c + k] <= low[k] || action[r * c + k] >= high[k], ++seen;
    row.action_bound_share = outside / seen;
}

}  // namespace ppo
