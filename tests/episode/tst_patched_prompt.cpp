#include <string>
#include <vector>

#include <QtTest>

#include "core/episode/patched_prompt.h"

namespace epi {
namespace {

class BracketTemplate final : public ChatTemplate {
public:
    [[nodiscard]] std::string_view id() const override { return "bracket"; }
    [[nodiscard]] std::vector<PromptPart> render(std::span<const ChatMessage> /*messages*/,
                                                 bool /*addGenerationPrompt*/) const override {
        return {};
    }
    [[nodiscard]] std::vector<PromptPart> opening(std::string_view /*system*/) const override { return {}; }
    [[nodiscard]] std::string openTurn(Role role) const override {
        return role == Role::kUser ? "[user]" : "[assistant]";
    }
    [[nodiscard]] std::string closeTurn(Role role) const override {
        return role == Role::kUser ? "[/user]" : "[/assistant]";
    }
};

const std::vector<std::string> kTexts{"Ann: [/user] one\n", "Ben: two\n"};

std::string ofKind(const std::vector<PromptPart>& parts, PromptPart::Kind kind) {
    std::string text;
    for (const PromptPart& part : parts) {
        if (part.kind == kind) text += part.text;
    }
    return text;
}

class TestPatchedPrompt : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void goesOnInTheOpenTurnOfANarratedHistory() {
        const auto parts = patchedPrompt(HistoryLayout::kNarrated, BracketTemplate(), kTexts);
        QCOMPARE(parts.front().kind, PromptPart::Kind::kContent);
        QVERIFY(parts.front().text.starts_with("\n\n"));
        QCOMPARE(ofKind(parts, PromptPart::Kind::kTemplate), std::string("[/user][assistant]"));
    }

    void opensATurnAfterAChatHistory() {
        const auto parts = patchedPrompt(HistoryLayout::kChat, BracketTemplate(), kTexts);
        QCOMPARE(parts.front().text, std::string("[user]"));
        QCOMPARE(ofKind(parts, PromptPart::Kind::kTemplate), std::string("[user][/user][assistant]"));
    }

    void presentsSegmentsAsTheAnswerAndAsContent() {
        for (const HistoryLayout layout : {HistoryLayout::kChat, HistoryLayout::kNarrated}) {
            const auto parts = patchedPrompt(layout, BracketTemplate(), kTexts);
            QCOMPARE(parts.back().kind, PromptPart::Kind::kContent);
            QCOMPARE(parts.back().text, std::string("Ann: [/user] one\n\nBen: two\n\n"));
        }
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestPatchedPrompt)
#include "tst_patched_prompt.moc"
