// Through a network and back, in closed form. Part of kernels.cpp.
#pragma once
#include "gemm.hpp"
#include "network.hpp"

namespace ppo {
namespace PPO_ISA {

inline void forward(const Tower &tower, const float *parameters, const float *x, long ldx, int rows, float *const *hidden, float *z, int ldz) {
    Matrix input{x, ldx, 1};
    for (int i = 0; i < tower.count; ++i) {
        const Layer &layer = tower.hidden[i];
        Matrix bias{parameters + layer.bias, 0, 1};
        const float *weight = parameters + layer.weight;
        if (tower.relu)
            multiply(rows, layer.width, layer.in, input, weight, layer.width, bias, hidden[i], layer.width, Relu{});
        else
            multiply(rows, layer.width, layer.in, input, weight, layer.width, bias, hidden[i], layer.width, Tanh{});
        input = {hidden[i], layer.width, 1};
    }
    // a head has few outputs: its product is a handful of dot products along the hidden width
    const Layer &head = tower.head;
    for (int b = 0; b < rows; ++b)
        for (int a = 0; a < head.out; ++a) {
            const float *w = parameters + head.weight + a * head.width, *h = input.at + b * input.row;
            vf sum = {};
            for (long k = 0; k < head.width; k += W) sum += load(h + k) * load(w + k);
            z[a * ldz + b] = total(sum) + parameters[head.bias + a];
        }
}

// Adds the column sums of d [rows, width] to `bias`.
inline void add_columns(const float *d, long width, int rows, float *bias) {
    for (long j = 0; j < width; j += W) {
        vf sum = load(bias + j);
        for (int b = 0; b < rows; ++b) sum += load(d + b * width + j);
        store(bias + j, sum);
    }
}

inline void backward(const Tower &tower, const float *parameters, const float *turned, const float *x, long ldx, int rows, float *const *hidden,
                     const float *dz, int ldz, float *const *scratch, float *gradient) {
    const Layer &head = tower.head;
    const float *last = hidden[tower.count - 1];
    float *weight = gradient + head.weight;
    multiply(head.out, head.width, rows, {dz, ldz, 1}, last, head.width, {weight, head.width, 1}, weight, head.width, Keep{});
    for (int a = 0; a < head.out; ++a) {
        float sum = 0;
        for (int b = 0; b < rows; ++b) sum += dz[a * ldz + b];
        gradient[head.bias + a] += sum;
    }
    // from here `into` holds the loss's derivative by what entered a layer's activation, and `below` that of the layer before
    float *into = scratch[0], *below = scratch[1];
    Matrix nothing{nullptr, 0, 0};
    auto through = [&](int i, Matrix d, long depth, const float *back, long ldb, float *result) {
        const Layer &layer = tower.hidden[i];
        if (tower.relu)
            multiply(rows, layer.width, depth, d, back, ldb, nothing, result, layer.width, ReluSlope{hidden[i], layer.width});
        else
            multiply(rows, layer.width, depth, d, back, ldb, nothing, result, layer.width, TanhSlope{hidden[i], layer.width});
    };
    through(tower.count - 1, {dz, 1, ldz}, head.out, parameters + head.weight, head.width, into);
    for (int i = tower.count - 1; i >= 0; --i) {
        const Layer &layer = tower.hidden[i];
        Matrix input = i ? Matrix{hidden[i - 1], 1, tower.hidden[i - 1].width} : Matrix{x, 1, ldx};
        weight = gradient + layer.weight;
        multiply(layer.in, layer.width, rows, input, into, layer.width, {weight, layer.width, 1}, weight, layer.width, Keep{});
        add_columns(into, layer.width, rows, gradient + layer.bias);
        if (i == 0) break;
        through(i - 1, {into, layer.width, 1}, layer.out, turned + layer.turned, tower.hidden[i - 1].width, below);
        float *swap = into;
        into = below, below = swap;
    }
}

inline void turn(const Tower &tower, const float *parameters, float *turned) {
    for (int i = 1; i < tower.count; ++i) {
        const Layer &layer = tower.hidden[i];
        long width = tower.hidden[i - 1].width;
        // 16 x 16 at a time, so that both sides stay in the first-level cache
        for (long j0 = 0; j0 < layer.out; j0 += LINE)
            for (long k0 = 0; k0 < layer.in; k0 += LINE)
                for (long j = j0; j < j0 + LINE && j < layer.out; ++j)
                    for (long k = k0; k < k0 + LINE && k < layer.in; ++k)
                        turned[layer.turned + j * width + k] = parameters[layer.weight + k * layer.width + j];
    }
}

inline double idle(bool relu, const float *h, long ld, int rows, int units) {
    long count = 0;
    if (!relu) {
        for (int b = 0; b < rows; ++b)
            for (int k = 0; k < units; ++k) count += __builtin_fabsf(h[b * ld + k]) > 0.99f;
        return double(count) / (double(rows) * units);
    }
    for (int k = 0; k < units; ++k) {
        bool dead = true;
        for (int b = 0; b < rows && dead; ++b) dead = h[b * ld + k] == 0;
        count += dead;
    }
    return double(count) / units;
}

}  // namespace PPO_ISA
}  // namespace ppo
