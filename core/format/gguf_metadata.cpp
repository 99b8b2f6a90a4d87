#include "core/format/gguf_metadata.h"

#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/base/printable.h"

namespace epi {
namespace {

// No model comes near these; they bound what a hostile file can make of its bytes in memory.
constexpr std::uint64_t kMaxKeys = std::uint64_t{1} << 18;
constexpr std::uint64_t kMaxArrayItems = std::uint64_t{1} << 22;  // of all arrays of a file together
constexpr std::uint64_t kMaxStringBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxKeyBytes = 65'535;  // from the format's specification
constexpr std::uint64_t kMaxAlignment = 65'536;
constexpr std::uint64_t kDefaultAlignment = 32;
// Length of the key, value type, smallest value.
constexpr std::uint64_t kMinPairBytes = 8 + 4 + 1;

/// Value types, with the format's numbers.
enum class ValueType : std::uint32_t {
    kUint8 = 0,
    kInt8 = 1,
    kUint16 = 2,
    kInt16 = 3,
    kUint32 = 4,
    kInt32 = 5,
    kFloat32 = 6,
    kBool = 7,
    kString = 8,
    kArray = 9,
    kUint64 = 10,
    kInt64 = 11,
    kFloat64 = 12,
};

std::uint64_t minItemBytes(ValueType type) {
    switch (type) {
        case ValueType::kUint8:
        case ValueType::kInt8:
        case ValueType::kBool:
            return 1;
        case ValueType::kUint16:
        case ValueType::kInt16:
            return 2;
        case ValueType::kUint32:
        case ValueType::kInt32:
        case ValueType::kFloat32:
            return 4;
        case ValueType::kString:
        case ValueType::kArray:
        case ValueType::kUint64:
        case ValueType::kInt64:
        case ValueType::kFloat64:
            return 8;
    }
    return 8;
}

class MetadataParser {
public:
    explicit MetadataParser(HeaderReader& reader) : reader_(reader) {}

    Result<GgufMetadata> parse(std::uint64_t count) {
        EPI_TRY(reader_.checkCount("the metadata", count, {kMinPairBytes, kMaxKeys}));
        GgufMetadata metadata;
        metadata.keys.reserve(count);
        metadata.values.reserve(count);
        metadata.index.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i)
            EPI_TRY(parsePair(metadata));
        return metadata;
    }

private:
    Result<void> parsePair(GgufMetadata& metadata) {
        const std::uint64_t start = reader_.position();
        field_ = "key " + std::to_string(metadata.keys.size());
        EPI_TRY_ASSIGN(const auto name, reader_.text(field_, kMaxKeyBytes));
        std::string key(name);
        field_ = inQuotes(key);
        if (key.empty()) return reader_.damaged("the key at offset " + grouped(start) + " has no name");
        if (!metadata.index.insert(key, metadata.keys.size())) {
            return reader_.damaged("key " + field_ + " at offset " + grouped(start) +
                                   " is there a second time");
        }
        EPI_TRY_ASSIGN(GgufValue value, parseValue());
        metadata.keys.push_back(std::move(key));
        metadata.values.push_back(std::move(value));
        return {};
    }

    Result<ValueType> parseType() {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(const auto type, reader_.scalar<std::uint32_t>(field_));
        if (type > static_cast<std::uint32_t>(ValueType::kFloat64)) {
            return reader_.damaged(field_ + " has value type " + grouped(type) + " at offset " +
                                   grouped(start) + "; 0 to 12 are known");
        }
        return static_cast<ValueType>(type);
    }

    template <typename Stored, typename Widened>
    Result<GgufValue> parseScalar() {
        EPI_TRY_ASSIGN(const auto value, reader_.scalar<Stored>(field_));
        return GgufValue(static_cast<Widened>(value));
    }

    Result<GgufValue> parseValue() {
        EPI_TRY_ASSIGN(const ValueType type, parseType());
        switch (type) {
            case ValueType::kUint8:
                return parseScalar<std::uint8_t, std::uint64_t>();
            case ValueType::kInt8:
                return parseScalar<std::int8_t, std::int64_t>();
            case ValueType::kUint16:
                return parseScalar<std::uint16_t, std::uint64_t>();
            case ValueType::kInt16:
                return parseScalar<std::int16_t, std::int64_t>();
            case ValueType::kUint32:
                return parseScalar<std::uint32_t, std::uint64_t>();
            case ValueType::kInt32:
                return parseScalar<std::int32_t, std::int64_t>();
            case ValueType::kFloat32:
                return parseScalar<float, double>();
            case ValueType::kUint64:
                return parseScalar<std::uint64_t, std::uint64_t>();
            case ValueType::kInt64:
                return parseScalar<std::int64_t, std::int64_t>();
            case ValueType::kFloat64:
                return parseScalar<double, double>();
            case ValueType::kBool: {
                EPI_TRY_ASSIGN(const bool value, parseBool());
                return GgufValue(value);
            }
            case ValueType::kString: {
                EPI_TRY_ASSIGN(const auto text, reader_.text(field_, kMaxStringBytes));
                return GgufValue(std::string(text));
            }
            case ValueType::kArray:
                return parseArray();
        }
        return reader_.damaged(field_ + " has an unknown value type");
    }

