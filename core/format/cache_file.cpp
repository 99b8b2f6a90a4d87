#include "core/format/cache_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/printable.h"
#include "core/format/header_reader.h"

namespace epi {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little);
constexpr std::string_view kMagic = "EPICACHE";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxJsonBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxChunks = std::uint64_t{1} << 20;  // 1 TiB
constexpr std::uint64_t kMaxHeadBytes = kMaxJsonBytes + kMaxChunks * sizeof(std::uint64_t) + 64;

struct Section {
    std::string name;
    std::uint64_t sizeBytes = 0;
    std::uint64_t fileOffset = 0;
    std::uint64_t firstChunk = 0;
};

std::uint64_t chunkCount(std::uint64_t bytes) {
    return bytes / kChunkBytes + (bytes % kChunkBytes == 0 ? 0 : 1);
}

/// JSON as text; nothing when a string in it is not UTF-8.
std::optional<std::string> textOf(const json& value) {
    try {
        return value.dump();
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

template <typename T>
void append(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Result<void> checkSections(std::span<const CacheSection> sections) {
    std::set<std::string_view> names;
    for (const CacheSection& section : sections) {
        if (section.name.empty() || !names.insert(section.name).second) {
            return Error{ErrorCode::kInvalidArgument,
                         "a cache file needs section names that differ, found " + inQuotes(section.name) +
                             (section.name.empty() ? "" : " twice")};
        }
    }
    return {};
}

/// Everything in front of the sections.
Result<std::string> makeHead(const CacheFileHeader& header, std::span<const CacheSection> sections) {
    json list = json::array();
    std::vector<std::uint64_t> hashes;
    for (const CacheSection& section : sections) {
        list.push_back({{"name", std::string(section.name)}, {"bytes", section.bytes.size()}});
        for (std::size_t start = 0; start < section.bytes.size(); start += kChunkBytes)
            hashes.push_back(xxh3(section.bytes.subspan(start).first(
                std::min<std::size_t>(kChunkBytes, section.bytes.size() - start))));
    }
    const auto text = textOf({{"key", header.key}, {"metadata", header.metadata}, {"sections", list}});
    if (!text) return Error{ErrorCode::kInvalidArgument, "the header of a cache file is not UTF-8"};
    if (text->size() > kMaxJsonBytes || hashes.size() > kMaxChunks) {
        return Error{ErrorCode::kInvalidArgument,
                     "a cache file holds up to " + grouped(kMaxJsonBytes) + " bytes of JSON and " +
                         grouped(kMaxChunks) + " chunks, found " + grouped(text->size()) + " and " +
                         grouped(hashes.size())};
    }
    std::string head(kMagic);
    append(head, kVersion);
    append(head, static_cast<std::uint32_t>(text->size()));
    append(head, std::uint64_t{hashes.size()});
    head += *text;
    for (const std::uint64_t hash : hashes)
        append(head, hash);
    append(head, xxh3(std::as_bytes(std::span(head))));
    return head;
}

/// The sections that the verified JSON lists, laid out from `offset` on.
Result<std::vector<Section>> readSections(const json& list,
                                          std::uint64_t offset,
                                          const HeaderReader& reader) {
    std::vector<Section> sections;
    std::set<std::string> names;
    std::uint64_t firstChunk = 0;
    for (const json& entry : list) {
        if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string() ||
            !entry.contains("bytes") || !entry["bytes"].is_number_unsigned())
            return reader.damaged("section " + grouped(sections.size()) + " has no name and size");
        Section section{
            entry["name"].get<std::string>(), entry["bytes"].get<std::uint64_t>(), offset, firstChunk};
        if (!names.insert(section.name).second)
            return reader.damaged("section " + inQuotes(section.name) + " is there twice");
        if (__builtin_add_overflow(offset, section.sizeBytes, &offset))
            return reader.damaged("section " + inQuotes(section.name) + " ends beyond any file");
        firstChunk += chunkCount(section.sizeBytes);
        sections.push_back(std::move(section));
    }
    return sections;
}

}  // namespace

struct CacheFile::State {
    File file;
    CacheFileHeader header;
    std::vector<Section> sections;
    std::vector<std::uint64_t> chunkHashes;
    std::uint64_t identity = 0;

    [[nodiscard]] const Section* find(std::string_view name) const {
        const auto found = std::ranges::find(sections, name, &Section::name);
        return found == sections.end() ? nullptr : &*found;
    }
    [[nodiscard]] Error damaged(const std::string& sentence) const {
        return {ErrorCode::kCorruptData,
                printable(file.path().filename().native()) + " is damaged: " + sentence};
    }
    /// Fills header, sections and hashes from the file.
    Result<void> readHead();
    Result<void> readJson(const json& head, std::uint64_t offset, const HeaderReader& reader);
};

Result<void> CacheFile::State::readHead() {
    HeaderReader reader(file, kMaxHeadBytes);
    EPI_TRY_ASSIGN(const auto magic, reader.take(kMagic.size(), "the magic"));
    if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
        return reader.damaged("it does not begin with " + std::string(kMagic));
    EPI_TRY_ASSIGN(const auto version, reader.scalar<std::uint32_t>("the version"));
    if (version != kVersion) {
        return reader.damaged("it has version " + grouped(version) + ", version " + grouped(kVersion) +
                              " expected");
    }
    EPI_TRY_ASSIGN(const auto jsonBytes, reader.scalar<std::uint32_t>("the length of the JSON"));
    EPI_TRY_ASSIGN(const auto chunks, reader.scalar<std::uint64_t>("the number of chunks"));
    if (jsonBytes > kMaxJsonBytes || chunks > kMaxChunks) {
        return reader.damaged("it announces " + grouped(jsonBytes) + " bytes of JSON and " + grouped(chunks) +
                              " chunks, at most " + grouped(kMaxJsonBytes) + " and " + grouped(kMaxChunks) +
                              " expected");
    }
    EPI_TRY_ASSIGN(const auto text, reader.take(jsonBytes, "the JSON"));
    const std::string jsonText(reinterpret_cast<const char*>(text.data()), text.size());
    EPI_TRY_ASSIGN(const auto hashes, reader.take(chunks * sizeof(std::uint64_t), "the chunk hashes"));
    chunkHashes.resize(static_cast<std::size_t>(chunks));
    std::memcpy(chunkHashes.data(), hashes.data(), hashes.size());

    EPI_TRY_ASSIGN(const auto head, reader.prefix(reader.position()));
    const std::uint64_t found = xxh3(head);
    EPI_TRY_ASSIGN(const auto expected, reader.scalar<std::uint64_t>("the hash of the head"));
    if (found != expected) return reader.damaged("its head does not have the hash it should have");
    identity = expected;
    return readJson(json::parse(jsonText, nullptr, false), reader.position(), reader);
}

Result<void> CacheFile::State::readJson(const json& head, std::uint64_t offset, const HeaderReader& reader) {
    if (!head.is_object() || !head.contains("key") || !head["key"].is_string() ||
        !head.contains("metadata") || !head.contains("sections") || !head["sections"].is_array())
        return reader.damaged("its JSON lacks key, metadata or sections");
    header = {head["key"].get<std::string>(), head["metadata"]};
    EPI_TRY_ASSIGN(sections, readSections(head["sections"], offset, reader));

    const Section* last = sections.empty() ? nullptr : &sections.back();
    const std::uint64_t end = last == nullptr ? offset : last->fileOffset + last->sizeBytes;
    const std::uint64_t chunks = last == nullptr ? 0 : last->firstChunk + chunkCount(last->sizeBytes);
    if (end != file.size()) {
        return reader.damaged("its sections end at " + grouped(end) + " but the file at " +
                              grouped(file.size()));
    }
    if (chunks != chunkHashes.size()) {
        return reader.damaged("its sections have " + grouped(chunks) + " chunks but there are hashes of " +
                              grouped(chunkHashes.size()));
    }
    return {};
}

Result<void> writeCacheFile(const std::filesystem::path& path,
                            const CacheFileHeader& header,
                            std::span<const CacheSection> sections) {
    EPI_TRY(checkSections(sections));
    EPI_TRY_ASSIGN(const std::string head, makeHead(header, sections));
    std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span(head))};
    for (const CacheSection& section : sections)
        pieces.push_back(section.bytes);
    return writeFileAtomically(path, pieces);
}

