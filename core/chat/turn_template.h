#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/chat/chat_template.h"

namespace epi {

/// What distinguishes one family from another: every message is
/// `beforeRole` + role name + `afterRole` + text + `afterText`.
struct TurnStyle {
    std::string id;
    std::string beginOfSequence;
    std::string beforeRole;
    std::array<std::string, 3> roleNames;  // by Role
    std::string afterRole;
    std::string afterText;
    /// Without a system role its text stands in front of the first message.
    bool hasSystemRole = true;
    /// The template strips white space around messages.
    bool trimsText = false;
    /// Template text in front of every system message.
    std::string systemPrefix;
    /// Of conversations without a system message; nothing: they get no system turn.
    std::optional<std::string> defaultSystem;
};

/// A family that writes every message the same way.
class TurnTemplate final : public ChatTemplate {
public:
    explicit TurnTemplate(TurnStyle style) : style_(std::move(style)) {}

    [[nodiscard]] std::string_view id() const override { return style_.id; }
    [[nodiscard]] std::vector<PromptPart> render(std::span<const ChatMessage> messages,
                                                 bool addGenerationPrompt) const override;
    [[nodiscard]] std::vector<PromptPart> opening(std::string_view system) const override;
    [[nodiscard]] std::string openTurn(Role role) const override;
    [[nodiscard]] std::string closeTurn(Role role) const override;

private:
    void appendDefaultSystem(std::vector<PromptPart>& parts) const;
    void appendSystem(std::string_view text, std::vector<PromptPart>& parts) const;
    [[nodiscard]] std::string content(std::string_view text) const;

    TurnStyle style_;
};

}  // namespace epi
