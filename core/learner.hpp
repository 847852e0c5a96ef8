// One training run: rollout, advantages and updates of one member. Nothing here knows of Python or of threads.
#pragma once
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "shape.hpp"
#include "tasks.hpp"

namespace ppo {

// What a number turned out to be, and where: the torch trainer raises the same.
struct NotFinite : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Asked between minibatches and between steps whether to leave; module.cpp knows when somebody pressed Ctrl-C.
struct Stop {
    virtual ~Stop() = default;
    virtual bool asked() = 0;
};

enum class Rate { constant, linear, kl_adaptive };
enum class Scaling { minibatch, batch, off };

// PPOConfig's settings that concern rollout and update, under its names.
struct Settings {
    int num_envs = 8, rollout_steps = 128, n_step = 0, advantage_smoothing = 1, epochs = 4, minibatches = 4, updates = 1;
    float gamma = 0.99f, gae_lambda = 0.95f, learning_rate = 5e-4f, adam_epsilon = 1e-5f, clip_range = 0.2f, clip_range_value = 0,
          entropy_coefficient = 0, value_coefficient = 0.5f, max_grad_norm = 0.5f, target_kl = 0, log_std_init = 0;
    Rate learning_rate_schedule = Rate::linear;
    bool clip_range_linear = false, entropy_linear = false, orthogonal_init = true, normalise_observations = false, normalise_rewards = false;
    Scaling normalise_advantages = Scaling::minibatch;
    uint64_t seed = 1;
};

struct Rates {  // in force during one update
    float learning_rate, clip_range, clip_range_value, entropy_coefficient;
};

// Mean and variance of all rows seen, by the parallel formula of Chan et al. (1979).
struct Moments {
    std::vector<double> mean, var;
    double count = 1e-4;
    explicit Moments(int size) : mean(size, 0.0), var(size, 1.0) {}
    template <class T>
    void learn(const T *rows, int n);
};

// records.UpdateRecord's columns that the core measures, in this order; not-a-number where nothing was observed.
#define PPO_COLUMNS(X)                                                                                                                              \
    X(step) X(rollout_steps) X(episode_return) X(episode_length) X(episodes) X(reward_mean) X(reward_std) X(reward_abs_max) X(reward_zero_share)    \
    X(action_mode_share) X(action_bound_share) X(policy_loss) X(value_loss) X(entropy) X(entropy_share) X(action_std) X(approx_kl)                  \
    X(clip_fraction) X(ratio_first) X(ratio_max) X(ratio_min) X(advantage_mean) X(advantage_std) X(gain_corr) X(explained_variance) X(value_mean)   \
    X(value_std) X(target_mean) X(target_std) X(target_abs_max) X(grad_norm) X(grad_norm_after) X(update_size) X(learning_rate) X(optimizer_steps)  \
    X(backwards) X(minibatch_size) X(dead_share) X(saturated_share) X(policy_grad_norm)
struct Telemetry {
#define PPO_FIELD(name) double name;
    PPO_COLUMNS(PPO_FIELD)
#undef PPO_FIELD
};

// A minibatch as it was before its step, for specimens.
struct Kept {
    long index, version;  // within the update, and optimizer steps taken before it
    double norm;
    std::vector<int> rows;
    std::vector<float> outputs, values, log_std;  // [B, outputs], [B], [dimensions]
};

struct Episode {
    double step = 0, env = 0, update = 0, ret = 0, length = 0, terminated = 0, truncated = 0;
};

struct World {  // where the environments stand
    std::vector<double> states, discounted, raw_return;
    std::vector<int> length;
    Floats current, raw_current;
    Moments observation, reward;
    long steps;
    size_t episodes;
};

class Learner {
  public:
    Learner(Settings settings, Shape shape);

    // Environments outside: start, then act and observe rollout_steps times, then update.
    void start(const float *observation);                           // [N, D]
    void act(const uint8_t *mask);                                  // [N, outputs] or null; fills choice or action
    void observe(const float *next, const float *reward, const uint8_t *terminated, const uint8_t *truncated, const uint8_t *valid,
                 const float *final);                               // valid, final: or null
    bool full() const { return at == settings.rollout_steps; }
    bool update(Stop &stop);                                        // advantages and train
    bool train(const Rates &rates, Stop &stop);                     // false when it was stopped, with the weights from before it

    // Environments inside.
    void attach(std::unique_ptr<Tasks> tasks);
    bool advance(int updates, Stop &stop);       // rollout and update so many times

