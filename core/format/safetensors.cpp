#include "core/format/safetensors.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/format/ggml_blocks.h"
#include "core/format/header_reader.h"
#include "core/format/safetensors_header.h"

namespace epi {
namespace {

constexpr std::uint64_t kMaxJsonBytes = 100'000'000;  // from the format's reference implementation
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::size_t kChunkValues = std::size_t{1} << 18;

Result<std::string_view> readJson(HeaderReader& reader) {
    EPI_TRY_ASSIGN(const auto length, reader.scalar<std::uint64_t>("the header's length"));
    // Checked before the end of the file: eight bytes of some other format make an absurd length.
    if (length > kMaxJsonBytes) {
        return reader.damaged("its header has " + grouped(length) + " bytes by its first 8 bytes; up to " +
                              grouped(kMaxJsonBytes) + " are allowed");
    }
    EPI_TRY_ASSIGN(const auto bytes, reader.take(length, "the header"));
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// Moves the entries behind the header and checks that they fill the rest of the file, one after the other.
Result<void> placeEntries(const HeaderReader& reader, std::vector<SafetensorsEntry>& entries) {
    const std::uint64_t dataOffset = reader.position();
    const std::uint64_t dataBytes = reader.remaining();
    std::vector<SafetensorsEntry*> order;
    order.reserve(entries.size());
    for (SafetensorsEntry& entry : entries)
        order.push_back(&entry);
    // By size second: an empty tensor lies before the one that begins at the same byte.
    std::sort(order.begin(), order.end(), [](const SafetensorsEntry* a, const SafetensorsEntry* b) {
        return std::pair(a->fileOffset, a->sizeBytes) < std::pair(b->fileOffset, b->sizeBytes);
    });
    std::uint64_t end = 0;
    for (SafetensorsEntry* entry : order) {
        if (entry->fileOffset != end) {
            return reader.damaged("tensor " + inQuotes(entry->name) + " begins at data offset " +
                                  grouped(entry->fileOffset) + "; " + grouped(end) +
                                  " is where the one before ends");
        }
        // No overflow: the header was refused unless begin + size is the end that it states.
        end += entry->sizeBytes;
        entry->fileOffset += dataOffset;
    }
    const std::string ends = "its weights have " + grouped(end) + " bytes from offset " +
                             grouped(dataOffset) + " on but " + grouped(dataBytes) + " are there";
    if (end > dataBytes) return reader.incomplete(ends);
    if (end < dataBytes) return reader.damaged(ends);
    return {};
}

std::optional<TensorType> floatType(std::string_view name) {
    if (name == "F32") return TensorType::kF32;
    if (name == "F16") return TensorType::kF16;
    if (name == "BF16") return TensorType::kBF16;
    return std::nullopt;
}

}  // namespace

struct SafetensorsFile::State {
    File file;
    SafetensorsHeader header;
};

SafetensorsFile::SafetensorsFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(File file, File::openForReading(path));
    HeaderReader reader(file, kLengthBytes + kMaxJsonBytes);
    EPI_TRY_ASSIGN(const auto json, readJson(reader));
    auto header = parseSafetensorsHeader(json);
    if (!header) return reader.damaged(header.error().message);
    EPI_TRY(placeEntries(reader, header->entries));
    return SafetensorsFile(std::make_unique<State>(State{std::move(file), *std::move(header)}));
}

std::span<const SafetensorsEntry> SafetensorsFile::entries() const {
    return state_->header.entries;
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
    const auto position = state_->header.index.find(name);
    return position ? &state_->header.entries[*position] : nullptr;
}

Result<std::vector<float>> SafetensorsFile::readFloats(const SafetensorsEntry& entry) const {
    const auto type = floatType(entry.type);
    if (!type) {
        return Error{ErrorCode::kUnsupported,
                     "tensor " + inQuotes(entry.name) + " has the type " + inQuotes(entry.type) +
                         "; F32, F16 and BF16 are read as fp32"};
    }
    const std::size_t width = *type == TensorType::kF32 ? 4 : 2;
    std::vector<float> values(static_cast<std::size_t>(entry.sizeBytes) / width);
    std::vector<std::byte> chunk(std::min(values.size(), kChunkValues) * width);
    for (std::size_t done = 0; done < values.size();) {
        const std::size_t count = std::min(kChunkValues, values.size() - done);
        const auto bytes = std::span(chunk).first(count * width);
        EPI_TRY(state_->file.readAt(entry.fileOffset + done * width, bytes));
        dequantize(*type, bytes, std::span(values).subspan(done, count));
        done += count;
    }
    return values;
}

}  // namespace epi
