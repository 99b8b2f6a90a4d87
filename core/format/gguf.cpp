#include "core/format/gguf.h"

#include <cmath>
#include <utility>

#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/format/gguf_metadata.h"
#include "core/format/gguf_tensors.h"
#include "core/format/header_reader.h"

namespace epi {
namespace {

constexpr std::string_view kMagic = "GGUF";
// The header of a vocabulary of 260,000 tokens has about 15 MB.
constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{256} << 20;

Result<std::uint32_t> readVersion(HeaderReader& reader) {
    EPI_TRY_ASSIGN(const auto magic, reader.take(kMagic.size(), "the magic"));
    const std::string_view text(reinterpret_cast<const char*>(magic.data()), magic.size());
    if (text != kMagic) {
        return reader.unsupported("not a GGUF file, it begins with " + inQuotes(text) + " instead of 'GGUF'");
    }
    EPI_TRY_ASSIGN(const auto version, reader.scalar<std::uint32_t>("the version"));
    if (version == 2 || version == 3) return version;
    if (const auto swapped = __builtin_bswap32(version); swapped == 2 || swapped == 3) {
        return reader.unsupported("the file is big-endian, only little-endian ones are supported");
    }
    return reader.unsupported("GGUF version " + grouped(version) + " at offset 4; 2 and 3 are supported");
}

struct IntegerRange {
    std::int64_t min;
    std::int64_t max;
};

/// Empty when the value is no integer inside the range.
std::optional<std::int64_t> integerWithin(const GgufValue& value, IntegerRange range) {
    std::int64_t result = 0;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        result = *number;
    } else if (const auto* natural = std::get_if<std::uint64_t>(&value);
               natural != nullptr && std::in_range<std::int64_t>(*natural)) {
        result = static_cast<std::int64_t>(*natural);
    } else {
        return std::nullopt;
    }
    if (result < range.min || result > range.max) return std::nullopt;
    return result;
}

}  // namespace

std::int64_t GgufTensor::elementCount() const {
    std::int64_t count = 1;
    for (const std::int64_t dimension : shape)
        count *= dimension;
    return count;
}

struct GgufFile::State {
    File file;
    std::uint32_t version;
    GgufMetadata metadata;
    GgufTensorTable table;
    std::string headerDigest;

    [[nodiscard]] Result<const GgufValue*> require(std::string_view key) const {
        if (const GgufValue* value = metadata.find(key)) return value;
        return Error{ErrorCode::kNotFound, fileName() + ": " + inQuotes(key) + " is missing"};
    }

    [[nodiscard]] Error unexpected(std::string_view key,
                                   const GgufValue& value,
                                   const std::string& expected) const {
        return {
            ErrorCode::kUnsupported,
            fileName() + ": " + inQuotes(key) + " is " + describe(value) + "; " + expected + " is supported"};
    }

    [[nodiscard]] std::string fileName() const { return printable(file.path().filename().native()); }
};

GgufFile::GgufFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
GgufFile::~GgufFile() = default;
GgufFile::GgufFile(GgufFile&&) noexcept = default;
GgufFile& GgufFile::operator=(GgufFile&&) noexcept = default;

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(File file, File::openForReading(path));
    HeaderReader reader(file, kMaxHeaderBytes);
    EPI_TRY_ASSIGN(const auto version, readVersion(reader));
    EPI_TRY_ASSIGN(const auto tensorCount, reader.scalar<std::uint64_t>("the number of tensors"));
    EPI_TRY_ASSIGN(const auto keyCount, reader.scalar<std::uint64_t>("the number of keys"));
    EPI_TRY_ASSIGN(GgufMetadata metadata, readGgufMetadata(reader, keyCount));
    EPI_TRY_ASSIGN(const auto alignment, ggufAlignment(reader, metadata));
    EPI_TRY_ASSIGN(GgufTensorTable table, readGgufTensors(reader, {tensorCount, alignment, file.size()}));
    EPI_TRY_ASSIGN(const auto header, reader.prefix(table.dataOffset));
    std::string digest = hex(blake2b256(header));
    return GgufFile(std::make_unique<State>(
        State{std::move(file), version, std::move(metadata), std::move(table), std::move(digest)}));
}

const std::filesystem::path& GgufFile::path() const {
    return state_->file.path();
}

std::uint64_t GgufFile::fileSize() const {
    return state_->file.size();
}

std::uint32_t GgufFile::version() const {
    return state_->version;
}

std::span<const std::string> GgufFile::keys() const {
    return state_->metadata.keys;
}

const GgufValue* GgufFile::find(std::string_view key) const {
    return state_->metadata.find(key);
}

Result<std::int64_t> GgufFile::integer(std::string_view key, std::int64_t min, std::int64_t max) const {
    EPI_TRY_ASSIGN(const GgufValue* value, state_->require(key));
    if (const auto number = integerWithin(*value, {min, max})) return *number;
    return state_->unexpected(
        key, *value, "an integer from " + groupedSigned(min) + " to " + groupedSigned(max));
}

Result<double> GgufFile::number(std::string_view key) const {
    EPI_TRY_ASSIGN(const GgufValue* value, state_->require(key));
    if (const auto* real = std::get_if<double>(value); real != nullptr && std::isfinite(*real)) return *real;
    if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
    if (const auto* natural = std::get_if<std::uint64_t>(value)) return static_cast<double>(*natural);
    return state_->unexpected(key, *value, "a finite number");
}

Result<std::string> GgufFile::text(std::string_view key) const {
    EPI_TRY_ASSIGN(const GgufValue* value, state_->require(key));
    if (const auto* text = std::get_if<std::string>(value)) return *text;
    return state_->unexpected(key, *value, "a text");
}

Result<std::vector<std::string>> GgufFile::texts(std::string_view key) const {
    EPI_TRY_ASSIGN(const GgufValue* value, state_->require(key));
    if (const auto* texts = std::get_if<std::vector<std::string>>(value)) return *texts;
    return state_->unexpected(key, *value, "an array of texts");
}

std::span<const GgufTensor> GgufFile::tensors() const {
    return state_->table.tensors;
}

const GgufTensor* GgufFile::findTensor(std::string_view name) const {
    const auto position = state_->table.index.find(name);
    return position ? &state_->table.tensors[*position] : nullptr;
}

Result<void> GgufFile::read(const GgufTensor& tensor,
                            std::uint64_t offset,
                            std::span<std::byte> bytes) const {
    std::uint64_t end = 0;
    if (__builtin_add_overflow(offset, bytes.size(), &end) || end > tensor.sizeBytes) {
        return Error{ErrorCode::kInvalidArgument,
                     "tensor " + inQuotes(tensor.name) + " has " + grouped(tensor.sizeBytes) + " bytes; " +
                         grouped(bytes.size()) + " from " + grouped(offset) + " on are not inside"};
    }
    return state_->file.readAt(tensor.fileOffset + offset, bytes);
}

std::string GgufFile::headerDigest() const {
    return state_->headerDigest;
}

}  // namespace epi
