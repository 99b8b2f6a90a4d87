#include "core/download/resume.h"

#include <charconv>
#include <span>

#include <nlohmann/json.hpp>

#include "core/base/digest.h"
#include "core/base/json_reader.h"
#include "core/base/known_error.h"
#include "core/base/printable.h"

namespace epi {
namespace {

constexpr std::uint64_t kReserveBytes = std::uint64_t{256} << 20;  // chats are stored on the same disk

enum Status {
    kOk = 200,
    kPartial = 206,
    kNotFound = 404,
    kGone = 410,
    kUnauthorized = 401,
    kForbidden = 403,
    kRangeNotSatisfiable = 416,
    kTooManyRequests = 429,
};

std::string validatorOf(const Answer& answer) {
    // A weak one only says that the content is much the same.
    if (!answer.etag.empty() && !answer.etag.starts_with("W/")) return answer.etag;
    return answer.lastModified;
}

struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};

/// "bytes 5-9/10"
std::optional<Range> parseRange(std::string_view text) {
    Range range;
    const auto take = [&text](std::string_view before, std::uint64_t& number) {
        if (!text.starts_with(before)) return false;
        text.remove_prefix(before.size());
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        return error == std::errc();
    };
    const bool isRange =
        take("bytes ", range.first) && take("-", range.last) && take("/", range.total) && text.empty();
    if (!isRange || range.first > range.last || range.last >= range.total) return std::nullopt;
    return range;
}

Error refusal(int status, const std::string& host) {
    const auto as = [&](ErrorCode code, KnownError known) {
        return makeError(code, known, {host, std::to_string(status)});
    };
    switch (status) {
        case kNotFound:
        case kGone:
            return as(ErrorCode::kNotFound, KnownError::kNoSuchDownload);
        case kUnauthorized:
        case kForbidden:
            return as(ErrorCode::kIo, KnownError::kDownloadForbidden);
        case kTooManyRequests:
            return as(ErrorCode::kIo, KnownError::kDownloadTooOften);
        default:
            return as(ErrorCode::kIo, KnownError::kDownloadRefused);
    }
}

}  // namespace

std::string addressDigest(std::string_view address) {
    return hex(blake2b256(std::as_bytes(std::span(address))));
}

std::string toJsonText(const PartRecord& record) {
    const nlohmann::json value{
        {"address", record.address}, {"validator", record.validator}, {"total_bytes", record.totalBytes}};
    return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<PartRecord> partRecordFromJsonText(const std::string& text) {
    EPI_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(text));
    const JsonReader root = document.root();
    PartRecord record;
    EPI_TRY_ASSIGN(const JsonReader address, root.at("address"));
    EPI_TRY_ASSIGN(record.address, address.string());
    EPI_TRY_ASSIGN(const JsonReader validator, root.at("validator"));
    EPI_TRY_ASSIGN(record.validator, validator.string());
    EPI_TRY_ASSIGN(const JsonReader total, root.at("total_bytes"));
    EPI_TRY_ASSIGN(const std::int64_t bytes, total.integer(1));
    record.totalBytes = static_cast<std::uint64_t>(bytes);
    return record;
}

RangeRequest planRequest(const std::optional<PartRecord>& record,
                         const std::string& address,
                         std::uint64_t partBytes) {
    const bool canGoOn = record && record->address == address && !record->validator.empty() &&
                         partBytes > 0 && partBytes <= record->totalBytes;
    return canGoOn ? RangeRequest{partBytes, record->validator, record->totalBytes} : RangeRequest{};
}

Result<std::optional<Body>> judgeAnswer(const RangeRequest& request,
                                        const Answer& answer,
                                        const std::string& host) {
    const bool isPart = request.firstByte > 0;
    if (isPart && answer.status == kRangeNotSatisfiable) return std::optional<Body>();
    if (answer.status != kOk && !(isPart && answer.status == kPartial)) return refusal(answer.status, host);
    if (!answer.encoding.empty() && answer.encoding != "identity") {
        return makeError(
            ErrorCode::kUnsupported, KnownError::kDownloadEncoded, {host, printable(answer.encoding)});
    }
    if (answer.status == kPartial) {
        const auto range = parseRange(answer.range);
        const bool isRest = range && range->first == request.firstByte && range->last + 1 == range->total &&
                            range->total == request.totalBytes;
        if (!isRest) return std::optional<Body>();
        return std::optional(Body{range->first, range->total, request.validator});
    }
    if (!answer.bodyBytes || *answer.bodyBytes == 0) {
        return makeError(ErrorCode::kUnsupported, KnownError::kDownloadWithoutSize, {host});
    }
    return std::optional(Body{0, *answer.bodyBytes, validatorOf(answer)});
}

Result<void> checkSpace(std::uint64_t neededBytes, std::uint64_t freeBytes, const std::string& folder) {
    if (freeBytes >= kReserveBytes && freeBytes - kReserveBytes >= neededBytes) return {};
    return makeError(ErrorCode::kIo,
                     KnownError::kDiskFull,
                     {printable(folder, kMaxPrintablePath),
                      grouped(freeBytes),
                      grouped(neededBytes),
                      grouped(kReserveBytes)});
}

}  // namespace epi
