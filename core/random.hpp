// Numbers drawn by counting: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A draw depends on the seed, what it is for and which one it is, never on the order of draws, so threads cannot change results.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

namespace ppo {

enum class Purpose : uint32_t { weights, actions, shuffle, reset, predictions };

class Random {
  public:
    explicit Random(uint64_t seed) : key_{uint32_t(seed), uint32_t(seed >> 32)} {}

    // Four independent 32-bit numbers; `which` counts draws, `lane` separates environments (or anything else).
    std::array<uint32_t, 4> draw(Purpose purpose, uint64_t which, uint32_t lane = 0) const {
        std::array<uint32_t, 4> c = {uint32_t(which), uint32_t(which >> 32), lane, uint32_t(purpose)};
        uint32_t k0 = key_[0], k1 = key_[1];
        for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
            uint64_t a = uint64_t(0xD2511F53u) * c[0], b = uint64_t(0xCD9E8D57u) * c[2];
            c = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
        }
        return c;
    }

  private:
    uint32_t key_[2];
};

// In [0, 1), 23 bits: times a sum of exponentials it stays below that sum in float32.
inline float uniform(uint32_t bits) { return float(bits >> 9) * 0x1p-23f; }
// In [0, 1), 53 bits, as numpy's Generator.random.
inline double uniform(uint32_t high, uint32_t low) { return double(((uint64_t(high) << 32) | low) >> 11) * 0x1p-53; }

// Two independent standard normals (Box and Muller 1958).
inline std::array<float, 2> normals(uint32_t a, uint32_t b) {
    double radius = std::sqrt(-2 * std::log((a + 0.5) * 0x1p-32)), angle = 6.283185307179586 * (b * 0x1p-32);
    return {float(radius * std::cos(angle)), float(radius * std::sin(angle))};
}

}  // namespace ppo
