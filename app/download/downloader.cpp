#include "app/download/downloader.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstring>
#include <system_error>

#include "app/download/http_client.h"
#include "core/base/printable.h"
#include "core/download/address.h"
#include "core/download/part_file.h"

namespace epi {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kMostRedirects = 5;
constexpr auto kProgressInterval = 200ms;
constexpr std::string_view kModelBegin = "GGUF";

Result<std::string> checkedSha256(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool isDigits = text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (text.empty() || (isDigits && text.size() == 64)) return text;
    return Error{ErrorCode::kInvalidArgument,
                 "a SHA-256 has 64 hexadecimal digits, and " + inQuotes(text) + " has " +
                     grouped(text.size()) + " characters"};
}

class Download {
public:
    Download(const DownloadRequest& request,
             const DownloadListener& listener,
             const CancelToken& cancel,
             std::string expected,
             PartFile part,
             fs::path file)
        : request_(request),
          listener_(listener),
          cancel_(cancel),
          expected_(std::move(expected)),
          part_(std::move(part)),
          file_(std::move(file)),
          address_(addressDigest(request.url)) {}

    Result<Downloaded> run() {
        RangeRequest range = planRequest(part_.record(), address_, part_.size());
        if (range.firstByte > 0) {
            EPI_TRY(part_.hash(sha256_, cancel_, [this](std::uint64_t done, std::uint64_t total) {
                tell("checking", done, total);
            }));
            resumedFrom_ = range.firstByte;
        }
        // All was there, and only its name was missing.
        if (range.firstByte == 0 || range.firstByte < range.totalBytes) EPI_TRY(fetch(range));
        return finish();
    }

private:
    Result<void> fetch(RangeRequest range) {
        for (;;) {
            EPI_TRY(follow(range));
            if (!mustAskAgain_) break;
            range = {};
            mustAskAgain_ = false;
        }
        if (part_.size() == totalBytes_) return {};
        return Error{ErrorCode::kIo,
                     host_ + " ended after " + grouped(part_.size()) + " of " + grouped(totalBytes_) +
                         " bytes; try again, and the download goes on from there"};
    }

    /// One request, with the redirects that it leads through.
    Result<void> follow(const RangeRequest& range) {
        HttpRequest request{.url = request_.url,
                            .range = range,
                            .caFile = request_.caFile,
                            .stallSeconds = request_.stallSeconds};
        const HttpReceiver receiver{
            .begin = [this, &range](const Answer& answer) { return begin(range, answer); },
            .take = [this](std::span<const std::byte> bytes) { return take(bytes); },
            .tick =
                [this] {
                    tell("downloading", part_.size(), totalBytes_);
                }};
        for (int redirects = 0;; ++redirects) {
            EPI_TRY_ASSIGN(const AddressParts parts, partsOf(request.url));
            host_ = parts.host;
            EPI_TRY_ASSIGN(const std::optional<std::string> next, httpGet(request, receiver, cancel_));
            if (!next) return {};
            if (redirects == kMostRedirects) {
                return Error{ErrorCode::kIo,
                             host_ + " leads from one address to the next, more than " +
                                 std::to_string(kMostRedirects) + " times: check the address"};
            }
            EPI_TRY_ASSIGN(const AddressParts target, partsOf(*next));
            if (auto allowed = checkRedirect(parts, target); !allowed) {
                return std::move(allowed).error().with(host_ + " leads to " + inQuotes(*next));
            }
            request.url = *next;
        }
    }

    Result<bool> begin(const RangeRequest& range, const Answer& answer) {
        EPI_TRY_ASSIGN(const std::optional<Body> body, judgeAnswer(range, answer, host_));
        mustAskAgain_ = !body;
        if (!body) return false;
        totalBytes_ = body->totalBytes;
        std::error_code failure;
        const fs::space_info space = fs::space(request_.folder, failure);
        if (!failure) {
            const std::uint64_t givenUp = body->firstByte == 0 ? part_.size() : 0;
            EPI_TRY(checkSpace(
                body->totalBytes - body->firstByte, space.available + givenUp, request_.folder.native()));
        }
        if (body->firstByte == 0) {
            if (part_.size() > 0 && listener_.notice) {
                listener_.notice("what was fetched before is not used: the file at " + host_ +
                                 " is another, or it cannot be told whether it is the same");
            }
            EPI_TRY(part_.beginAnew({address_, body->validator, body->totalBytes}));
            sha256_ = Sha256();
            resumedFrom_ = 0;
        }
        begun_ = Clock::now();
        firstByte_ = body->firstByte;
        return true;
    }

