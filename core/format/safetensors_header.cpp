#include "core/format/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/printable.h"

namespace epi {
namespace {

constexpr std::size_t kMaxEntries = 65'536;
constexpr std::size_t kMaxMetadataItems = 65'536;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::string_view kMetadataName = "__metadata__";

struct ElementType {
    std::string_view name;
    std::uint64_t bytes;
};

constexpr std::array kElementTypes{
    ElementType{"BOOL", 1},
    ElementType{"U8", 1},
    ElementType{"I8", 1},
    ElementType{"F8_E4M3", 1},
    ElementType{"F8_E5M2", 1},
    ElementType{"U16", 2},
    ElementType{"I16", 2},
    ElementType{"F16", 2},
    ElementType{"BF16", 2},
    ElementType{"U32", 4},
    ElementType{"I32", 4},
    ElementType{"F32", 4},
    ElementType{"U64", 8},
    ElementType{"I64", 8},
    ElementType{"F64", 8},
};

std::uint64_t elementBytes(std::string_view type) {
    for (const ElementType& known : kElementTypes) {
        if (known.name == type) return known.bytes;
    }
    return 0;
}

/// Takes the events of the JSON parser, so that a header of any depth or size becomes no tree in memory.
/// Every event returns whether to go on; `error_` then holds why not.
class HeaderEvents {
public:
    using Json = nlohmann::json;

    // NOLINTBEGIN(readability-identifier-naming): the parser calls these names
    bool null() { return unexpected("null"); }
    bool boolean(bool) { return unexpected("a truth value"); }
    bool number_integer(Json::number_integer_t value) { return unexpected(groupedSigned(value)); }
    bool number_float(Json::number_float_t, const std::string& text) { return unexpected(printable(text)); }
    bool binary(Json::binary_t&) { return unexpected("binary data"); }

    bool number_unsigned(Json::number_unsigned_t value) {
        if (place_ == Place::kShape && std::in_range<std::int64_t>(value)) {
            if (entry_.shape.size() == kMaxDimensions) return fail(where() + " has more than 8 dimensions");
            entry_.shape.push_back(static_cast<std::int64_t>(value));
            return true;
        }
        if (place_ == Place::kOffsets && offsets_.size() < 2) {
            offsets_.push_back(value);
            return true;
        }
        return unexpected(grouped(value));
    }

    bool string(std::string& value) {
        if (place_ == Place::kMetadata) return true;
        if (place_ == Place::kEntry && field_ == "dtype") {
            entry_.type = value;
            return true;
        }
        return unexpected("the text " + inQuotes(value));
    }

    bool start_object(std::size_t) {
        if (place_ == Place::kStart) {
            place_ = Place::kRoot;
            return true;
        }
        if (place_ != Place::kRoot) return unexpected("an object");
        place_ = entry_.name == kMetadataName ? Place::kMetadata : Place::kEntry;
        return true;
    }

    bool key(std::string& name) {
        if (place_ == Place::kRoot) return beginEntry(name);
        if (place_ == Place::kEntry) return beginField(name);
        return beginMetadataItem(name);
    }

    bool end_object() {
        if (place_ == Place::kEntry) {
            place_ = Place::kRoot;
            return finishEntry();
        }
        place_ = place_ == Place::kMetadata ? Place::kRoot : Place::kEnd;
        return true;
    }

    bool start_array(std::size_t) {
        if (place_ == Place::kEntry && field_ == "shape") {
            place_ = Place::kShape;
            return true;
        }
        if (place_ == Place::kEntry && field_ == "data_offsets") {
            place_ = Place::kOffsets;
            return true;
        }
        return unexpected("an array");
    }

    bool end_array() {
        place_ = Place::kEntry;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
        return fail("the header is not JSON from its byte " + grouped(position) + " on");
    }

    // NOLINTEND(readability-identifier-naming)

