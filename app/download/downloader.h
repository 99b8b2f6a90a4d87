#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/base/cancel_token.h"
#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/wire/messages.h"

namespace epi {

struct DownloadRequest {
    std::string url;
    std::filesystem::path folder;
    std::string name;    // empty: as the address has it
    std::string sha256;  // hexadecimal; empty: not known
    std::string caFile;  // see HttpRequest
    int stallSeconds = 60;
};

struct Downloaded {
    std::filesystem::path file;
    std::uint64_t bytes = 0;
    std::string sha256;
    std::uint64_t resumedFrom = 0;  // bytes that were there before
};

struct DownloadListener {
    /// Phase "checking" while the bytes that are there are read, then "downloading".
    std::function<void(const Progress&)> progress;
    /// Something worth knowing that is no error: one sentence.
    std::function<void(const std::string&)> notice;
};

/// Fetches a model file into a folder, which is made where it is missing. What was fetched before goes on
/// from there when the server's file is still the same. The file has its name only once it is complete, on
/// disk, and has the checksum that was asked for; a file with another one is removed. Nothing is ever
/// replaced. kCancelled soon after `cancel` is set: what is there stays for the next time.
Result<Downloaded> download(const DownloadRequest& request,
                            const DownloadListener& listener,
                            const CancelToken& cancel);

}  // namespace epi
