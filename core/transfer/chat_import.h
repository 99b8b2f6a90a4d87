#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/transfer/chat_format.h"
#include "core/transfer/json_values.h"

namespace epi {

/// A chat of the file that could not be read, or is not in it whole.
struct ImportProblem {
    std::string where;  // title of the chat, or its place in the file
    std::string reason;
};

/// What reading a file of chats came to.
struct ImportSummary {
    std::string format;  // title, e.g. "ChatGPT"
    std::int64_t chats = 0;
    std::int64_t messages = 0;  // of all branches
    std::map<LeftOut, std::int64_t> leftOut;
    std::vector<ImportProblem> problems;
    std::vector<std::string> notices;  // what is odd and harmless
    std::optional<Error> damage;       // why the rest of the file could not be read
};

/// Takes the chats of a file one after the other; an error ends the import.
using ChatSink = std::function<Result<void>(ReadChat chat)>;

struct ImportOptions {
    CancelToken cancel;     // looked at between chats and while reading
    ReadProgress progress;  // may be empty
};

/// Reads a file of chats in any format known and hands over chat by chat; memory holds one of them (text
/// formats and benchmark conversations: one file of at most 64 MiB). A chat that cannot be read becomes a
/// problem, and so does the end of a damaged file: what came before was handed over. kUnsupported with the
/// list of formats for any other file, kCancelled after a cancel.
Result<ImportSummary> importChats(const std::filesystem::path& path,
                                  const ChatSink& sink,
                                  const ImportOptions& options = {});

}  // namespace epi
