#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"

namespace epi {

/// The texts that are put around what people said, as data: the program's own, or others from a file, such as
/// the published ones of an experiment. Names in braces are replaced; nothing inside what replaces them is
/// looked at again. Immutable values: any thread.
struct Wording {
    /// Narrated histories: what stands first ({speakers}), where a session begins ({date}), one turn
    /// ({speaker}, {text}).
    std::string narration =
        "This is what {speakers} said to each other over time. Each session begins with its date.\n";
    std::string session = "\nDate: {date}\n";
    std::string turn = "{speaker}: {text}\n";
    /// A question about a narrated history ({question}). Small models repeat a question that stands last.
    std::string question =
        "\nQuestion: {question}\nAnswer this question about the conversation above in a few words.";
    /// Earlier turns that are quoted before a question ({passages}): lines as `turn` has them below dates as
    /// `session` has them.
    std::string quotation =
        "\nWord for word from earlier, because it may bear on what is asked next:\n{passages}\n";
    /// One utterance ({speaker}, {text}) of a segment, as it is embedded and as patched prompts quote it.
    std::string segmentTurn = "{speaker}: {text}\n";
    /// What a patched prompt asks before it quotes an episode's segments.
    std::string memoryRequest =
        "Recall the part of the conversation above that deals with one topic, and quote what is worth "
        "remembering: who said it, what happened and when, facts about people and places, plans, promises, "
        "decisions, wishes and feelings, and how those who are mentioned are related.";
    /// What stands before a block that is repeated.
    std::string repeatRequest = "Write down once more, word for word, the last part of the text above.";
    /// How embedders that follow instructions are given a segment ({text}) and a question ({question}).
    std::string embedSegment = "Instruct: Find the topic of this part of a conversation.\nQuery:{text}";
    std::string embedQuestion =
        "Instruct: Find the part of a conversation that answers this.\nQuery:{question}";

    bool operator==(const Wording&) const = default;
};

/// Reads a JSON object of texts under the names narration, session, turn, question, quotation,
/// segment_turn, memory_request, repeat_request, embed_segment and embed_question; what is missing stays the
/// program's own. kCorruptData names what is no text, an unknown name, or a text without what must be put
/// into it.
Result<Wording> parseWording(std::string_view json);

/// All texts.
std::string wordingKey(const Wording& wording);

/// All texts that are not part of a history's tokens, for the key of a memory.
std::string promptKey(const Wording& wording);

using WordingValue = std::pair<std::string_view, std::string_view>;
/// The text with each {name} replaced by its value; other braces stay.
std::string fill(std::string_view text, std::span<const WordingValue> values);
/// What stands before and behind {name}; the whole text before where it is not there.
std::pair<std::string, std::string> splitAt(std::string_view text, std::string_view name);

}  // namespace epi
