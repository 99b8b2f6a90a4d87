#include "core/chat/wording.h"

#include <array>

#include "core/base/json_reader.h"

namespace epi {
namespace {

struct Entry {
    std::string_view name;
    std::string Wording::*text;
    std::string_view needed;  // must appear in it; empty: nothing
};

constexpr std::array kEntries{Entry{"narration", &Wording::narration, ""},
                              Entry{"session", &Wording::session, ""},
                              Entry{"turn", &Wording::turn, "{text}"},
                              Entry{"question", &Wording::question, "{question}"},
                              Entry{"quotation", &Wording::quotation, "{passages}"},
                              Entry{"segment_turn", &Wording::segmentTurn, "{text}"},
                              Entry{"memory_request", &Wording::memoryRequest, ""},
                              Entry{"repeat_request", &Wording::repeatRequest, ""},
                              Entry{"embed_segment", &Wording::embedSegment, "{text}"},
                              Entry{"embed_question", &Wording::embedQuestion, "{question}"}};

/// With its length, so that no byte can move from one text to the next unseen.
void addText(std::string& key, const std::string& text) {
    key += std::to_string(text.size()) + ":" + text;
}

}  // namespace

Result<Wording> parseWording(std::string_view json) {
    EPI_TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(json));
    EPI_TRY_ASSIGN(const std::vector<JsonReader::Member> members, document.root().members());
    Wording wording;
    for (const JsonReader::Member& member : members) {
        const Entry* known = nullptr;
        std::string names;
        for (const Entry& entry : kEntries) {
            if (entry.name == member.key) known = &entry;
            names += (names.empty() ? "" : ", ") + std::string(entry.name);
        }
        if (known == nullptr) return member.value.error("unknown text, expected one of " + names);
        EPI_TRY_ASSIGN(std::string text, member.value.string());
        if (text.find(known->needed) == std::string::npos)
            return member.value.error("'" + std::string(known->needed) + "' expected in it");
        wording.*(known->text) = std::move(text);
    }
    return wording;
}

std::string wordingKey(const Wording& wording) {
    std::string key;
    for (const Entry& entry : kEntries)
        addText(key, wording.*(entry.text));
    return key;
}

std::string promptKey(const Wording& wording) {
    std::string key;
    for (const std::string* const text : {&wording.segmentTurn,
                                          &wording.memoryRequest,
                                          &wording.repeatRequest,
                                          &wording.embedSegment,
                                          &wording.embedQuestion}) {
        addText(key, *text);
    }
    return key;
}

std::string fill(std::string_view text, std::span<const WordingValue> values) {
    std::string filled;
    while (!text.empty()) {
        const std::size_t brace = text.find('{');
        filled += text.substr(0, brace);
        if (brace == std::string_view::npos) break;
        text.remove_prefix(brace);
        std::size_t taken = 1;
        std::string_view value = text.substr(0, 1);
        for (const auto& [name, replacement] : values) {
            if (text.substr(1, name.size()) != name || text.substr(1 + name.size(), 1) != "}") continue;
            taken = name.size() + 2;
            value = replacement;
            break;
        }
        filled += value;
        text.remove_prefix(taken);
    }
    return filled;
}

std::pair<std::string, std::string> splitAt(std::string_view text, std::string_view name) {
    const std::string mark = "{" + std::string(name) + "}";
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {std::string(text), ""};
    return {std::string(text.substr(0, at)), std::string(text.substr(at + mark.size()))};
}

}  // namespace epi
