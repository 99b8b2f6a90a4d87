#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/text/tokenizer.h"

namespace epi {

enum class Role { kSystem, kUser, kAssistant };

std::string_view name(Role role);
Result<Role> roleFromName(std::string_view text);

/// One message of a prompt.
struct ChatMessage {
    Role role = Role::kUser;
    std::string text;
};

/// A piece of a prompt. Control tokens are recognised in template parts only, so that no message can forge
/// one.
struct PromptPart {
    enum class Kind { kTemplate, kContent };
    Kind kind = Kind::kContent;
    std::string text;
};

/// How one family of models wants its conversations written. Immutable values: any thread.
/// `openTurn` + text + `closeTurn` is one message; a reply is generated after `openTurn(kAssistant)`.
class ChatTemplate {
public:
    virtual ~ChatTemplate() = default;

    /// Family, e.g. "chatml".
    [[nodiscard]] virtual std::string_view id() const = 0;
    /// The whole conversation as the model's own template renders it, with its default system message where
    /// the template has one; `addGenerationPrompt` opens the assistant's turn at the end.
    [[nodiscard]] virtual std::vector<PromptPart> render(std::span<const ChatMessage> messages,
                                                         bool addGenerationPrompt) const = 0;
    /// What stands before the first turn: begin-of-sequence and the system turn (`system` empty: the
    /// template's default system message, where it has one). A family without a system role writes `system`
    /// as a user turn of its own, since the first user message is not known yet.
    [[nodiscard]] virtual std::vector<PromptPart> opening(std::string_view system) const = 0;
    [[nodiscard]] virtual std::string openTurn(Role role) const = 0;
    [[nodiscard]] virtual std::string closeTurn(Role role) const = 0;
};

/// The formatter for a GGUF's template text (tokenizer.chat_template). An unknown template is kUnsupported
/// with its first line in the message; `plainChatTemplate` is what a user may choose instead.
Result<std::shared_ptr<const ChatTemplate>> recogniseChatTemplate(std::string_view templateText);
std::shared_ptr<const ChatTemplate> plainChatTemplate();

/// The parts joined.
std::string joinParts(std::span<const PromptPart> parts);

/// Ids of a prompt: control tokens are recognised inside template parts only; everything between two of them
/// is joined, template and message text alike, and tokenised as one user text, as in the model's training.
std::vector<TokenId> encodeParts(const Tokenizer& tokenizer, std::span<const PromptPart> parts);

}  // namespace epi
