// The shape of a dense network and where its numbers lie in one flat buffer. Plain data: kernels.cpp reads it without the standard library.
//
// Hidden layers are kept [in, out] (the transpose of torch) and heads [out, in], so that every product runs along the hidden width:
// no vector is wasted on two actions or four observations. Hidden widths are padded to whole cache lines with zeros, which stay zero.
#pragma once

namespace ppo {

constexpr int LINE = 16;        // floats in a cache line
constexpr int MAX_HIDDEN = 8;   // hidden layers
constexpr int CHUNK = 128;      // samples that pass through a network at once: their activations stay in the second-level cache

constexpr long padded(long n) { return (n + LINE - 1) / LINE * LINE; }

struct Layer {
    int in, out;
    long width;          // row length of the weights: padded(out) for hidden layers, padded(in) for a head
    long weight, bias;   // offsets into the parameters
    long turned;         // offset of the [out, padded(in)] copy that the backward pass reads; hidden layers after the first
};

struct Tower {
    int count;  // hidden layers
    bool relu;
    Layer hidden[MAX_HIDDEN];
    Layer head;
};

struct Head {  // what the actor's outputs mean
    bool gaussian;
    int components;     // categorical choices made at once, or dimensions of a Gaussian
    int outputs;        // logits, or means
    const int *sizes;   // choices per component (categorical)
};

// A minibatch's part of at most CHUNK samples, one row of `ld` floats per quantity: a vector holds one quantity of many samples.
struct Samples {
    int rows, ld;
    const int *choice;           // [components, ld]
    const float *action;         // [components, ld], Gaussian
    const float *mask;           // [outputs, ld] of 0 and 1, or null
    const float *log_prob, *advantage, *target, *value;  // as they were in the rollout
    float typical_target, typical_value;  // sums are of differences from these, which float32 holds exactly enough
};

struct Coefficients {
    float clip, value_clip, entropy, value;
    float share;  // 1 over the samples of the minibatch
};

// Sums over samples; everything that telemetry wants is a ratio of these.
struct Sums {
    double policy, value_loss, entropy, kl, clipped, off, log_ratio, log_ratio2, gain, advantage, advantage2;
    double error, error2, guess, guess2, target, target2;
    float ratio_max, ratio_min, target_abs, typical_target, typical_value;
};

struct Step {
    float learning_rate, beta1, beta2, epsilon, scale;  // scale: what clipping the norm multiplies gradients by
    double correction1, correction2;                    // 1 - beta^t
};

struct Kernels {
    const char *name;
    // z [outputs, ldz] from x [rows, ldx]; hidden[i] receives the activations [rows, width]
    void (*forward)(const Tower &, const float *parameters, const float *x, long ldx, int rows, float *const *hidden, float *z, int ldz);
    // adds to `gradient` (laid out as the parameters); scratch: two buffers of CHUNK x the largest width
    void (*backward)(const Tower &, const float *parameters, const float *turned, const float *x, long ldx, int rows, float *const *hidden,
                     const float *dz, int ldz, float *const *scratch, float *gradient);
    void (*turn)(const Tower &, const float *parameters, float *turned);
    // dz and dvalue from z and value; adds to sums and dlog_std
    void (*loss)(const Head &, const Samples &, const Coefficients &, const float *z, const float *value, const float *log_std, float *dz,
                 float *dvalue, float *dlog_std, Sums &);
    // choice or action, and log_prob, from z and noise [components, ldz]: uniform in [0, 1) for choices, normal for actions
    void (*act)(const Head &, int rows, int ldz, const float *z, const float *mask, const float *log_std, const float *noise, int *choice,
                float *action, float *log_prob);
    double (*squares)(const float *x, long n);
    void (*adam)(const Step &, long n, float *parameters, const float *gradient, float *first, float *second, double *moved, double *size);
    // share of activations within 1% of a limit (tanh), or number of units at 0 for all rows (relu)
    double (*idle)(bool relu, const float *activations, long ld, int rows, int units);
    void (*function)(char which, const float *x, float *y, long n);  // 'e', 'l', 't': for the tests of accuracy
};

const Kernels &kernels();                  // the best that this machine runs
bool use_kernels(const char *name);        // from now on; for tests and benchmarks
const Kernels *kernels_named(const char *name);  // null when unknown or not runnable here
const char *const *kernel_names();         // null-terminated, the best first

}  // namespace ppo
