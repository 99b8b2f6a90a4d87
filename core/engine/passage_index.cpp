#include "core/engine/passage_index.h"

#include <algorithm>
#include <numeric>
#include <system_error>
#include <unordered_map>

#include "core/base/digest.h"
#include "core/format/cache_file.h"
#include "core/format/cache_key.h"
#include "core/model/text_embedder.h"

namespace epi {
namespace {

constexpr std::size_t kRowsPerFile = 32;
constexpr const char* kSuffix = ".passages";
constexpr const char* kSection = "rows";
constexpr std::string_view kLine = "{speaker}: {text}\n";

std::string windowText(std::span<const Turn> turns, std::span<const PassageUnit> units, std::size_t unit) {
    const UnitRange window = windowAround(turns, units, unit);
    std::string text;
    for (std::size_t each = window.first; each < window.end; ++each)
        text += unitLine(turns, units[each], kLine);
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
        for (std::size_t row = 0; before_ != nullptr && row < before_->hashes.size(); ++row)
            known_.emplace(before_->hashes[row], row);
        for (std::size_t first = 0; first < texts_.size(); first += kRowsPerFile) {
            const std::size_t end = std::min(first + kRowsPerFile, texts_.size());
            EPI_TRY(fill(first, end));
            if (indexing_.progress)
                indexing_.progress(static_cast<std::int64_t>(end), static_cast<std::int64_t>(texts_.size()));
        }
        return std::move(index_);
    }

private:
    Result<void> fill(std::size_t first, std::size_t end) {
        // The window of the last unit is final once there is a unit behind it.
        const bool isFinal = end - first == kRowsPerFile && end < texts_.size();
        if (takeKnown(first, end)) return {};
        const std::filesystem::path file = isFinal ? fileOf(first, end) : std::filesystem::path();
        if (isFinal && load(file, end - first)) return {};
        EPI_TRY_ASSIGN(const EmbeddingMatrix rows, embedUnknown(first, end));
        append(rows.values, rows.columns);
        if (isFinal) save(file, rows);
        return {};
    }

    [[nodiscard]] bool isKnown(std::size_t row) const { return known_.contains(index_.hashes[row]); }

    bool takeKnown(std::size_t first, std::size_t end) {
        for (std::size_t row = first; row < end; ++row) {
            if (!isKnown(row)) return false;
        }
        for (std::size_t row = first; row < end; ++row)
            append(knownRow(row), before_->windows.columns);
        return true;
    }

    [[nodiscard]] std::span<const float> knownRow(std::size_t row) const {
        return before_->windows.row(static_cast<std::int64_t>(known_.at(index_.hashes[row])));
    }

    /// Rows of which some may be known.
    Result<EmbeddingMatrix> embedUnknown(std::size_t first, std::size_t end) {
        std::vector<std::string> unknown;
        for (std::size_t row = first; row < end; ++row) {
            if (!isKnown(row)) unknown.push_back(texts_[row]);
        }
        EPI_TRY_ASSIGN(const EmbeddingMatrix made, indexing_.embedder.embed(unknown, {}, indexing_.cancel));
        EmbeddingMatrix rows{
            .rows = static_cast<std::int64_t>(end - first), .columns = made.columns, .values = {}};
        std::int64_t next = 0;
        for (std::size_t row = first; row < end; ++row) {
            const std::span<const float> values = isKnown(row) ? knownRow(row) : made.row(next++);
            rows.values.insert(rows.values.end(), values.begin(), values.end());
        }
        return rows;
    }

    void append(std::span<const float> values, std::int64_t columns) {
        index_.windows.columns = columns;
        index_.windows.values.insert(index_.windows.values.end(), values.begin(), values.end());
    }

    [[nodiscard]] std::filesystem::path fileOf(std::size_t first, std::size_t end) const {
        std::vector<CacheKeyField> fields{
            {"embedder", std::as_bytes(std::span(indexing_.embedder.fingerprint()))}};
        for (std::size_t row = first; row < end; ++row)
            fields.push_back({"text", std::as_bytes(std::span(texts_[row]))});
        return indexing_.folder / (cacheKey(indexing_.uid, fields) + kSuffix);
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
    std::vector<std::string> texts_;                        // of the windows
    std::unordered_map<std::uint64_t, std::size_t> known_;  // rows of `before_`
};

}  // namespace

Result<PassageIndex> indexPassages(const PassageIndexing& indexing,
                                   std::span<const Turn> turns,
                                   const PassageIndex* before) {
    return Indexer(indexing, turns, before).run();
}

Result<std::vector<double>> comparePassages(const TextEmbedder& embedder,
                                            const PassageIndex& index,
                                            const std::string& question,
                                            const CancelToken& cancel) {
    EPI_TRY_ASSIGN(const EmbeddingMatrix asked, embedder.embedQuestion(question, cancel));
    std::vector<double> cosines;
    for (std::int64_t unit = 0; unit < index.windows.rows; ++unit) {
        const auto row = index.windows.row(unit);
        cosines.push_back(std::inner_product(row.begin(), row.end(), asked.values.begin(), 0.0));
    }
    return cosines;
}

}  // namespace epi