    Result<bool> parseBool() {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(const auto byte, reader_.scalar<std::uint8_t>(field_));
        if (byte > 1) {
            return reader_.damaged(field_ + " is " + grouped(byte) + " at offset " + grouped(start) +
                                   "; a truth value is 0 or 1");
        }
        return byte == 1;
    }

    Result<GgufValue> parseArray() {
        EPI_TRY_ASSIGN(const ValueType type, parseType());
        if (type == ValueType::kArray) {
            return reader_.damaged(field_ + " is an array of arrays before offset " +
                                   grouped(reader_.position()) + ", which is not allowed");
        }
        EPI_TRY_ASSIGN(const auto count, reader_.scalar<std::uint64_t>(field_));
        EPI_TRY(reader_.checkCount(field_, count, {minItemBytes(type), kMaxArrayItems - arrayItems_}));
        arrayItems_ += count;
        switch (type) {
            case ValueType::kUint8:
                return parseNumbers<std::uint8_t, std::int64_t>(count);
            case ValueType::kInt8:
                return parseNumbers<std::int8_t, std::int64_t>(count);
            case ValueType::kUint16:
                return parseNumbers<std::uint16_t, std::int64_t>(count);
            case ValueType::kInt16:
                return parseNumbers<std::int16_t, std::int64_t>(count);
            case ValueType::kUint32:
                return parseNumbers<std::uint32_t, std::int64_t>(count);
            case ValueType::kInt32:
                return parseNumbers<std::int32_t, std::int64_t>(count);
            case ValueType::kUint64:
                return parseNumbers<std::uint64_t, std::int64_t>(count);
            case ValueType::kInt64:
                return parseNumbers<std::int64_t, std::int64_t>(count);
            case ValueType::kFloat32:
                return parseNumbers<float, double>(count);
            case ValueType::kFloat64:
                return parseNumbers<double, double>(count);
            case ValueType::kBool:
                return parseBools(count);
            case ValueType::kString:
            case ValueType::kArray:
                break;
        }
        return parseTexts(count);
    }

    template <typename Stored, typename Widened>
    Result<GgufValue> parseNumbers(std::uint64_t count) {
        const std::uint64_t start = reader_.position();
        EPI_TRY_ASSIGN(const auto bytes, reader_.take(count * sizeof(Stored), field_));
        std::vector<Widened> numbers(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            Stored value{};
            std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
            if constexpr (std::is_same_v<Stored, std::uint64_t>) {
                if (!std::in_range<std::int64_t>(value)) {
                    return reader_.damaged(field_ + " holds " + grouped(value) + " at offset " +
                                           grouped(start + i * sizeof value) +
                                           ", which is more than 63 bits");
                }
            }
            // NOLINTNEXTLINE(bugprone-signed-char-misuse): these bytes are signed numbers
            numbers[i] = static_cast<Widened>(value);
        }
        return GgufValue(std::move(numbers));
    }

    Result<GgufValue> parseBools(std::uint64_t count) {
        std::vector<bool> values;
        values.reserve(static_cast<std::size_t>(count));
        for (std::uint64_t i = 0; i < count; ++i) {
            EPI_TRY_ASSIGN(const bool value, parseBool());
            values.push_back(value);
        }
        return GgufValue(std::move(values));
    }

    Result<GgufValue> parseTexts(std::uint64_t count) {
        std::vector<std::string> texts;
        texts.reserve(static_cast<std::size_t>(count));
        for (std::uint64_t i = 0; i < count; ++i) {
            EPI_TRY_ASSIGN(const auto text, reader_.text(field_, kMaxStringBytes));
            texts.emplace_back(text);
        }
        return GgufValue(std::move(texts));
    }

    HeaderReader& reader_;
    std::string field_;  // what is being read, for messages
    std::uint64_t arrayItems_ = 0;
};

struct Describe {
    std::string operator()(std::int64_t value) const { return groupedSigned(value); }
    std::string operator()(std::uint64_t value) const { return grouped(value); }
    std::string operator()(double value) const { return std::to_string(value); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::string& value) const { return "the text " + inQuotes(value); }
    template <typename T>
    std::string operator()(const std::vector<T>& value) const {
        return "an array of " + grouped(value.size()) + " items";
    }
};

}  // namespace

const GgufValue* GgufMetadata::find(std::string_view key) const {
    const auto position = index.find(key);
    return position ? &values[*position] : nullptr;
}

Result<GgufMetadata> readGgufMetadata(HeaderReader& reader, std::uint64_t count) {
    return MetadataParser(reader).parse(count);
}

Result<std::uint64_t> ggufAlignment(const HeaderReader& reader, const GgufMetadata& metadata) {
    const GgufValue* value = metadata.find("general.alignment");
    if (value == nullptr) return kDefaultAlignment;
    const auto* alignment = std::get_if<std::uint64_t>(value);
    if (alignment == nullptr || !std::has_single_bit(*alignment) || *alignment > kMaxAlignment) {
        return reader.damaged("'general.alignment' is " + describe(*value) + "; a power of two from 1 to " +
                              grouped(kMaxAlignment) + " is needed");
    }
    return *alignment;
}

std::string describe(const GgufValue& value) {
    return std::visit(Describe{}, value);
}

}  // namespace epi