    Result<void> take(std::span<const std::byte> bytes) {
        if (bytes.size() > totalBytes_ - part_.size()) {
            return Error{ErrorCode::kCorruptData,
                         host_ + " sends more than the " + grouped(totalBytes_) + " bytes it has announced"};
        }
        EPI_TRY(checkBegin(bytes));
        EPI_TRY(part_.append(bytes));
        sha256_.update(bytes);
        return {};
    }

    /// Not gigabytes of something else, and no web page that only says where the file is.
    Result<void> checkBegin(std::span<const std::byte> bytes) {
        if (part_.size() >= kModelBegin.size()) return {};
        for (std::uint64_t i = 0; i < bytes.size() && part_.size() + i < kModelBegin.size(); ++i) {
            if (static_cast<char>(bytes[i]) == kModelBegin[part_.size() + i]) continue;
            return Error{ErrorCode::kUnsupported,
                         "what " + host_ +
                             " sends is no model file (GGUF): take the address of the file "
                             "itself, not that of the page about it"};
        }
        return {};
    }

    Result<Downloaded> finish() {
        const std::string sha256 = hex(sha256_.finish());
        const std::string name = file_.filename().native();
        if (!expected_.empty() && sha256 != expected_) {
            part_.discard();
            return Error{ErrorCode::kCorruptData,
                         "the SHA-256 of " + name + " is " + sha256 + " instead of " + expected_ +
                             ": what was fetched is removed; check the number and the address"};
        }
        const std::uint64_t bytes = part_.size();
        tell("downloading", bytes, bytes, true);
        EPI_TRY(part_.finish());
        return Downloaded{.file = file_, .bytes = bytes, .sha256 = sha256, .resumedFrom = resumedFrom_};
    }

    void tell(const char* phase, std::uint64_t done, std::uint64_t total, bool isLast = false) {
        const auto now = Clock::now();
        if (!listener_.progress || (!isLast && now - told_ < kProgressInterval)) return;
        told_ = now;
        Progress progress{.phase = phase,
                          .done = static_cast<std::int64_t>(done),
                          .total = static_cast<std::int64_t>(total),
                          .unit = "bytes"};
        const std::chrono::duration<double> elapsed = now - begun_;
        const bool isRateKnown = begun_ != Clock::time_point() && elapsed > 1s;
        if (isRateKnown && done > firstByte_) {
            progress.perSecond = static_cast<double>(done - firstByte_) / elapsed.count();
        }
        listener_.progress(progress);
    }

    const DownloadRequest& request_;
    const DownloadListener& listener_;
    const CancelToken& cancel_;
    const std::string expected_;
    PartFile part_;
    const fs::path file_;
    const std::string address_;
    std::string host_;
    Sha256 sha256_;
    std::uint64_t totalBytes_ = 0;
    std::uint64_t firstByte_ = 0;
    std::uint64_t resumedFrom_ = 0;
    bool mustAskAgain_ = false;
    Clock::time_point begun_;
    Clock::time_point told_;
};

}  // namespace

Result<Downloaded> download(const DownloadRequest& request,
                            const DownloadListener& listener,
                            const CancelToken& cancel) {
    EPI_TRY_ASSIGN(std::string expected, checkedSha256(request.sha256));
    EPI_TRY_ASSIGN(const AddressParts parts, partsOf(request.url));
    EPI_TRY(checkAddress(parts));
    EPI_TRY_ASSIGN(const std::string name,
                   request.name.empty() ? modelFileNameOf(parts.path) : checkedModelFileName(request.name));
    std::error_code failure;
    fs::create_directories(request.folder, failure);
    if (failure) {
        return Error{ErrorCode::kIo,
                     "cannot make the folder " + printable(request.folder.native(), kMaxPrintablePath) +
                         ": " + failure.message()};
    }
    const fs::path file = request.folder / name;
    EPI_TRY_ASSIGN(PartFile part, PartFile::open(file));
    return Download(request, listener, cancel, std::move(expected), std::move(part), file).run();
}

}  // namespace epi
