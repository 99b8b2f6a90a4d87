#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/chat/chat_template.h"
#include "core/text/bpe_tokenizer.h"
#include "tests/support/random_text.h"
#include "tests/text/tiny_vocabulary.h"

using namespace epi;

namespace {

std::shared_ptr<const ChatTemplate> recognise(std::string_view source) {
    auto result = recogniseChatTemplate(source);
    if (!result) qFatal("%s", result.error().message.c_str());
    return *std::move(result);
}

QString rendered(const ChatTemplate& chat, const std::vector<ChatMessage>& messages, bool opensReply = true) {
    return QString::fromStdString(joinParts(chat.render(messages, opensReply)));
}

QString opened(const ChatTemplate& chat, std::string_view system) {
    return QString::fromStdString(joinParts(chat.opening(system)));
}

const std::vector<ChatMessage> kDialogue{
    {Role::kSystem, " be kind "}, {Role::kUser, " hi\n"}, {Role::kAssistant, "yes"}, {Role::kUser, "bye"}};

constexpr std::string_view kBareChatml =
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}";

}  // namespace

class TestChatTemplate : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesRoles() {
        for (const Role role : {Role::kSystem, Role::kUser, Role::kAssistant}) {
            const auto found = roleFromName(name(role));
            QVERIFY(found && *found == role);
        }
        QVERIFY(!roleFromName("tool"));
    }

    void writesChatml() {
        const auto chat = recognise(kBareChatml);
        QCOMPARE(chat->id(), std::string_view("chatml"));
        QCOMPARE(rendered(*chat, kDialogue),
                 QStringLiteral("<|im_start|>system\n be kind <|im_end|>\n<|im_start|>user\n hi\n<|im_end|>\n"
                                "<|im_start|>assistant\nyes<|im_end|>\n<|im_start|>user\nbye<|im_end|>\n"
                                "<|im_start|>assistant\n"));
        QCOMPARE(opened(*chat, ""), QString());
    }

    void takesTheDefaultSystemMessageFromTheTemplate_data() {
        QTest::addColumn<QString>("source");
        QTest::newRow("escaped line end") << R"({{- '<|im_start|>system\n' + x + '<|im_end|>\n' }}
            {{- '<|im_start|>system\nIt\'s "me".<|im_end|>\n' }})";
        QTest::newRow("real line end") << "{{ \"<|im_start|>system\nIt's \\\"me\\\".<|im_end|>\n\" }}";
        QTest::newRow("outside of an expression") << "<|im_start|>system\nIt's \"me\".<|im_end|>\n";
    }
    void takesTheDefaultSystemMessageFromTheTemplate() {
        QFETCH(QString, source);
        const auto chat = recognise(source.toStdString());
        const QString turn = QStringLiteral("<|im_start|>system\nIt's \"me\".<|im_end|>\n");
        QCOMPARE(opened(*chat, ""), turn);
        QVERIFY(rendered(*chat, {{Role::kUser, "x"}}).startsWith(turn));
        QCOMPARE(opened(*chat, "own"), QStringLiteral("<|im_start|>system\nown<|im_end|>\n"));
    }

    void inventsNoDefaultSystemMessage() {
        for (const char* source : {"'<|im_start|>system\\n' }}{{ x }}{{ '<|im_end|>'",
                                   "<|im_start|>system\n{{ system }}<|im_end|>",
                                   "'<|im_end|><|im_start|>system"})
            QCOMPARE(opened(*recognise(source), ""), QString());
    }

    void writesLlama3() {
        const auto chat = recognise("{{ '<|start_header_id|>' }}{{ '<|eot_id|>' }}");
        QCOMPARE(chat->id(), std::string_view("llama3"));
        QCOMPARE(rendered(*chat, {{Role::kUser, " hi\n"}}),
                 QStringLiteral("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"
                                "<|start_header_id|>assistant<|end_header_id|>\n\n"));
    }

    void writesTheDatesOfLlama31() {
        const auto chat =
            recognise("<|start_header_id|><|eot_id|>{{- \"Cutting Knowledge Date: December 2023\\n\" }}");
        QCOMPARE(opened(*chat, "be kind"),
                 QStringLiteral("<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
                                "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
                                "be kind<|eot_id|>"));
        QVERIFY(opened(*chat, "").endsWith(QStringLiteral("26 Jul 2024\n\n<|eot_id|>")));
    }

    void writesGemmaWithTheSystemMessageInTheFirstTurn() {
        const auto chat = recognise("{{ '<start_of_turn>' }}{{ '<end_of_turn>' }}");
        QCOMPARE(chat->id(), std::string_view("gemma"));
        QCOMPARE(
            rendered(*chat, kDialogue),
            QStringLiteral("<bos><start_of_turn>user\n be kind \n\nhi<end_of_turn>\n"
                           "<start_of_turn>model\nyes<end_of_turn>\n<start_of_turn>user\nbye<end_of_turn>\n"
                           "<start_of_turn>model\n"));
        QCOMPARE(opened(*chat, ""), QStringLiteral("<bos>"));
        QCOMPARE(opened(*chat, "s"), QStringLiteral("<bos><start_of_turn>user\ns<end_of_turn>\n"));
    }

    void writesPlainText() {
        const auto chat = plainChatTemplate();
        QCOMPARE(chat->id(), std::string_view("plain"));
        QCOMPARE(rendered(*chat, {{Role::kUser, "hi"}, {Role::kAssistant, "yes"}}),
                 QStringLiteral("User:\nhi\n\nAssistant:\nyes\n\nAssistant:\n"));
        QCOMPARE(opened(*chat, "be kind"), QStringLiteral("System:\nbe kind\n\n"));
    }

    void namesTheFirstLineOfAnUnknownTemplate() {
        const auto result = recogniseChatTemplate("\n{% set mystery = 1 %}\n{{ messages }}");
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::kUnsupported);
        QCOMPARE(result.error().message,
                 std::string("unknown chat template that begins with '{% set mystery = 1 %}'"));
    }

    void rendersTheSameFromOpeningAndTurns() {
        for (const auto& chat : {recognise(kBareChatml), plainChatTemplate()}) {
            std::string text = joinParts(chat->opening(kDialogue[0].text));
            for (std::size_t i = 1; i < kDialogue.size(); ++i)
                text += chat->openTurn(kDialogue[i].role) + kDialogue[i].text +
                        chat->closeTurn(kDialogue[i].role);
            QCOMPARE(QString::fromStdString(text), rendered(*chat, kDialogue, false));
        }
    }

    void marksMessagesAsContent() {
        const auto parts = recognise(kBareChatml)->render(kDialogue, true);
        QCOMPARE(parts.size(), std::size_t{9});
        for (std::size_t i = 0; i < parts.size(); ++i)
            QVERIFY(parts[i].kind == (i % 2 == 0 ? PromptPart::Kind::kTemplate : PromptPart::Kind::kContent));
        QCOMPARE(parts[3].text, std::string(" hi\n"));
    }

    void joinsTextBetweenControlTokensBeforeTokenising() {
        Vocabulary vocabulary = test::byteVocabulary("qwen2");
        const TokenId start = test::addToken(vocabulary, "<|im_start|>", TokenType::kControl);
        const TokenId lines = test::addMerge(vocabulary, "\n", "\n");
        auto tokenizer = makeBpeTokenizer(vocabulary);
        QVERIFY(tokenizer);
        const std::vector<PromptPart> parts{{PromptPart::Kind::kTemplate, "<|im_start|>u\n"},
                                            {PromptPart::Kind::kContent, "\nx"}};
        QCOMPARE(encodeParts(**tokenizer, parts), (std::vector<TokenId>{start, 'u', lines, 'x'}));
    }

    void recognisesNoControlTokenOutsideTemplateParts() {
        Vocabulary vocabulary = test::byteVocabulary("qwen2");
        const TokenId end = test::addToken(vocabulary, "<|im_end|>", TokenType::kControl);
        test::addToken(vocabulary, "<|im_start|>", TokenType::kControl);
        auto tokenizer = makeBpeTokenizer(vocabulary);
        QVERIFY(tokenizer);
        constexpr std::array<std::string_view, 8> kForgeries{
            "<|im_end|>", "<|im_start|>", "<|im_", "end|>", "<", "|>", "\n", "start|>"};
        const auto chat = recognise(kBareChatml);
        test::Random random(11);
        for (int round = 0; round < 1000; ++round) {
            std::string text;
            for (int i = 0; i < 5; ++i)
                text += kForgeries[test::below(random, kForgeries.size())];
            const std::vector<ChatMessage> messages{{Role::kSystem, text}, {Role::kUser, text}};
            const auto parts = chat->render(messages, false);
            const std::vector<TokenId> ids = encodeParts(**tokenizer, parts);
            QCOMPARE(std::ranges::count_if(ids, [&](TokenId id) { return (*tokenizer)->isControl(id); }),
                     std::ptrdiff_t{4});
            QCOMPARE(std::ranges::count(ids, end), std::ptrdiff_t{2});
        }
    }

    void seesNoControlTokenAcrossABorderOfParts() {
        Vocabulary vocabulary = test::byteVocabulary("qwen2");
        const TokenId end = test::addToken(vocabulary, "<|im_end|>", TokenType::kControl);
        auto tokenizer = makeBpeTokenizer(vocabulary);
        QVERIFY(tokenizer);
        const std::vector<PromptPart> parts{{PromptPart::Kind::kTemplate, "<|im_"},
                                            {PromptPart::Kind::kContent, "end|>"}};
        const auto ids = encodeParts(**tokenizer, parts);
        QCOMPARE(std::ranges::count(ids, end), std::ptrdiff_t{0});
        QCOMPARE((*tokenizer)->decode(ids), std::string("<|im_end|>"));
    }
};

QTEST_GUILESS_MAIN(TestChatTemplate)
#include "tst_chat_template.moc"
