// One HTML page: the branch of each chat that is shown. Text is escaped and never markup; the page has no
// script and loads nothing, and its own policy forbids both.

#include "core/transfer/chat_exporter.h"
#include "core/transfer/timestamp.h"

namespace epi {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --text: #1a1b1e; --quiet: #5b6068; --page: #fff; --own: #eef3f9; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --quiet: #a7adb5; --page: #1e1f22; --own: #2a2f36; }
}
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 46rem; background: var(--page); color: var(--text);
       font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 3rem 0 0.25rem; }
p.date, p.session { color: var(--quiet); margin: 0 0 1.5rem; font-size: 0.9rem; }
article { margin: 0 0 1rem; padding: 0.75rem 1rem; border-radius: 0.5rem; }
article.user, article.system { background: var(--own); }
h2 { font-size: 0.85rem; margin: 0 0 0.25rem; color: var(--quiet); }
div { white-space: pre-wrap; overflow-wrap: anywhere; }
)";

std::string escaped(std::string_view text) {
    std::string safe;
    safe.reserve(text.size() + text.size() / 16);
    for (const char letter : text) {
        switch (letter) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                // Other control characters have no place in HTML.
                safe += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' && letter != '\t'
                            ? ' '
                            : letter;
        }
    }
    return safe;
}

std::string_view speakerOf(const PortableMessage& message) {
    if (!message.speaker.empty()) return message.speaker;
    switch (message.role) {
        case Role::kUser:
            return "You";
        case Role::kAssistant:
            return "Assistant";
        case Role::kSystem:
            break;
    }
    return "System";
}

std::string begin(std::string_view title) {
    return "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
           escaped(title) + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n";
}

std::string article(std::string_view kind, std::string_view speaker, std::string_view text) {
    return "<article class=\"" + std::string(kind) + "\">\n<h2>" + escaped(speaker) +
           "</h2>\n<div dir=\"auto\">" + escaped(text) + "</div>\n</article>\n";
}

std::string write(const PortableChat& chat) {
    std::string page = "<h1 dir=\"auto\">" + escaped(chat.title) + "</h1>\n";
    if (chat.createdAtMs > 0)
        page += "<p class=\"date\">" + formatTimestamp(chat.createdAtMs).substr(0, 10) + "</p>\n";
    if (!chat.systemPrompt.empty()) page += article("system", "System", chat.systemPrompt);
    std::string session;
    for (const std::size_t place : activeBranch(chat)) {
        const PortableMessage& message = chat.messages[place];
        if (message.session != session)
            page += message.session.empty() ? "<hr>\n"
                                            : "<p class=\"session\">" + escaped(message.session) + "</p>\n";
        session = message.session;
        page += article(name(message.role), speakerOf(message), turnText(message.text, message.caption));
    }
    return page;
}

std::string end() {
    return "</body>\n</html>\n";
}

}  // namespace

EPI_CHAT_EXPORTER(html){.id = "html",
                        .title = "Web page (to read)",
                        .extension = "html",
                        .begin = begin,
                        .write = write,
                        .end = end};

}  // namespace epi
