#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace epi {

/// IEEE half precision as fp32, exactly. Only selects, so that loops over it are vectorised, and no
/// subnormal fp32 on the way, so that a flush-to-zero mode changes nothing.
inline float floatFromHalf(std::uint16_t bits) {
    constexpr std::uint32_t kExponentShift = (127U - 15U) << 23;
    constexpr std::uint32_t kSmallestNormal = (127U - 14U) << 23;
    const std::uint32_t magnitude = (bits & 0x7fffU) << 13;
    const std::uint32_t sign = (bits & 0x8000U) << 16;

    const bool isSpecial = magnitude >= (31U << 23);  // infinity or NaN
    const bool isSubnormal = magnitude < (1U << 23);
    const std::uint32_t normal = magnitude + kExponentShift + (isSpecial ? kExponentShift : 0U);
    const auto subnormal = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude + kSmallestNormal) -
                                                        std::bit_cast<float>(kSmallestNormal));
    return std::bit_cast<float>((isSubnormal ? subnormal : normal) | sign);
}

/// The half at a byte address of any alignment.
inline float loadHalf(const std::byte* address) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, address, sizeof bits);
    return floatFromHalf(bits);
}

}  // namespace epi