    Result<SafetensorsHeader> take(bool succeeded) {
        if (!succeeded) return std::move(error_);
        return std::move(header_);
    }

private:
    enum class Place { kStart, kRoot, kMetadata, kEntry, kShape, kOffsets, kEnd };

    [[nodiscard]] std::string where() const {
        return entry_.name.empty() ? std::string("the header") : "tensor " + inQuotes(entry_.name);
    }

    bool fail(std::string sentence) {
        error_ = {ErrorCode::kCorruptData, std::move(sentence)};
        return false;
    }

    bool unexpected(const std::string& what) {
        const std::string field = field_.empty() ? "" : " has in " + inQuotes(field_);
        return fail(where() + (field.empty() ? " has " : field + " ") + what +
                    ", which is not allowed there");
    }

    bool beginEntry(const std::string& name) {
        entry_ = {};
        entry_.name = name;
        offsets_.clear();
        fields_.clear();
        field_.clear();
        if (name.empty()) return fail("a tensor has no name");
        if (header_.entries.size() == kMaxEntries) {
            return fail("the header has more than " + grouped(kMaxEntries) + " tensors");
        }
        if (name == kMetadataName)
            return !std::exchange(hasMetadata_, true) || fail("__metadata__ is twice there");
        return header_.index.insert(name, header_.entries.size()) ||
               fail(where() + " is there a second time");
    }

    bool beginField(const std::string& name) {
        field_ = name;
        if (name != "dtype" && name != "shape" && name != "data_offsets") {
            return fail(where() + " has the unknown field " + inQuotes(name));
        }
        return fields_.insert(name).second || fail(where() + " has " + inQuotes(name) + " a second time");
    }

    bool beginMetadataItem(const std::string& name) {
        field_ = name;
        if (fields_.size() == kMaxMetadataItems) {
            return fail("__metadata__ has more than " + grouped(kMaxMetadataItems) + " items");
        }
        return fields_.insert(name).second || fail("__metadata__ has " + inQuotes(name) + " a second time");
    }

    bool finishEntry() {
        if (fields_.size() != 3 || offsets_.size() != 2) {
            return fail(where() + " needs 'dtype', 'shape' and two 'data_offsets'");
        }
        const std::uint64_t width = elementBytes(entry_.type);
        if (width == 0) return fail(where() + " has the unknown type " + inQuotes(entry_.type));
        std::uint64_t size = width;
        for (const std::int64_t dimension : entry_.shape) {
            if (__builtin_mul_overflow(size, static_cast<std::uint64_t>(dimension), &size)) {
                return fail(where() + " has more than 2^64-1 bytes by its shape");
            }
        }
        const auto [begin, end] = std::pair(offsets_[0], offsets_[1]);
        if (end < begin || end - begin != size) {
            return fail(where() + " has the range " + grouped(begin) + " to " + grouped(end) +
                        " but its shape has " + grouped(size) + " bytes");
        }
        entry_.fileOffset = begin;
        entry_.sizeBytes = size;
        header_.entries.push_back(std::move(entry_));
        entry_ = {};
        field_.clear();
        return true;
    }

    SafetensorsHeader header_;
    Error error_;
    Place place_ = Place::kStart;
    SafetensorsEntry entry_;
    std::vector<std::uint64_t> offsets_;
    std::string field_;             // of the entry or of __metadata__
    std::set<std::string> fields_;  // seen there
    bool hasMetadata_ = false;
};

}  // namespace

Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view json) {
    if (json.empty() || json.front() != '{') {
        return Error{ErrorCode::kCorruptData, "the header does not begin with '{'"};
    }
    // The parser takes a NUL for the end of its input, whatever follows.
    if (const auto position = json.find('\0'); position != std::string_view::npos) {
        return Error{ErrorCode::kCorruptData, "the header holds a NUL at its byte " + grouped(position)};
    }
    HeaderEvents events;
    const bool succeeded = nlohmann::json::sax_parse(json.begin(), json.end(), &events);
    return events.take(succeeded);
}

}  // namespace epi
