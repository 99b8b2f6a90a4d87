#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace epi {

/// What is known of a file of which a part was fetched. The address may hold a secret, so only its digest is
/// kept.
struct PartRecord {
    std::string address;    // BLAKE2b-256, hexadecimal
    std::string validator;  // a strong ETag, or the date of the last change; empty: the server gave none
    std::uint64_t totalBytes = 0;

    bool operator==(const PartRecord&) const = default;
};

std::string addressDigest(std::string_view address);

std::string toJsonText(const PartRecord& record);
Result<PartRecord> partRecordFromJsonText(const std::string& text);

/// What a server is asked for.
struct RangeRequest {
    std::uint64_t firstByte = 0;   // 0: all of the file
    std::string validator;         // of the file that this is a part of,
    std::uint64_t totalBytes = 0;  // and its length
};

/// Goes on behind the `partBytes` that are there when they are known to be of this address and the server can
/// tell whether its file is still the same; from the beginning otherwise.
RangeRequest planRequest(const std::optional<PartRecord>& record,
                         const std::string& address,
                         std::uint64_t partBytes);

/// What a server has answered; fields it did not send are empty.
struct Answer {
    int status = 0;  // of HTTP
    std::optional<std::uint64_t> bodyBytes;
    std::string range;  // Content-Range
    std::string etag;
    std::string lastModified;
    std::string encoding;  // Content-Encoding
};

/// Where the bytes that now follow belong.
struct Body {
    std::uint64_t firstByte = 0;
    std::uint64_t totalBytes = 0;  // of the whole file
    std::string validator;
};

/// Nothing when the server must be asked again, for all of the file. `host` is named in errors: kNotFound for
/// 404 and 410, kUnsupported when it does not say how long the file is or sends it encoded, else kIo.
Result<std::optional<Body>> judgeAnswer(const RangeRequest& request,
                                        const Answer& answer,
                                        const std::string& host);

/// kIo unless `freeBytes` of the disk are enough for `neededBytes` and for the chats to go on.
Result<void> checkSpace(std::uint64_t neededBytes, std::uint64_t freeBytes, const std::string& folder);

}  // namespace epi