    void evaluate(const float *observation, int rows, float *outputs, float *values);
    void predict(const float *observation, int rows, bool greedy, const uint8_t *mask, int *choice, float *action);
    // Of the loss over rows of the rollout, into `derivative`; left unfinished when `stop` is asked for.
    Sums gradient(const int *rows, int count, const Rates &rates, Stop *stop = nullptr);
    void optimise(const Rates &rates);                              // one step from `derivative`
    Rates rates() const;                                            // of the next update
    void episodes_told() { episodes_before_ = 0; }                  // `episodes` was emptied
    void weights_changed();                                         // after writing `parameters` from outside
    void advantages();                                              // fills advantage and target
    void measure_advantages();                                      // mean and deviation over all valid rows, for Scaling::batch

    Settings settings;
    Shape shape;
    Floats parameters, derivative, first, second;  // the network, its gradient, Adam's moments
    std::vector<float> low, high;                  // bounds of continuous actions where they are known
    long optimizer_steps = 0, updates_done = 0, steps_taken = 0;
    float adapted_rate;
    Moments observation_moments, reward_moments;
    std::unique_ptr<Tasks> tasks;
    // For specimens: minibatches of the first epoch and the last one, and what the rollout alone does not hold.
    bool keep = false;
    std::vector<Kept> kept;
    Floats raw_observation, raw_reward, final_observation, outputs;  // before normalisers; final ones and outputs as the network has them
    std::vector<Telemetry> telemetry;
    std::vector<Episode> episodes;
    std::vector<double> discounted, raw_return;  // [N] of the running episodes
    std::vector<int> length;
    uint64_t predictions = 0;

    // The rollout, row t * N + i for step t of environment i.
    Floats observation, action, log_prob, value, reward, next_value, advantage, target, current, raw_current, act_action;
    Ints choice, act_choice;
    std::vector<uint8_t> mask, terminated, truncated, valid;
    int at = 0;  // steps of it that were taken

  private:
    struct Scale {
        float shift, factor;
    };
    struct Measures {  // of one update
        Sums first{}, last{}, all{};
        long minibatches = 0, steps = 0, samples = 0, first_count = 0, last_count = 0;
        std::array<double, 4> norms{};  // gradient before and after clipping, step over parameters, policy's gradient
        double advantage_mean = 0, advantage_std = 0, action_std = 0, idle = 0;
        bool kl_reached = false;
        void add(const Sums &sums, long count);
        void norms_of(std::array<double, 4> more) {
            for (size_t i = 0; i < more.size(); ++i) norms[i] += more[i];
        }
        Measures() { all.ratio_max = all.ratio_min = 1; }
    };
    void normalise(const float *from, float *to, int rows) const;
    void forward(const Tower &tower, const float *x, int rows, float *z, int ld, Floats *hidden);
    void values_of(const float *x, long rows, float *out);
    void draw(int rows, uint64_t which, const float *mask);
    void remember(const float *reward, const uint8_t *terminated, const uint8_t *truncated, const uint8_t *valid);
    void reset_task(int i, uint64_t which, float *seen);
    void step_tasks();
    void accumulate(const int *rows, int count, int whole, const Scale &scale, const Rates &rates, Sums &sums);
    std::vector<int> valid_rows() const;
    Scale advantage_scale(const int *rows, int count) const;
    bool epoch(int number, std::vector<int> &rows, const Rates &rates, Measures &seen, Stop &stop);
    void look_inside(Measures &seen, int rows) const;
    void describe(const Rates &rates, const Measures &seen, long samples);
    void describe_actions(Telemetry &row) const;
    std::string not_finite_part() const, advice() const;

    Random random_;
    Kept *keeping_ = nullptr;
    std::vector<int> final_rows_;
    Floats final_observations_, noise_, logits_, act_mask_, act_log_prob_;
    // Scratch of the update: activations of both towers, outputs and their derivatives, one chunk of samples by quantity.
    Floats hidden_[2][MAX_HIDDEN], scratch_[2], turned_[2], z_, dz_, v_, dv_, dlog_std_;
    Floats rows_, part_, masks_;
    Ints choices_;
    double moved_ = 0, size_ = 0, norm_ = 0, policy_norm_ = 0, norm_after_ = 0;  // of the last optimizer step
    Scale batch_scale_{0, 1};
    size_t episodes_before_ = 0;
};

}  // namespace ppo
