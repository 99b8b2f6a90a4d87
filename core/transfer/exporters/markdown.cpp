// Markdown: the branch that is shown, a heading per message.

#include "core/transfer/chat_exporter.h"
#include "core/transfer/chat_markdown.h"
#include "core/transfer/spoken_names.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

std::string_view headingOf(const PortableMessage& message) {
    if (!message.speaker.empty()) return message.speaker;
    switch (message.role) {
        case Role::kUser:
            return kYouHeading;
        case Role::kAssistant:
            return kAssistantHeading;
        case Role::kSystem:
            break;
    }
    return kSystemHeading;
}

/// On one line, so that a title or a name stays a heading.
std::string oneLine(std::string_view text) {
    std::string line(trimmed(text));
    for (char& letter : line) {
        if (letter == '\n' || letter == '\r') letter = ' ';
    }
    return line;
}

/// Lines that would begin a message when read again get a backslash, and a block of code that was cut off its
/// end.
std::string guarded(std::string_view text) {
    std::string guarded;
    bool isInCode = false;
    guarded.reserve(text.size());
    while (!text.empty()) {
        const std::string_view line = takeLine(text);
        if (looksLikeMessageHeading(line)) guarded += '\\';
        if (isCodeFence(line)) isInCode = !isInCode;
        guarded += line;
        guarded += '\n';
    }
    if (isInCode) guarded += "```\n";
    return guarded;
}

std::string begin(std::string_view) {
    return "";
}

std::string write(const PortableChat& chat) {
    std::string text = "# " + oneLine(chat.title) + "\n\n";
    if (chat.createdAtMs > 0) text += "*" + formatTimestamp(chat.createdAtMs).substr(0, 10) + "*\n\n";
    if (!chat.systemPrompt.empty())
        text += "## " + std::string(kSystemHeading) + "\n\n" + guarded(chat.systemPrompt) + "\n";
    std::string session;
    for (const std::size_t place : activeBranch(chat)) {
        const PortableMessage& message = chat.messages[place];
        if (message.session != session) text += "---\n\n*" + oneLine(message.session) + "*\n\n";
        session = message.session;
        text += "## " + oneLine(headingOf(message)) + "\n\n" +
                guarded(turnText(message.text, message.caption)) + "\n";
    }
    return text;
}

std::string end() {
    return "";
}

}  // namespace

EPI_CHAT_EXPORTER(markdown){.id = "markdown",
                            .title = "Markdown (to read)",
                            .extension = "md",
                            .begin = begin,
                            .write = write,
                            .end = end};

}  // namespace epi
