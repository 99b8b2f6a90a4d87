// Markdown: the branch that is shown, a heading per message. What the comments in it say is for the importer.

#include <algorithm>

#include "core/transfer/chat_exporter.h"
#include "core/transfer/chat_markdown.h"
#include "core/transfer/spoken_names.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

/// On one line, so that a title or a name stays a heading.
std::string oneLine(std::string_view text) {
    std::string line(trimmed(text));
    for (char& letter : line) {
        if (letter == '\n' || letter == '\r') letter = ' ';
    }
    return line;
}

/// Everyone who is named, as the headings name them.
std::vector<std::string> speakersOf(const PortableChat& chat, const std::vector<std::size_t>& branch) {
    std::vector<std::string> speakers;
    const auto add = [&speakers](std::string_view speaker) {
        std::string name = oneLine(speaker);
        if (!name.empty() && std::ranges::find(speakers, name) == speakers.end())
            speakers.push_back(std::move(name));
    };
    std::ranges::for_each(chat.speakers, add);
    for (const std::size_t place : branch)
        add(chat.messages[place].speaker);
    return speakers;
}

/// Lines outside code that would not be read again as text get a backslash, and a block of code that was cut
/// off its end.
std::string guarded(std::string_view text, const std::vector<std::string>& speakers) {
    std::string guarded;
    bool isInCode = false;
    guarded.reserve(text.size());
    while (!text.empty()) {
        const std::string_view line = takeLine(text);
        if (!isInCode && needsBackslash(line, speakers)) guarded += '\\';
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

std::string beginSession(const std::string& session) {
    const std::string text = std::string(kSessionMark) + "\n\n---\n\n";
    return session.empty() ? text : text + "*" + session + "*\n\n";
}

std::string write(const PortableChat& chat) {
    const std::vector<std::size_t> branch = activeBranch(chat);
    const MarkdownMark mark{.layout = chat.layout, .speakers = speakersOf(chat, branch)};
    const auto message = [&mark](Role role, std::string_view speaker, std::string_view text) {
        return lineOf(MarkdownSpeaker{role, oneLine(speaker)}) + "\n\n" + guarded(text, mark.speakers) + "\n";
    };
    std::string text = lineOf(mark) + "\n\n# " + oneLine(chat.title) + "\n\n";
    if (chat.createdAtMs > 0) text += "*" + formatTimestamp(chat.createdAtMs).substr(0, 10) + "*\n\n";
    if (!chat.systemPrompt.empty()) text += message(Role::kSystem, "", chat.systemPrompt);
    std::string session;
    for (const std::size_t place : branch) {
        const PortableMessage& said = chat.messages[place];
        std::string itsSession = oneLine(said.session);
        if (itsSession != session) text += beginSession(itsSession);
        session = std::move(itsSession);
        text += message(said.role, said.speaker, turnText(said.text, said.caption));
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
