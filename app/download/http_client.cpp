#include "app/download/http_client.h"

#include <array>
#include <memory>

#include "core/base/printable.h"

#include <curl/curl.h>

namespace epi {
namespace {

constexpr long kConnectSeconds = 30;
constexpr int kPollMs = 100;

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;
using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Multi = std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

std::string partOf(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
    return text;
}

/// `location` as seen from `url`.
Result<std::string> resolved(const std::string& url, const std::string& location) {
    const Url base(curl_url(), &curl_url_cleanup);
    if (!base || curl_url_set(base.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_set(base.get(), CURLUPART_URL, location.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        return Error{
            ErrorCode::kIo,
            printable(url, kMaxPrintablePath) + " leads to " + inQuotes(location) + ", which is no address"};
    }
    return partOf(base.get(), CURLUPART_URL);
}

/// One request on its way.
class Transfer {
public:
    Transfer(const HttpRequest& request, const HttpReceiver& receiver, std::string host)
        : request_(request), receiver_(receiver), host_(std::move(host)) {}

    Result<std::optional<std::string>> run(const CancelToken& cancel) {
        if (!easy_ || !multi_) return Error{ErrorCode::kOutOfMemory, "no memory for a transfer"};
        EPI_TRY(setOptions());
        if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) {
            return Error{ErrorCode::kInternal, "the transfer cannot be begun"};
        }
        const auto result = drive(cancel);
        curl_multi_remove_handle(multi_.get(), easy_.get());
        return result;
    }

private:
    template <typename Value>
    void set(CURLoption option, Value value) {
        const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
        if (code != CURLE_OK && isSet_ == CURLE_OK) isSet_ = code;
    }

    Result<void> setOptions() {
        set(CURLOPT_URL, request_.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "https,http");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.stallSeconds));
        set(CURLOPT_USERAGENT, "epichat-download");
        if (!request_.caFile.empty()) set(CURLOPT_CAINFO, request_.caFile.c_str());
        if (isThisComputer(host_)) set(CURLOPT_PROXY, "");
        set(CURLOPT_ERRORBUFFER, words_.data());
        set(CURLOPT_WRITEFUNCTION, &Transfer::write);
        set(CURLOPT_WRITEDATA, this);
        if (request_.range.firstByte > 0) {
            range_ = std::to_string(request_.range.firstByte) + "-";
            set(CURLOPT_RANGE, range_.c_str());
            headers_.reset(curl_slist_append(nullptr, ("If-Range: " + request_.range.validator).c_str()));
            set(CURLOPT_HTTPHEADER, headers_.get());
        }
        if (isSet_ == CURLE_OK) return {};
        return Error{ErrorCode::kInternal,
                     std::string("the transfer cannot be set up: ") + curl_easy_strerror(isSet_)};
    }

    Result<std::optional<std::string>> drive(const CancelToken& cancel) {
        int running = 1;
        while (running > 0) {
            if (cancel.isCancelled()) return Error{ErrorCode::kCancelled, "cancelled"};
            if (curl_multi_perform(multi_.get(), &running) != CURLM_OK ||
                curl_multi_poll(multi_.get(), nullptr, 0, running > 0 ? kPollMs : 0, nullptr) != CURLM_OK) {
                return Error{ErrorCode::kInternal, "the transfer cannot go on"};
            }
            if (receiver_.tick) receiver_.tick();
        }
        int left = 0;
        const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
        if (message == nullptr) return Error{ErrorCode::kInternal, "the transfer has no result"};
        return ended(message->data.result);
    }

    Result<std::optional<std::string>> ended(CURLcode code) {
        if (error_) return *error_;
        if (code != CURLE_OK && !(hasBegun_ && !isWanted_)) return failure(code);
        if (!hasBegun_) begin();  // there was no body
        if (error_) return *error_;
        return redirect_;
    }

    /// Whether the body is wanted.
    bool begin() {
        hasBegun_ = true;
        const Answer answer = this->answer();
        if (const std::string location = header("Location"); answer.status / 100 == 3 && !location.empty()) {
            auto target = resolved(request_.url, location);
            if (!target) error_ = std::move(target).error();
            if (!error_) redirect_ = *std::move(target);
            return false;
        }
        auto wanted = receiver_.begin(answer);
        if (!wanted) error_ = std::move(wanted).error();
        isWanted_ = !error_ && *wanted;
        return isWanted_;
    }

    [[nodiscard]] Answer answer() const {
        Answer answer;
        long status = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        curl_off_t length = -1;
        curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        if (length >= 0) answer.bodyBytes = static_cast<std::uint64_t>(length);
        answer.range = header("Content-Range");
        answer.etag = header("ETag");
        answer.lastModified = header("Last-Modified");
        answer.encoding = header("Content-Encoding");
        return answer;
    }

