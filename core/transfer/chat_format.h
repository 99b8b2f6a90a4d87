#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/json_reader.h"
#include "core/base/result.h"
#include "core/transfer/portable_chat.h"

namespace epi {

/// Why a part of a chat is not in what was imported.
enum class LeftOut {
    kSystemTurn,    // instructions the other program added
    kToolTurn,      // calls of tools and what they returned
    kReasoning,     // what a model thought before it answered
    kAttachment,    // files and images: exports name them, they do not hold them
    kHiddenTurn,    // marked as not for reading
    kFailedTurn,    // error messages in place of an answer
    kEmptyTurn,     // nothing in it
    kUnknownPart,   // of a kind this program does not know
    kUnlinkedTurn,  // in a circle of messages that begins nowhere
};

/// Stable lower-case name, as written to JSON ("system_turn").
std::string_view name(LeftOut reason);

/// One chat as a format reads it.
struct ReadChat {
    PortableChat chat;
    std::map<LeftOut, std::int64_t> leftOut;
};

/// A JSON format whose file is one value, or an array of values that are read one after the other.
struct JsonChatFormat {
    /// By the shape of the first value.
    bool (*recognises)(const JsonReader& first);
    /// The chats in one value; mostly one.
    Result<std::vector<ReadChat>> (*read)(const JsonReader& value);
};

/// A text format, whose file is read whole.
struct TextChatFormat {
    /// `head` is the beginning of the file, up to 64 KiB.
    bool (*recognises)(std::string_view head);
    /// The chats of the file; mostly one.
    Result<std::vector<ReadChat>> (*read)(std::string_view text);
};

/// One file format of chats. A format is one file in core/transfer/formats/ whose name is its id; the build
/// finds it. No two recognise the same file.
struct ChatFormat {
    std::string_view id;     // "chatgpt"
    std::string_view title;  // "ChatGPT"
    std::variant<JsonChatFormat, TextChatFormat> kind;
};

std::span<const ChatFormat* const> allChatFormats();

}  // namespace epi

/// Ends a format's file: `EPI_CHAT_FORMAT(chatgpt){.id = "chatgpt", ...};`
#define EPI_CHAT_FORMAT(stem)                          \
    extern const ::epi::ChatFormat kChatFormat_##stem; \
    const ::epi::ChatFormat kChatFormat_##stem
