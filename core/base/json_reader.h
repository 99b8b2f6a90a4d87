#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/base/result.h"

namespace epi {

/// What a foreign JSON text may cost. They are checked before a document exists: "[]," takes 20 times its
/// size in memory, and a deep document overflows the stack of whoever walks it.
struct JsonLimits {
    std::size_t maxBytes = std::size_t{64} << 20;
    std::size_t maxDepth = 128;
    std::size_t maxValues = 4'000'000;
};

/// A value of a document with its path, for strict walking: every accessor says what it expected, and where.
/// "[3].conversation.session_2[4].text: string expected, number found". Refers to its JsonDocument.
class JsonReader {
public:
    struct Member;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool isObject() const;
    [[nodiscard]] bool isArray() const;
    [[nodiscard]] bool isString() const;
    [[nodiscard]] bool isInteger() const;

    [[nodiscard]] Result<std::string> string() const;
    [[nodiscard]] Result<bool> boolean() const;
    /// A whole number within these bounds, both included.
    [[nodiscard]] Result<std::int64_t> integer(
        std::int64_t least = std::numeric_limits<std::int64_t>::min(),
        std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
    [[nodiscard]] Result<std::vector<JsonReader>> elements() const;
    [[nodiscard]] Result<std::vector<std::string>> strings() const;
    /// Sorted by key.
    [[nodiscard]] Result<std::vector<Member>> members() const;
    [[nodiscard]] Result<JsonReader> at(std::string_view key) const;
    /// The member, or nothing when this object has no such key.
    [[nodiscard]] Result<std::optional<JsonReader>> find(std::string_view key) const;

    /// kCorruptData with the path in front.
    [[nodiscard]] Error error(const std::string& message) const;

private:
    friend class JsonDocument;
    JsonReader(const nlohmann::json& value, std::string path) : value_(&value), path_(std::move(path)) {}
    [[nodiscard]] Error unexpected(const char* expected) const;
    [[nodiscard]] JsonReader child(const nlohmann::json& value, std::string_view key) const;

    const nlohmann::json* value_;
    std::string path_;
};

struct JsonReader::Member {
    std::string key;
    JsonReader value;
};

/// A parsed JSON text. Any thread; readers must not outlive it.
class JsonDocument {
public:
    /// kCorruptData says where the text stops being JSON, kUnsupported which limit it exceeds.
    static Result<JsonDocument> parse(std::string_view text, const JsonLimits& limits = {});
    ~JsonDocument();
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;

    [[nodiscard]] JsonReader root() const;

private:
    explicit JsonDocument(std::unique_ptr<const nlohmann::json> root);

    std::unique_ptr<const nlohmann::json> root_;
};

}  // namespace epi
