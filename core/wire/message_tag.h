#pragma once

#include <cstdint>
#include <string_view>

namespace epi {

/// How a message is told from others on the wire (kind) and in error texts (name). Kind 0: never sent.
/// Internal to core/wire.
struct MessageTag {
    std::uint8_t kind = 0;
    std::string_view name;
};

template <typename Message>
inline constexpr MessageTag kTag{};

}  // namespace epi
