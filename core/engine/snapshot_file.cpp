#include "core/engine/snapshot_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include <ATen/ops/empty.h>

#include "core/base/parallel.h"
#include "core/format/cache_file.h"
#include "core/format/row_codec.h"

namespace epi {
namespace {

using nlohmann::json;
using Lengths = std::vector<std::vector<std::int64_t>>;  // [layer][kvHead]

std::string sectionName(const char* kind, std::size_t layer) {
    return std::string(kind) + "." + std::to_string(layer);
}

Error mismatch(const std::filesystem::path& path, const std::string& what) {
    return Error{ErrorCode::kCorruptData, path.filename().string() + ": " + what};
}

std::span<const std::byte> bytesOf(const at::Tensor& tensor) {
    return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}
std::span<std::byte> writableBytesOf(const at::Tensor& tensor) {
    return {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()};
}

/// How the numbers of a file are written: a type of LibTorch's, or codes of some bits.
struct Encoding {
    std::string name;  // in the file: "f32", "f16", "bf16", "int8", "int4"
    c10::ScalarType type = c10::kFloat;
    std::int32_t bits = 0;  // 0: the type as it is
};

std::optional<Encoding> encodingByName(const std::string& name) {
    for (const Encoding& encoding : {Encoding{"f32", c10::kFloat, 0},
                                     Encoding{"f16", c10::kHalf, 0},
                                     Encoding{"bf16", c10::kBFloat16, 0},
                                     Encoding{"int8", c10::kFloat, 8},
                                     Encoding{"int4", c10::kFloat, 4}}) {
        if (encoding.name == name) return encoding;
    }
    return std::nullopt;
}

Encoding encodingOf(CacheCodec codec, c10::ScalarType held) {
    if (codec == CacheCodec::kInt8 || codec == CacheCodec::kInt4)
        return *encodingByName(std::string(name(codec)));
    const bool isHalf = held == c10::kHalf;
    if (codec == CacheCodec::kExact && held != c10::kBFloat16) return *encodingByName(isHalf ? "f16" : "f32");
    return *encodingByName("bf16");
}

RowCode rowCode(const Encoding& encoding, bool isKeys) {
    return {.bits = encoding.bits, .groups = isKeys ? RowCode::Groups::kPerColumn : RowCode::Groups::kPerRow};
}

/// The bytes of keys or values [total, headDim]. Codes are made head by head: heads share no scale.
Result<std::vector<std::byte>> encode(const at::Tensor& tensor,
                                      std::span<const std::vector<std::int32_t>> heads,
                                      const RowCode& code) {
    const at::Tensor wide = tensor.to(c10::kFloat).contiguous();
    const auto columns = static_cast<std::size_t>(wide.size(1));
    const std::span values(wide.const_data_ptr<float>(), static_cast<std::size_t>(wide.numel()));
    std::vector<std::byte> bytes;
    std::size_t row = 0;
    for (const auto& head : heads) {
        EPI_TRY_ASSIGN(const std::vector<std::byte> part,
                       encodeRows(values.subspan(row * columns, head.size() * columns), columns, code));
        bytes.insert(bytes.end(), part.begin(), part.end());
        row += head.size();
    }
    return bytes;
}

Result<void> decode(std::span<const std::byte> bytes,
                    std::span<const std::int64_t> heads,
                    const RowCode& code,
                    const at::Tensor& wide) {
    const auto columns = static_cast<std::size_t>(wide.size(1));
    const std::span values(wide.mutable_data_ptr<float>(), static_cast<std::size_t>(wide.numel()));
    std::size_t row = 0;
    for (const std::int64_t head : heads) {
        const auto rows = static_cast<std::size_t>(head);
        const std::size_t size = encodedBytes(rows, columns, code);
        if (size > bytes.size()) return Error{ErrorCode::kCorruptData, "an encoded head is cut off"};
        EPI_TRY(decodeRows(bytes.first(size), columns, code, values.subspan(row * columns, rows * columns)));
        bytes = bytes.subspan(size);
        row += rows;
    }
    return {};
}

/// Head and head lengths, as far as they can be checked without the model.
Result<SnapshotHead> readHead(const CacheFile& file,
                              const std::filesystem::path& path,
                              const std::string& key,
                              Lengths& lengths) {
    const json& metadata = file.header().metadata;
    if (file.header().key != key) return mismatch(path, "another key is inside");
    if (!metadata.is_object() || !metadata.contains("next_position") ||
        !metadata["next_position"].is_number_integer() || !metadata.contains("shift") ||
        !metadata["shift"].is_number_integer() || !metadata.contains("type") ||
        !metadata["type"].is_string() || !metadata.contains("lengths") || !metadata["lengths"].is_array() ||
        !metadata.contains("notes") || !metadata["notes"].is_object()) {
        return mismatch(path, "a field of the header is missing or of another type");
    }
    SnapshotHead head{.identity = file.identity(),
                      .nextPosition = metadata["next_position"].get<std::int64_t>(),
                      .shift = metadata["shift"].get<std::int64_t>(),
                      .entries = 0,
                      .notes = metadata["notes"]};
    for (const json& layer : metadata["lengths"]) {
        std::vector<std::int64_t>& heads = lengths.emplace_back();
        if (!layer.is_array()) return mismatch(path, "the lengths of a layer are no list");
        for (const json& length : layer) {
            if (!length.is_number_unsigned() || length.get<std::uint64_t>() > (std::uint64_t{1} << 32))
                return mismatch(path, "the length of a head is out of its range");
            heads.push_back(length.get<std::int64_t>());
            head.entries += heads.back();
        }
    }
    return head;
}

/// The scores that the entries of a layer keep, head-major, not a number where an entry has none; empty when
/// no entry has one.
std::vector<float> flatScores(const LayerArena::Content& layer) {
    std::vector<float> flat;
    for (std::size_t head = 0; head < layer.scores.size(); ++head) {
        flat.insert(flat.end(), layer.scores[head].begin(), layer.scores[head].end());
        flat.insert(flat.end(),
                    layer.positions[head].size() - layer.scores[head].size(),
                    std::numeric_limits<float>::quiet_NaN());
    }
    return flat;
}

/// Inverse of flatScores: a head's scores end where the first entry has none.
std::vector<std::vector<float>> scoresPerHead(std::span<const float> flat,
                                              std::span<const std::int64_t> lengths) {
    std::vector<std::vector<float>> scores;
    for (const std::int64_t length : lengths) {
        const auto head = flat.first(static_cast<std::size_t>(length));
        const auto end = std::ranges::find_if(head, [](float score) { return !std::isfinite(score); });
        scores.emplace_back(head.begin(), end);
        flat = flat.subspan(head.size());
    }
    return scores;
}

Result<void> readPositions(const CacheFile& file,
                           const std::string& section,
                           std::span<const std::int64_t> heads,
                           std::vector<std::vector<std::int32_t>>& positions) {
    std::vector<std::int32_t> flat(file.sectionSize(section).value_or(0) / sizeof(std::int32_t));
    EPI_TRY(file.read(section, std::as_writable_bytes(std::span(flat))));
    auto next = flat.begin();
    for (const std::int64_t length : heads) {
        if (length > flat.end() - next)
            return Error{ErrorCode::kCorruptData, "section '" + section + "' is too short"};
        positions.emplace_back(next, next + length);
        next += length;
    }
    return {};
}

/// Reads the sections of one layer.
Result<LayerArena::Content> readLayer(const CacheFile& file,
                                      std::size_t layer,
                                      std::span<const std::int64_t> heads,
                                      const Encoding& encoding,
                                      LayerArena::Content content) {
    const auto read = [&](const char* kind, const at::Tensor& tensor) -> Result<void> {
        const std::string name = sectionName(kind, layer);
        if (encoding.bits == 0) return file.read(name, writableBytesOf(tensor));
        const RowCode code = rowCode(encoding, kind == std::string_view("keys"));
        std::size_t expected = 0;
        for (const std::int64_t head : heads)
            expected +=
                encodedBytes(static_cast<std::size_t>(head), static_cast<std::size_t>(tensor.size(1)), code);
        std::vector<std::byte> bytes(expected);
        EPI_TRY(file.read(name, bytes));
        return decode(bytes, heads, code, tensor);
    };
    EPI_TRY(read("keys", content.keys));
    EPI_TRY(read("values", content.values));
    EPI_TRY(readPositions(file, sectionName("positions", layer), heads, content.positions));
    const std::string origins = sectionName("origins", layer);
    if (!file.sectionSize(origins)) {
        content.origins = content.positions;
    } else {
        EPI_TRY(readPositions(file, origins, heads, content.origins));
    }
    const std::string scored = sectionName("scores", layer);
    if (file.sectionSize(scored)) {
        std::vector<float> scores(static_cast<std::size_t>(content.keys.size(0)));
        EPI_TRY(file.read(scored, std::as_writable_bytes(std::span(scores))));
        content.scores = scoresPerHead(scores, heads);
    }
    return content;
}

/// Nothing is allocated for a length that the file's own sections do not bear out.
Result<void> checkShape(const CacheFile& file,
                        const std::filesystem::path& path,
                        const Lengths& lengths,
                        const ModelSpec& spec) {
    if (lengths.size() != spec.layers.size()) {
        return mismatch(path,
                        "it has " + std::to_string(lengths.size()) + " layers, the model has " +
                            std::to_string(spec.layers.size()));
    }
    for (std::size_t layer = 0; layer < lengths.size(); ++layer) {
        std::uint64_t total = 0;
        for (const std::int64_t length : lengths[layer])
            total += static_cast<std::uint64_t>(length);
        const bool fits =
            lengths[layer].size() == static_cast<std::size_t>(spec.layers[layer].attention.kvHeads) &&
            file.sectionSize(sectionName("positions", layer)) == total * sizeof(std::int32_t);
        if (!fits) {
            return mismatch(path, "the heads of layer " + std::to_string(layer) + " do not fit the model");
        }
    }
    return {};
}

}  // namespace

Result<SnapshotHead> saveSnapshot(const std::filesystem::path& path,
                                  const std::string& key,
                                  const KvSnapshot& snapshot,
                                  const SnapshotNotes& notes) {
    const Encoding encoding = encodingOf(notes.codec, snapshot.layers.front().keys.scalar_type());
    json lengths = json::array();
    std::vector<std::string> names;
    std::vector<CacheSection> sections;
    std::vector<at::Tensor> converted;
    std::vector<std::vector<std::byte>> encoded;
    std::vector<std::vector<std::int32_t>> positions;
    std::vector<std::vector<float>> scores;
    names.reserve(snapshot.layers.size() * 5);
    scores.reserve(snapshot.layers.size());
    encoded.reserve(snapshot.layers.size() * 2);
    positions.reserve(snapshot.layers.size() * 2);
    for (std::size_t layer = 0; layer < snapshot.layers.size(); ++layer) {
        const LayerArena::Content& content = snapshot.layers[layer];
        json heads = json::array();
        for (const auto& head : content.positions)
            heads.push_back(head.size());
        lengths.push_back(std::move(heads));
        for (const char* const kind : {"keys", "values"}) {
            const bool isKeys = kind == std::string_view("keys");
            const at::Tensor& tensor = isKeys ? content.keys : content.values;
            const std::string& name = names.emplace_back(sectionName(kind, layer));
            if (encoding.bits == 0) {
                converted.push_back(tensor.to(encoding.type));
                sections.push_back({name, bytesOf(converted.back())});
                continue;
            }
            EPI_TRY_ASSIGN(std::vector<std::byte> bytes,
                           encode(tensor, content.positions, rowCode(encoding, isKeys)));
            sections.push_back({name, encoded.emplace_back(std::move(bytes))});
        }
        const auto addPositions = [&](const char* kind,
                                      const std::vector<std::vector<std::int32_t>>& ofHeads) {
            std::vector<std::int32_t>& flat = positions.emplace_back();
            for (const auto& head : ofHeads)
                flat.insert(flat.end(), head.begin(), head.end());
            sections.push_back(
                {names.emplace_back(sectionName(kind, layer)), std::as_bytes(std::span(flat))});
        };
        addPositions("positions", content.positions);
        if (content.origins != content.positions) addPositions("origins", content.origins);
        std::vector<float>& flat = scores.emplace_back(flatScores(content));
        if (!flat.empty())
            sections.push_back(
                {names.emplace_back(sectionName("scores", layer)), std::as_bytes(std::span(flat))});
    }
    const CacheFileHeader header{.key = key,
                                 .metadata = {{"next_position", snapshot.nextPosition},
                                              {"shift", snapshot.shift},
                                              {"type", encoding.name},
                                              {"lengths", std::move(lengths)},
                                              {"notes", notes.notes}}};
    EPI_TRY(writeCacheFile(path, header, sections));
    return readSnapshotHead(path, key);
}

Result<SnapshotHead> readSnapshotHead(const std::filesystem::path& path, const std::string& key) {
    EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
    Lengths lengths;
    return readHead(file, path, key, lengths);
}

Result<LoadedSnapshot> loadSnapshot(const std::filesystem::path& path,
                                    const std::string& key,
                                    const ModelSpec& spec,
                                    const Placement& placement) {
    EPI_TRY_ASSIGN(const CacheFile file, CacheFile::open(path));
    Lengths lengths;
    LoadedSnapshot loaded;
    EPI_TRY_ASSIGN(loaded.head, readHead(file, path, key, lengths));
    const auto encoding = encodingByName(file.header().metadata["type"].get<std::string>());
    if (!encoding) return mismatch(path, "its numbers are of an unknown type");
    EPI_TRY(checkShape(file, path, lengths, spec));
    loaded.snapshot.nextPosition = loaded.head.nextPosition;
    loaded.snapshot.shift = loaded.head.shift;
    for (std::size_t layer = 0; layer < lengths.size(); ++layer) {
        std::int64_t total = 0;
        for (const std::int64_t length : lengths[layer])
            total += length;
        const std::int64_t headDim = spec.layers[layer].attention.headDim;
        loaded.snapshot.layers.push_back({.keys = at::empty({total, headDim}, encoding->type),
                                          .values = at::empty({total, headDim}, encoding->type),
                                          .positions = {},
                                          .origins = {}});
    }
    std::mutex mutex;
    std::optional<Error> failure;  // guarded by mutex
    parallelFor(lengths.size(), [&](std::size_t layer) {
        LayerArena::Content& content = loaded.snapshot.layers[layer];
        auto read = readLayer(file, layer, lengths[layer], *encoding, content);
        if (read) {
            content = *std::move(read);
            return;
        }
        const std::lock_guard lock(mutex);
        failure = std::move(read).error();
    });
    if (failure) return *std::move(failure);
    for (LayerArena::Content& content : loaded.snapshot.layers) {
        content.keys = content.keys.to(placement.cacheType);
        content.values = content.values.to(placement.cacheType);
    }
    return loaded;
}

}  // namespace epi
