#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace epi {

/// One of the things an episode cache depends on: the model, the history, an option.
struct CacheKeyField {
    std::string_view name;
    std::span<const std::byte> bytes;
};

/// The name of what these fields describe: BLAKE2b-256, 64 hexadecimal digits, over names and bytes with
/// their lengths in front, so that no two lists of fields run together. The order counts.
std::string cacheKey(std::span<const CacheKeyField> fields);

inline constexpr std::size_t kKeyDigits = 64;
inline constexpr std::size_t kConversationDigits = 16;

/// What the keys of all files of a conversation begin with, 16 digits, by which they are found when it is
/// deleted. `uid` is its name in every profile.
std::string conversationKey(std::string_view uid);

/// The key of what belongs to one conversation.
std::string cacheKey(std::string_view uid, std::span<const CacheKeyField> fields);

}  // namespace epi
