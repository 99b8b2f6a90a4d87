#include "core/engine/passage_index.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <unordered_map>

#include "core/base/digest.h"
#include "core/format/cache_file.h"
#include "core/format/cache_key.h"
#include "core/model/sentence_embedder.h"

namespace epi {
namespace {

constexpr std::size_t kRowsPerFile = 32;
constexpr const char* kSuffix = ".passages";
constexpr const char* kSection = "rows";

std::string windowText(std::span<const Turn> turns, std::span<const PassageUnit> units, std::size_t unit) {
    const UnitRange window = windowAround(turns, units, unit);
    std::string text;
    for (std::size_t each = window.first; each < window.end; ++each)
        text += unitLine(turns, units[each]);
    return text;
}

class Indexer {
public:
    Indexer(const PassageIndexing& indexing, std::span<const Turn> turns, const PassageIndex* before)
        : indexing_(indexing), before_(before) {
        index_.units = passageUnits(turns);
        for (std::size_t unit = 0; unit < index_.units.size(); ++unit) {
            texts_.push_back(windowText(turns, index_.units, unit));
            index_.hashes.push_back(xxh3(std::as_bytes(std::span(texts_.back()))));
        }
        index_.windows.rows = static_cast<std::int64_t>(index_.units.size());
    }

    Result<PassageIndex> run() {
        if (before_ != nullptr) {
            for (std::size_t row = 0; row < before_->hashes.size(); ++row)
                known_.emplace(before_->hashes[row], row);
        }
        for (std::size_t first = 0; first < texts_.size(); first += kRowsPerFile) {
            EPI_TRY(fill(first, std::min(first + kRowsPerFile, texts_.size())));
            if (indexing_.progress) {
                indexing_.progress(static_cast<std::int64_t>(first),
                                   static_cast<std::int64_t>(texts_.size()));
            }
        }
        return std::move(index_);
    }

private:
    Result<void> fill(std::size_t first, std::size_t end) {
        if (takeKnown(first, end)) return {};
        // The window of a file's last unit is final once there is a unit behind it.
        const bool isFinal = end - first == kRowsPerFile && end < texts_.size();
        const std::filesystem::path file = isFinal ? fileOf(first, end) : std::filesystem::path();
        if (isFinal && load(file, end - first)) return {};
        EPI_TRY_ASSIGN(
            const EmbeddingMatrix rows,
            indexing_.embedder.embed(std::span(texts_).subspan(first, end - first), {}, indexing_.cancel));
        append(rows.values, rows.columns);
        if (isFinal) save(file, rows);
        return {};
    }

    bool takeKnown(std::size_t first, std::size_t end) {
        for (std::size_t row = first; row < end; ++row) {
            if (!known_.contains(index_.hashes[row])) return false;
        }
        for (std::size_t row = first; row < end; ++row) {
            const std::size_t old = known_.at(index_.hashes[row]);
            append(before_->windows.row(static_cast<std::int64_t>(old)), before_->windows.columns);
        }
        return true;
    }

    void append(std::span<const float> values, std::int64_t columns) {
        index_.windows.columns = columns;
        index_.windows.values.insert(index_.windows.values.end(), values.begin(), values.end());
    }

    [[nodiscard]] std::filesystem::path fileOf(std::size_t first, std::size_t end) const {
        std::vector<CacheKeyField> fields{
            {"embedder", std::as_bytes(std::span(indexing_.embedder.fingerprint()))}};
        for (std::size_t row = first; row < end; ++row)
            fields.push_back({"window", std::as_bytes(std::span(texts_[row]))});
        return indexing_.folder / (cacheKey(fields) + kSuffix);
    }

    bool load(const std::filesystem::path& path, std::size_t rows) {
        const auto file = CacheFile::open(path);
        if (!file || file->header().key != path.stem().string()) return false;
        const auto size = file->sectionSize(kSection).value_or(0);
        const std::size_t columns = size / sizeof(float) / rows;
        const bool fits =
            columns > 0 && columns * rows * sizeof(float) == size &&
            (index_.windows.columns == 0 || columns == static_cast<std::size_t>(index_.windows.columns));
        if (!fits) return false;
        std::vector<float> values(rows * columns);
        if (!file->read(kSection, std::as_writable_bytes(std::span(values)))) return false;
        append(values, static_cast<std::int64_t>(columns));
        return true;
    }

    void save(const std::filesystem::path& path, const EmbeddingMatrix& rows) const {
        std::error_code error;
        std::filesystem::create_directories(path.parent_path(), error);
        const CacheSection section{kSection, std::as_bytes(std::span(rows.values))};
        // Without the file the rows are embedded again next time.
        (void)writeCacheFile(path, {.key = path.stem().string()}, std::span(&section, 1)).has_value();
    }

    const PassageIndexing& indexing_;
    const PassageIndex* before_;
    PassageIndex index_;
    std::vector<std::string> texts_;  // of the windows
    std::unordered_map<std::uint64_t, std::size_t> known_;
};

}  // namespace

Result<PassageIndex> indexPassages(const PassageIndexing& indexing,
                                   std::span<const Turn> turns,
                                   const PassageIndex* before) {
    return Indexer(indexing, turns, before).run();
}

}  // namespace epi
