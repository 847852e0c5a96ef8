// One vector of floats, as wide as the instruction set this file is compiled for, and the few functions of it that PPO needs.
// Included only by kernels.cpp, which is compiled once per instruction set; nothing here may come from the standard library's
// templates, since the linker would keep one copy of those for all, possibly one that this machine cannot run.
#pragma once
#include <cstring>

namespace ppo {
namespace PPO_ISA {

#if defined(__AVX512F__)
constexpr int W = 16;
#elif defined(__AVX2__)
constexpr int W = 8;
#else
constexpr int W = 4;  // SSE2 and NEON
#endif

typedef float vf __attribute__((vector_size(W * 4)));
typedef int vi __attribute__((vector_size(W * 4)));

inline vf load(const float *p) {
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}
inline vi load(const int *p) {
    vi x;
    memcpy(&x, p, sizeof x);
    return x;
}
inline void store(float *p, vf x) { memcpy(p, &x, sizeof x); }
inline void store(int *p, vi x) { memcpy(p, &x, sizeof x); }
inline vf splat(float x) { return x - vf{}; }
inline vi splat(int x) { return x + vi{}; }
inline vf as_float(vi x) { return (vf)x; }
inline vi as_int(vf x) { return (vi)x; }
inline vf select(vi where, vf yes, vf no) { return as_float((where & as_int(yes)) | (~where & as_int(no))); }
// A NaN on the left side stays: what is not a number must be seen at the end, not be clipped away.
inline vf most(vf x, vf high) { return select(x > high, high, x); }
inline vf least(vf x, vf low) { return select(x < low, low, x); }
inline vf square(vf x) { return x * x; }
inline vf absolute(vf x) { return as_float(as_int(x) & 0x7fffffff); }

inline vi lanes() {
    vi x;
    for (int i = 0; i < W; ++i) x[i] = i;
    return x;
}

inline float total(vf x) {
    // halving keeps this a handful of instructions at every width
    float part[W];
    store(part, x);
    for (int half = W / 2; half; half /= 2)
        for (int i = 0; i < half; ++i) part[i] += part[i + half];
    return part[0];
}

inline vf root(vf x) {
    vf y;
    for (int i = 0; i < W; ++i) y[i] = __builtin_sqrtf(x[i]);
    return y;
}

// e^x to about 1 ulp (Cephes expf: x = n ln 2 + r, then a polynomial); 0 below -87.3, and 2.2e38 above 88.3 instead of infinity.
inline vf exp(vf x) {
    vi tiny = x < -87.3f;
    vf c = least(most(x, splat(88.3f)), splat(-87.3f));
    constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    vf n = (c * 1.44269504088896341f + shift) - shift;
    vf r = c - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vf p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    vi power = (__builtin_convertvector(n, vi) + 127) << 23;
    return select(tiny, vf{}, p * as_float(power));
}

// ln x of a normal positive number to about 1 ulp (Cephes logf); infinite and not-a-number stay what they are.
inline vf log(vf x) {
    vi bits = as_int(x);
    vf e = __builtin_convertvector((bits >> 23) - 126, vf);
    vf m = as_float((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
    vi low = m < 0.707106781186547524f;
    e = e - select(low, splat(1.0f), vf{});
    m = m - 1.0f + select(low, m, vf{});
    vf s = m * m;
    vf p = splat(7.0376836292e-2f);
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    vf y = p * m * s - e * 2.12194440e-4f - 0.5f * s;
    y = m + y + e * 0.693359375f;
    return select(x < 3.4e38f, y, x);
}

// tanh x = x P(x^2) / Q(x^2), fitted for the least largest relative error on [-9, 9] (2.1e-8, below float32 rounding);
// beyond, tanh is 1 in float32.
inline vf tanh(vf x) {
    vf c = least(most(x, splat(9.0f)), splat(-9.0f));
    vf t = c * c;
    vf p = t * 1.335354717e-8f + 2.060832901e-5f;
    p = p * t + 3.495545616e-3f;
    p = p * t + 0.1338099129f;
    p = p * t + 0.9999999796f;
    vf q = t * 7.776115592e-7f + 3.285562769e-4f;
    q = q * t + 2.587682476e-2f;
    q = q * t + 0.4671430697f;
    q = q * t + 1.0f;
    return c * p / q;
}

}  // namespace PPO_ISA
}  // namespace ppo