CacheFile::CacheFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
CacheFile::~CacheFile() = default;
CacheFile::CacheFile(CacheFile&&) noexcept = default;
CacheFile& CacheFile::operator=(CacheFile&&) noexcept = default;

Result<CacheFile> CacheFile::open(const std::filesystem::path& path) {
    EPI_TRY_ASSIGN(File file, File::openForReading(path));
    auto state = std::make_unique<State>(State{std::move(file), {}, {}, {}, 0});
    EPI_TRY(state->readHead());
    return CacheFile(std::move(state));
}

const CacheFileHeader& CacheFile::header() const {
    return state_->header;
}

std::uint64_t CacheFile::fileSize() const {
    return state_->file.size();
}

std::uint64_t CacheFile::identity() const {
    return state_->identity;
}

std::vector<std::string> CacheFile::sectionNames() const {
    std::vector<std::string> names;
    for (const Section& section : state_->sections)
        names.push_back(section.name);
    return names;
}

std::optional<std::uint64_t> CacheFile::sectionSize(std::string_view name) const {
    const Section* const section = state_->find(name);
    if (section == nullptr) return std::nullopt;
    return section->sizeBytes;
}

Result<void> CacheFile::read(std::string_view name, std::span<std::byte> bytes) const {
    const Section* const section = state_->find(name);
    if (section == nullptr) return state_->damaged("it has no section " + inQuotes(name));
    if (section->sizeBytes != bytes.size()) {
        return state_->damaged("section " + inQuotes(name) + " has " + grouped(section->sizeBytes) +
                               " bytes, " + grouped(bytes.size()) + " expected");
    }
    std::uint64_t chunk = section->firstChunk;
    for (std::uint64_t start = 0; start < bytes.size(); start += kChunkBytes, ++chunk) {
        const auto part = bytes.subspan(static_cast<std::size_t>(start))
                              .first(static_cast<std::size_t>(std::min(kChunkBytes, bytes.size() - start)));
        EPI_TRY(state_->file.readAt(section->fileOffset + start, part));
        if (xxh3(part) != state_->chunkHashes[static_cast<std::size_t>(chunk)]) {
            return state_->damaged("section " + inQuotes(name) + ", bytes from " + grouped(start) +
                                   " on do not have the hash they should have");
        }
    }
    return {};
}

}  // namespace epi
