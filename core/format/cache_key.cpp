#include "core/format/cache_key.h"

#include <bit>
#include <cstdint>

#include "core/base/digest.h"

namespace epi {
namespace {

// Goes into every key: keys of another scheme never equal ours.
constexpr std::string_view kScheme = "epichat episode cache, key scheme 1";

void update(Blake2b256& digest, std::span<const std::byte> bytes) {
    static_assert(std::endian::native == std::endian::little);
    const std::uint64_t length = bytes.size();
    digest.update(std::as_bytes(std::span(&length, 1)));
    digest.update(bytes);
}

}  // namespace

std::string cacheKey(std::span<const CacheKeyField> fields) {
    Blake2b256 digest;
    update(digest, std::as_bytes(std::span(kScheme)));
    for (const CacheKeyField& field : fields) {
        update(digest, std::as_bytes(std::span(field.name)));
        update(digest, field.bytes);
    }
    return hex(digest.finish());
}

std::string conversationKey(std::string_view uid) {
    const CacheKeyField field{"conversation", std::as_bytes(std::span(uid))};
    return cacheKey(std::span(&field, 1)).substr(0, kConversationDigits);
}

std::string cacheKey(std::string_view uid, std::span<const CacheKeyField> fields) {
    return conversationKey(uid) + cacheKey(fields).substr(kConversationDigits);
}

}  // namespace epi
