// The one matrix product of the core: C = start + A B for row-major B and C whose rows are whole vectors, with A read through two
// strides (so the same code serves forward, backward and weight gradients), finished in registers by an activation or its derivative.
#pragma once
#include "vec.hpp"

namespace ppo {
namespace PPO_ISA {

// Tiles of R rows and C vectors live in registers: 32 of them with AVX-512 and NEON, 16 elsewhere.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int TILE_ROWS = 6, TILE_COLUMNS = 4;
#else
constexpr int TILE_ROWS = 6, TILE_COLUMNS = 2;
#endif
constexpr long DEPTH_BLOCK = 512;  // a panel of B that stays in the second-level cache while all rows pass over it

struct Matrix {
    const float *at;
    long row, column;  // strides in floats
};

struct Keep {
    vf operator()(vf x, long, long) const { return x; }
};
struct Tanh {
    vf operator()(vf x, long, long) const { return tanh(x); }
};
struct Relu {
    vf operator()(vf x, long, long) const { return least(x, vf{}); }
};
struct TanhSlope {  // d tanh / dx from tanh's own value
    const float *out;
    long row;
    vf operator()(vf x, long r, long c) const { return x * (1.0f - square(load(out + r * row + c))); }
};
struct ReluSlope {
    const float *out;
    long row;
    vf operator()(vf x, long r, long c) const { return select(load(out + r * row + c) > 0.0f, x, vf{}); }
};

template <int R, int C, class Finish>
inline void tile(long depth, Matrix a, const float *b, long ldb, Matrix start, float *c, long ldc, const Finish &finish, long r0, long c0) {
    vf sum[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < C; ++j) sum[r][j] = start.at ? load(start.at + (r0 + r) * start.row + c0 + j * W) : vf{};
    const float *pa = a.at + r0 * a.row, *pb = b + c0;
    for (long k = 0; k < depth; ++k, pa += a.column, pb += ldb) {
        vf line[C];
#pragma GCC unroll 8
        for (int j = 0; j < C; ++j) line[j] = load(pb + j * W);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            vf x = splat(pa[r * a.row]);
#pragma GCC unroll 8
            for (int j = 0; j < C; ++j) sum[r][j] += x * line[j];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int j = 0; j < C; ++j) store(c + (r0 + r) * ldc + c0 + j * W, finish(sum[r][j], r0 + r, c0 + j * W));
}

template <int C, class Finish>
inline void stripe(long rows, long depth, Matrix a, const float *b, long ldb, Matrix start, float *c, long ldc, const Finish &finish, long c0) {
    long r = 0;
    for (; r + TILE_ROWS <= rows; r += TILE_ROWS) tile<TILE_ROWS, C>(depth, a, b, ldb, start, c, ldc, finish, r, c0);
    for (; r + 4 <= rows; r += 4) tile<4, C>(depth, a, b, ldb, start, c, ldc, finish, r, c0);
    for (; r + 2 <= rows; r += 2) tile<2, C>(depth, a, b, ldb, start, c, ldc, finish, r, c0);
    for (; r < rows; ++r) tile<1, C>(depth, a, b, ldb, start, c, ldc, finish, r, c0);
}

template <class Finish>
inline void multiply(long rows, long columns, long depth, Matrix a, const float *b, long ldb, Matrix start, float *c, long ldc, const Finish &finish) {
    for (; depth > DEPTH_BLOCK; depth -= DEPTH_BLOCK) {
        multiply(rows, columns, DEPTH_BLOCK, a, b, ldb, start, c, ldc, Keep{});
        a.at += DEPTH_BLOCK * a.column, b += DEPTH_BLOCK * ldb, start = {c, ldc, 1};
    }
    long j = 0;
    for (; j + TILE_COLUMNS * W <= columns; j += TILE_COLUMNS * W) stripe<TILE_COLUMNS>(rows, depth, a, b, ldb, start, c, ldc, finish, j);
    for (; j < columns; j += W) stripe<1>(rows, depth, a, b, ldb, start, c, ldc, finish, j);
}

}  // namespace PPO_ISA
}  // namespace ppo