    [[nodiscard]] std::string header(const char* name) const {
        curl_header* found = nullptr;
        return curl_easy_header(easy_.get(), name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                             : "";
    }

    static std::size_t write(char* bytes, std::size_t /*one*/, std::size_t count, void* self) {
        return static_cast<Transfer*>(self)->take(std::as_bytes(std::span(bytes, count)));
    }

    /// What is not all of `bytes` ends the transfer.
    std::size_t take(std::span<const std::byte> bytes) {
        constexpr std::size_t kStop = CURL_WRITEFUNC_ERROR;
        if (!hasBegun_ && !begin()) return kStop;
        if (!isWanted_) return kStop;
        if (auto taken = receiver_.take(bytes); !taken) {
            error_ = std::move(taken).error();
            return kStop;
        }
        return bytes.size();
    }

    [[nodiscard]] Error failure(CURLcode code) const {
        const std::string words = words_[0] != '\0' ? words_.data() : curl_easy_strerror(code);
        const std::string detail = " (" + printable(words, 200) + ")";
        switch (code) {
            case CURLE_COULDNT_RESOLVE_HOST:
            case CURLE_COULDNT_RESOLVE_PROXY:
                return {ErrorCode::kIo,
                        "no server " + host_ + " was found: check the address and the network" + detail};
            case CURLE_COULDNT_CONNECT:
                return {ErrorCode::kIo,
                        host_ + " cannot be reached: check the network and try again" + detail};
            case CURLE_OPERATION_TIMEDOUT:
                return {ErrorCode::kIo,
                        host_ +
                            (hasBegun_ ? " sends nothing any more; try again, and the download goes on "
                                         "from there"
                                       : " does not answer; try again later") +
                            detail};
            case CURLE_PEER_FAILED_VERIFICATION:
            case CURLE_SSL_CACERT_BADFILE:
            case CURLE_SSL_CONNECT_ERROR:
                return {
                    ErrorCode::kIo,
                    host_ + " cannot prove that it is " + host_ + ", so nothing is fetched from it" + detail};
            case CURLE_PARTIAL_FILE:
            case CURLE_RECV_ERROR:
            case CURLE_GOT_NOTHING:
            case CURLE_HTTP2_STREAM:
                return {ErrorCode::kIo,
                        "the connection to " + host_ +
                            " was cut; try again, and the download goes on from there" + detail};
            default:
                return {ErrorCode::kIo, "the transfer from " + host_ + " failed" + detail};
        }
    }

    const HttpRequest& request_;
    const HttpReceiver& receiver_;
    const std::string host_;
    // Later members refer to earlier ones, and go first.
    std::array<char, CURL_ERROR_SIZE> words_{};
    std::string range_;
    List headers_{nullptr, &curl_slist_free_all};
    CURLcode isSet_ = CURLE_OK;
    bool hasBegun_ = false;
    bool isWanted_ = false;
    std::optional<Error> error_;
    std::optional<std::string> redirect_;
    Multi multi_{curl_multi_init(), &curl_multi_cleanup};
    Easy easy_{curl_easy_init(), &curl_easy_cleanup};
};

}  // namespace

Result<AddressParts> partsOf(const std::string& url) {
    const Url parsed(curl_url(), &curl_url_cleanup);
    if (!parsed) return Error{ErrorCode::kOutOfMemory, "no memory for an address"};
    // Everything with a scheme is taken apart; which are fetched is decided by the caller.
    if (const CURLUcode code =
            curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
        code != CURLUE_OK) {
        return Error{ErrorCode::kInvalidArgument,
                     inQuotes(url) + " is no address: " + curl_url_strerror(code)};
    }
    return AddressParts{.scheme = partOf(parsed.get(), CURLUPART_SCHEME),
                        .host = partOf(parsed.get(), CURLUPART_HOST),
                        .path = partOf(parsed.get(), CURLUPART_PATH),
                        .hasUser = !partOf(parsed.get(), CURLUPART_USER).empty() ||
                                   !partOf(parsed.get(), CURLUPART_PASSWORD).empty()};
}

Result<std::optional<std::string>> httpGet(const HttpRequest& request,
                                           const HttpReceiver& receiver,
                                           const CancelToken& cancel) {
    EPI_TRY_ASSIGN(const AddressParts parts, partsOf(request.url));
    EPI_TRY(checkAddress(parts));
    return Transfer(request, receiver, parts.host).run(cancel);
}

}  // namespace epi
