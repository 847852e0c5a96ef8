// Acting, remembering what came of it, and advantages.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "learner.hpp"

namespace ppo {

constexpr double LIMIT = 10;  // normalised numbers are cut off here, so that one outlier does not decide an update

template <class T>
void Moments::learn(const T *rows, int n) {
    const int size = int(mean.size());
    for (int d = 0; d < size; ++d) {
        double sum = 0, squares = 0;
        for (int i = 0; i < n; ++i) sum += rows[long(i) * size + d];
        double own = sum / n;
        for (int i = 0; i < n; ++i) squares += (rows[long(i) * size + d] - own) * (rows[long(i) * size + d] - own);
        double total = count + n, shift = own - mean[d];
        var[d] = (var[d] * count + squares + shift * shift * (count * n / total)) / total;
        mean[d] += shift * (n / total);
    }
    count += n;
}

Learner::Learner(Settings s, Shape shape_)
    : settings(s), shape(std::move(shape_)), adapted_rate(s.learning_rate), observation_moments(shape.observation), reward_moments(1), random_(s.seed) {
    const long rows = long(s.num_envs) * s.rollout_steps, d = shape.observation, c = shape.components(), n = padded(s.num_envs);
    parameters = shape.initial(s.seed, s.orthogonal_init, s.log_std_init);
    for (Floats *one : {&derivative, &first, &second}) one->assign(shape.size, 0.0f);
    for (Floats *one : {&log_prob, &value, &next_value, &reward, &advantage, &target}) one->assign(rows + LINE, 0.0f);
    observation.assign(rows * d + LINE, 0.0f), current.assign(s.num_envs * d, 0.0f), raw_current = current;
    if (shape.gaussian()) action.assign(rows * c, 0.0f), act_action.assign(c * n, 0.0f);
    else choice.assign(rows * c, 0), act_choice.assign(c * n, 0);
    for (auto *one : {&terminated, &truncated}) one->assign(rows, 0);
    valid.assign(rows, 1);
    noise_.assign(c * n, 0.0f), logits_.assign(shape.outputs * n, 0.0f), act_log_prob_.assign(n, 0.0f);
    discounted.assign(s.num_envs, 0), raw_return.assign(s.num_envs, 0), length.assign(s.num_envs, 0);
    for (int t = 0; t < 2; ++t) {
        const Tower &tower = t ? shape.critic : shape.actor;
        for (int i = 0; i < tower.count; ++i) hidden_[t][i].assign(CHUNK * tower.hidden[i].width, 0.0f);
        scratch_[t].assign(CHUNK * shape.widest, 0.0f);
        turned_[t].assign(std::max(shape.turned, 1L), 0.0f);
    }
    z_.assign(shape.outputs * CHUNK, 0.0f), dz_.assign(2 * shape.outputs * CHUNK, 0.0f), dlog_std_.assign(padded(shape.outputs), 0.0f);
    v_.assign(CHUNK, 0.0f), dv_.assign(CHUNK, 0.0f), rows_.assign(CHUNK * d, 0.0f), part_.assign((4 + c) * CHUNK, 0.0f), choices_.assign(c * CHUNK, 0);
    weights_changed();
}

void Learner::weights_changed() {
    kernels().turn(shape.actor, parameters.data(), turned_[0].data());
    kernels().turn(shape.critic, parameters.data(), turned_[1].data());
}

// Outputs of one tower for any number of rows: z [outputs, ld].
void Learner::forward(const Tower &tower, const float *x, int rows, float *z, int ld, Floats *hidden) {
    float *activations[MAX_HIDDEN];
    for (int i = 0; i < tower.count; ++i) activations[i] = hidden[i].data();
    for (int b = 0; b < rows; b += CHUNK)
        kernels().forward(tower, parameters.data(), x + long(b) * shape.observation, shape.observation, std::min(CHUNK, rows - b), activations, z + b, ld);
}

void Learner::values_of(const float *x, long rows, float *out) { forward(shape.critic, x, int(rows), out, 0, hidden_[1]); }

void Learner::normalise(const float *from, float *to, int rows) const {
    const int size = shape.observation;
    if (!settings.normalise_observations) {
        if (from != to) std::memcpy(to, from, sizeof(float) * rows * size);
        return;
    }
    for (int d = 0; d < size; ++d) {
        float mean = float(observation_moments.mean[d]), inverse = float(1 / std::sqrt(observation_moments.var[d] + 1e-8));
        for (int i = 0; i < rows; ++i) to[i * size + d] = std::clamp((from[i * size + d] - mean) * inverse, float(-LIMIT), float(LIMIT));
    }
}

static void check(const float *x, long n, const char *what, long width) {
    for (long i = 0; i < n; ++i)
        if (!std::isfinite(x[i]))
            throw NotFinite(std::string(what) + " of environment " + std::to_string(i / width) + " is " + (std::isnan(x[i]) ? "NaN" : "infinite") +
                            (width > 1 ? " at index " + std::to_string(i % width) : ""));
}

void Learner::start(const float *observation) {
    const int n = settings.num_envs;
    check(observation, long(n) * shape.observation, "the observation", shape.observation);
    if (settings.normalise_observations) observation_moments.learn(observation, n);
    normalise(observation, current.data(), n);
    std::copy_n(observation, raw_current.size(), raw_current.begin());
    std::fill(discounted.begin(), discounted.end(), 0.0), std::fill(raw_return.begin(), raw_return.end(), 0.0), std::fill(length.begin(), length.end(), 0);
    at = 0, final_rows_.clear(), final_observations_.clear();
}

// Samples actions for logits_ or means; draw number `which` of every environment.
void Learner::draw(int rows, uint64_t which, const float *allowed) {
    const int c = shape.components(), ld = int(padded(rows)), blocks = (c + 3) / 4;
    for (int i = 0; i < rows; ++i)
        for (int k = 0; k < c; k += 4) {
            auto bits = random_.draw(Purpose::actions, which * blocks + k / 4, i);
            auto one = normals(bits[0], bits[1]), two = shape.gaussian() && c > k + 2 ? normals(bits[2], bits[3]) : one;
            float normal[] = {one[0], one[1], two[0], two[1]};
            for (int j = k; j < std::min(c, k + 4); ++j) noise_[j * ld + i] = shape.gaussian() ? normal[j - k] : uniform(bits[j - k]);
        }
    kernels().act(shape.head(), rows, ld, logits_.data(), allowed, parameters.data() + shape.log_std, noise_.data(), act_choice.data(),
                  act_action.data(), act_log_prob_.data());
}

void Learner::act(const uint8_t *allowed) {
    if (full()) throw std::logic_error("the rollout is full; update before acting again");
    const int n = settings.num_envs, c = shape.components(), ld = int(padded(n));
    const long row = long(at) * n;
    std::memcpy(&observation[row * shape.observation], current.data(), sizeof(float) * n * shape.observation);
    if (allowed) {
        if (mask.empty()) mask.assign(size_t(n) * settings.rollout_steps * shape.outputs, 1), act_mask_.assign(shape.outputs * ld, 1.0f);
        std::memcpy(&mask[row * shape.outputs], allowed, size_t(n) * shape.outputs);
        for (int i = 0; i < n; ++i)
            for (int a = 0; a < shape.outputs; ++a) act_mask_[a * ld + i] = allowed[i * shape.outputs + a] ? 1.0f : 0.0f;
    }
    forward(shape.actor, current.data(), n, logits_.data(), ld, hidden_[0]);
    draw(n, uint64_t(updates_done) * settings.rollout_steps + at, allowed ? act_mask_.data() : nullptr);
    for (int k = 0; k < c; ++k)
        for (int i = 0; i < n; ++i)
            if (shape.gaussian()) action[(row + i) * c + k] = act_action[k * ld + i];
            else choice[(row + i) * c + k] = act_choice[k * ld + i];
    std::memcpy(&log_prob[row], act_log_prob_.data(), sizeof(float) * n);
    if (!keep) return;
    const size_t rows = size_t(n) * settings.rollout_steps;
    for (Floats *one : {&raw_observation, &final_observation}) one->resize(rows * shape.observation);
    outputs.resize(rows * shape.outputs), raw_reward.resize(rows);
    std::copy_n(raw_current.begin(), raw_current.size(), &raw_observation[row * shape.observation]);
    for (int i = 0; i < n; ++i)
        for (int a = 0; a < shape.outputs; ++a) outputs[(row + i) * shape.outputs + a] = logits_[a * ld + i];
}

// What a step brought, before the observation that follows: rewards, ends, and the returns of the episodes.
void Learner::remember(const float *got, const uint8_t *dead, const uint8_t *cut, const uint8_t *good) {
    const int n = settings.num_envs;
    const long row = long(at) * n;
    check(got, n, "the reward", 1);
    steps_taken += n;
    for (int i = 0; i < n; ++i) {
        terminated[row + i] = dead[i], truncated[row + i] = cut[i], valid[row + i] = good ? good[i] : 1;
        raw_return[i] += got[i], length[i] += valid[row + i];
        discounted[i] = discounted[i] * settings.gamma + got[i];
        if (dead[i] || cut[i]) {
            episodes.push_back({double(steps_taken), double(i), double(updates_done), raw_return[i], double(length[i]), double(dead[i]), double(cut[i])});
            raw_return[i] = 0, length[i] = 0;
        }
    }
    std::memcpy(&reward[row], got, sizeof(float) * n);
    if (!settings.normalise_rewards) return;
    reward_moments.learn(discounted.data(), n);
    double inverse = 1 / std::sqrt(reward_moments.var[0] + 1e-8);
    for (int i = 0; i < n; ++i) {
        reward[row + i] = float(std::clamp(got[i] * inverse, -LIMIT, LIMIT));
        if (dead[i] || cut[i]) discounted[i] = 0;
    }
}

void Learner::observe(const float *next, const float *got, const uint8_t *dead, const uint8_t *cut, const uint8_t *good, const float *final) {
    if (full()) throw std::logic_error("the rollout is full; update before observing again");
    const int n = settings.num_envs, d = shape.observation;
    check(next, long(n) * d, "the observation", d);
    remember(got, dead, cut, good);
    if (settings.normalise_observations) observation_moments.learn(next, n);
    for (int i = 0; i < n; ++i) {
        const long row = long(at) * n + i;
        if (keep && !raw_reward.empty() && final && (cut[i] || dead[i])) normalise(final + long(i) * d, &final_observation[row * d], 1);
        if (!cut[i] || dead[i]) continue;  // only a cut episode has a future to be estimated
        if (!final) throw std::invalid_argument("an episode was truncated; its final observation is needed to bootstrap from");
        check(final + long(i) * d, d, "the final observation", d);
        final_rows_.push_back(int(row));
        final_observations_.resize(final_rows_.size() * d);
        normalise(final + long(i) * d, &final_observations_[(final_rows_.size() - 1) * d], 1);
    }
    normalise(next, current.data(), n);
    std::copy_n(next, raw_current.size(), raw_current.begin());
    if (keep && !raw_reward.empty()) std::copy_n(got, n, &raw_reward[long(at) * n]);
    ++at;
}

void Learner::attach(std::unique_ptr<Tasks> given) {
    tasks = std::move(given);
    std::vector<float> seen(current.size());
    for (int i = 0; i < settings.num_envs; ++i) reset_task(i, 0, &seen[long(i) * shape.observation]);
    start(seen.data());
}

void Learner::reset_task(int i, uint64_t which, float *seen) {
    auto a = random_.draw(Purpose::reset, 2 * which, i), b = random_.draw(Purpose::reset, 2 * which + 1, i);
    double u[] = {uniform(a[0], a[1]), uniform(a[2], a[3]), uniform(b[0], b[1]), uniform(b[2], b[3])};
    tasks->reset(i, u), tasks->observe(i, seen);
}

// One step of every native environment; a finished one begins again at once.
void Learner::step_tasks() {
    const int n = settings.num_envs, d = shape.observation;
    const TaskFacts &facts = tasks->facts();
    if (shape.gaussian())  // what follows of such an action would be blamed on the environment
        for (int i = 0; i < n; ++i)
            if (!std::isfinite(act_action[i])) throw NotFinite("the action for environment " + std::to_string(i) + " is not finite" + advice());
    thread_local std::vector<float> next, got, last;
    thread_local std::vector<uint8_t> dead, cut;
    next.resize(n * d), last.resize(n * d), got.resize(n), dead.resize(n), cut.resize(n);
    for (int i = 0; i < n; ++i) {
        float force = facts.choices ? 0.0f : std::clamp(act_action[i], facts.low, facts.high);
        Outcome outcome = tasks->step(i, facts.choices ? act_choice[i] : 0, force);
        got[i] = float(outcome.reward), dead[i] = outcome.terminated, cut[i] = length[i] + 1 >= facts.limit;
        tasks->observe(i, &next[i * d]);
        if (!dead[i] && !cut[i]) continue;
        std::memcpy(&last[i * d], &next[i * d], sizeof(float) * d);
        reset_task(i, 1 + uint64_t(updates_done) * settings.rollout_steps + at, &next[i * d]);
    }
    observe(next.data(), got.data(), dead.data(), cut.data(), nullptr, last.data());
}

bool Learner::advance(int updates, Stop &stop) {
    for (int u = 0; u < updates; ++u) {
        // what a rollout moves: when it is stopped halfway, the next one begins where this one did
        const World before{tasks->states, discounted, raw_return, length, current, raw_current, observation_moments, reward_moments, steps_taken, episodes.size()};
        while (!full() && !stop.asked()) act(nullptr), step_tasks();
        if (full() && update(stop)) continue;
        tasks->states = before.states, discounted = before.discounted, raw_return = before.raw_return, length = before.length;
        current = before.current, raw_current = before.raw_current, observation_moments = before.observation, reward_moments = before.reward;
        steps_taken = before.steps, episodes.resize(before.episodes), at = 0, final_rows_.clear(), final_observations_.clear();
        return false;
    }
    return true;
}

// Schulman et al. 2016, equation 16; with n_step, so many surprises without lambda (Mnih et al. 2016, section 4).
void Learner::advantages() {
    const int n = settings.num_envs, steps = settings.rollout_steps;
    const long rows = long(n) * steps;
    values_of(observation.data(), rows, value.data());
    Floats surprise(rows), last(final_rows_.size()), &next = next_value;
    std::copy(value.begin() + n, value.begin() + rows, next.begin());
    values_of(current.data(), n, &next[rows - n]);
    if (!final_rows_.empty()) values_of(final_observations_.data(), long(last.size()), last.data());
    for (size_t k = 0; k < last.size(); ++k) next[final_rows_[k]] = last[k];
    const bool gae = settings.n_step == 0;
    const float carry = gae ? settings.gamma * settings.gae_lambda : settings.gamma;
    auto ended = [&](long r) { return terminated[r] || truncated[r]; };
    for (long r = rows - 1; r >= 0; --r) {
        surprise[r] = reward[r] + (terminated[r] ? 0.0f : settings.gamma * next[r]) - value[r];
        advantage[r] = surprise[r] + (r + n < rows && !ended(r) ? carry * advantage[r + n] : 0.0f);
    }
    for (long r = 0; r < rows && !gae; ++r) {
        float weight = 1, sum = surprise[r];
        long at = r;
        for (int k = 1; k < settings.n_step && at + n < rows && !ended(at); ++k) at += n, weight *= carry, sum += weight * surprise[at];
        advantage[r] = sum;
    }
    for (long r = 0; r < rows; ++r) target[r] = advantage[r] + value[r];
    if (settings.advantage_smoothing <= 1) return;
    Floats plain = advantage;  // a moving average that never reaches over an episode's end or the row of a reset
    auto apart = [&](long r) { return ended(r) || !valid[r]; };
    for (long r = 0; r < rows; ++r) {
        float sum = plain[r];
        int count = 1, reach = settings.advantage_smoothing / 2;
        long at = r;
        for (int k = 0; k < reach && at + n < rows && !apart(at); ++k) at += n, sum += plain[at], ++count;
        at = r;
        for (int k = 0; k < reach && at >= n && !apart(at - n); ++k) at -= n, sum += plain[at], ++count;
        advantage[r] = sum / float(count);
    }
}

// Outputs [rows, outputs] of the actor and values [rows] of the critic, normaliser standing still.
void Learner::evaluate(const float *seen, int rows, float *out, float *values) {
    const int ld = int(padded(rows));
    Floats x(size_t(rows) * shape.observation), z(size_t(shape.outputs) * ld);
    normalise(seen, x.data(), rows);
    forward(shape.actor, x.data(), rows, z.data(), ld, hidden_[0]);
    values_of(x.data(), rows, values);
    for (int i = 0; i < rows; ++i)
        for (int a = 0; a < shape.outputs; ++a) out[long(i) * shape.outputs + a] = z[long(a) * ld + i];
}

void Learner::predict(const float *seen, int rows, bool greedy, const uint8_t *allowed, int *choices, float *actions) {
    const int c = shape.components(), ld = int(padded(rows));
    Floats x(size_t(rows) * shape.observation), z(size_t(shape.outputs) * ld), noise(size_t(c) * ld), picked(size_t(c) * ld), log_p(ld), masks;
    Ints which(size_t(c) * ld);
    normalise(seen, x.data(), rows);
    forward(shape.actor, x.data(), rows, z.data(), ld, hidden_[0]);
    if (allowed) {
        masks.resize(z.size());
        for (int i = 0; i < rows; ++i)
            for (int a = 0; a < shape.outputs; ++a) masks[a * ld + i] = allowed[i * shape.outputs + a] ? 1.0f : 0.0f;
    }
    if (!greedy) {
        for (long i = 0; i < rows; ++i)
            for (int k = 0; k < c; ++k) {
                auto bits = random_.draw(Purpose::predictions, predictions, uint32_t(i * c + k));
                noise[k * ld + i] = shape.gaussian() ? normals(bits[0], bits[1])[0] : uniform(bits[0]);
            }
        ++predictions;
        kernels().act(shape.head(), rows, ld, z.data(), allowed ? masks.data() : nullptr, parameters.data() + shape.log_std, noise.data(), which.data(),
                      picked.data(), log_p.data());
    }
    for (int i = 0; i < rows; ++i)
        for (int k = 0, from = 0; k < c; from += shape.gaussian() ? 1 : shape.choices[k], ++k) {
            if (shape.gaussian()) {
                actions[i * c + k] = greedy ? z[k * ld + i] : picked[k * ld + i];
                continue;
            }
            int best = which[k * ld + i];
            if (greedy) {
                best = -1;
                for (int a = 0; a < shape.choices[k]; ++a) {
                    bool open = !allowed || allowed[i * shape.outputs + from + a];
                    if (open && (best < 0 || z[(from + a) * ld + i] > z[(from + best) * ld + i])) best = a;
                }
            }
            choices[i * c + k] = std::max(best, 0);
        }
}

}  // namespace ppo
