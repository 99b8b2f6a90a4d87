#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace epi {

/// Seeded random numbers that are the same on every platform and standard library (std::uniform_*
/// distributions are not). xoshiro256** of Blackman and Vigna (2018), its state filled by splitmix64.
/// Not for secrets. One thread.
class Rng {
public:
    explicit Rng(std::uint64_t seed) {
        for (std::uint64_t& word : state_)
            word = splitmix(seed);
    }

    /// 64 uniform bits.
    std::uint64_t next() {
        const std::uint64_t value = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return value;
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

    /// Uniform in [0, bound), without bias. Requires: bound > 0.
    std::uint64_t below(std::uint64_t bound) {
        // Values under `rejected` belong to the incomplete last interval and would favour small results.
        const std::uint64_t rejected = (0 - bound) % bound;
        std::uint64_t value = next();
        while (value < rejected)
            value = next();
        return value % bound;
    }

    /// Where it is in its sequence: whoever goes on from here by the same rule gets the same numbers.
    [[nodiscard]] const std::array<std::uint64_t, 4>& state() const { return state_; }

private:
    static std::uint64_t splitmix(std::uint64_t& seed) {
        seed += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31);
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace epi
