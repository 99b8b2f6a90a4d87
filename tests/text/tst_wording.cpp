// Texts around a history as data.

#include <array>
#include <string>

#include <QtTest>

#include "core/chat/history.h"
#include "core/chat/wording.h"
#include "core/episode/patched_prompt.h"
#include "core/episode/segmenter.h"
#include "core/text/bpe_tokenizer.h"
#include "tests/support/check_result.h"
#include "tests/text/tiny_vocabulary.h"

namespace epi {
namespace {

ConversationText narration() {
    return {.layout = HistoryLayout::kNarrated,
            .systemPrompt = {},
            .speakers = {"Ann", "Bo"},
            .turns = {{.id = 1, .speaker = "Ann", .text = "I like {date}", .session = "1 May"},
                      {.id = 2, .speaker = "Bo", .text = "So do I", .session = "1 May"}}};
}

class TestWording : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fillsInOnce() {
        const std::array values{WordingValue{"a", "{b}"}, WordingValue{"b", "x"}};
        QCOMPARE(fill("{a}-{b}-{c}-{", values), std::string("{b}-x-{c}-{"));
        QCOMPARE(splitAt("ask {question} now", "question").second, std::string(" now"));
        QCOMPARE(splitAt("none", "question").first, std::string("none"));
    }

    void readsTheTextsOfAFile() {
        const auto wording =
            parseWording("{\"turn\": \"{speaker} said, \\\"{text}\\\"\\n\", \"memory_request\": \"Go on.\"}");
        QVERIFY2(wording, test::why(wording));
        QCOMPARE(wording->turn, std::string("{speaker} said, \"{text}\"\n"));
        QCOMPARE(wording->memoryRequest, std::string("Go on."));
        QCOMPARE(wording->session, Wording().session);
        QVERIFY(*parseWording("{}") == Wording());
        QVERIFY(promptKey(*wording) != promptKey(Wording()));
    }

    void namesWhatIsWrongInAFile_data() {
        QTest::addColumn<QString>("json");
        QTest::addColumn<QString>("expected");
        QTest::newRow("no object") << "[]"
                                   << "object expected";
        QTest::newRow("unknown") << "{\"turns\": \"x\"}"
                                 << "unknown text, expected one of narration";
        QTest::newRow("no text") << "{\"turn\": 7}"
                                 << "turn: string expected";
        QTest::newRow("nothing goes in") << "{\"question\": \"Well?\"}"
                                         << "'{question}' expected";
    }
    void namesWhatIsWrongInAFile() {
        QFETCH(QString, json);
        QFETCH(QString, expected);
        const auto wording = parseWording(json.toStdString());
        QVERIFY(!wording);
        QVERIFY2(QString::fromStdString(wording.error().message).contains(expected), test::why(wording));
    }

    void writesHistoriesSegmentsAndRequestsInIt() {
        Wording wording;
        wording.narration = "{speakers} talk.\n";
        wording.session = "DATE {date}\n";
        wording.turn = "{speaker} said, \"{text}\"\n";
        wording.question = "Q {question} A";
        wording.segmentTurn = "<{speaker}|{text}>";
        wording.memoryRequest = "Tell.";
        wording.repeatRequest = "Again.";
        const auto tokenizer = makeTiny();
        const auto chat = plainChatTemplate();
        const HistoryTokens history = tokenizeHistory(narration(), *chat, *tokenizer, wording);
        const std::string text = tokenizer->decode(history.ids);
        QVERIFY2(
            text.find("Ann and Bo talk.\nDATE 1 May\nAnn said, \"I like {date}\"\nBo said, \"So do I\"\n") !=
                std::string::npos,
            text.c_str());
        // The bytes of a turn's own text are found behind what stands before it.
        QCOMPARE(history.turns[1].byteEnds.back(), 7);
        QCOMPARE(tokenizer->piece(history.ids[static_cast<std::size_t>(history.turns[1].firstTextToken)]),
                 std::string("S"));

        const auto question = joinParts(
            questionParts(contextAfter(HistoryLayout::kNarrated, narration().turns), *chat, "who?", wording));
        QVERIFY2(question.find("Q who? A") != std::string::npos, question.c_str());
        QCOMPARE(segmentHistory(HistoryLayout::kNarrated, narration().turns, 4, wording).front().text,
                 std::string("<Ann|I like {date}><Bo|So do I>"));
        const std::vector<std::string> quoted{"x"};
        QVERIFY(joinParts(patchedPrompt(HistoryLayout::kNarrated, *chat, quoted, wording))
                    .starts_with("\n\nTell."));
        QVERIFY(joinParts(repeatPrompt(HistoryLayout::kNarrated, *chat, wording)).starts_with("\n\nAgain."));
    }

    void writesTurnsInAnyOrderAsTheTemplateDoes_data() {
        QTest::addColumn<QString>("order");
        QTest::newRow("a chat") << "UAUA";
        QTest::newRow("an answer first") << "A";
        QTest::newRow("an answer first, then a question") << "AU";
        QTest::newRow("two answers") << "UAAUA";
        QTest::newRow("a system turn in the middle") << "UASU";
        QTest::newRow("a system turn before an answer") << "UASA";
    }
    void writesTurnsInAnyOrderAsTheTemplateDoes() {
        QFETCH(QString, order);
        ConversationText conversation;
        std::vector<ChatMessage> messages{{Role::kSystem, "Be kind."}};
        conversation.systemPrompt = messages.front().text;
        for (const QChar letter : order) {
            const Role role = letter == 'U' ? Role::kUser : letter == 'A' ? Role::kAssistant : Role::kSystem;
            messages.push_back({role, "text " + std::to_string(messages.size())});
            conversation.turns.push_back(
                {.id = std::ssize(messages), .role = role, .text = messages.back().text});
        }
        const auto tokenizer = makeTiny();
        for (const char* source : {"<|im_start|><|im_end|>", "<|start_header_id|><|eot_id|>"}) {
            const auto chat = recogniseChatTemplate(source);
            QVERIFY2(chat, test::why(chat));
            const HistoryTokens history = tokenizeHistory(conversation, **chat, *tokenizer);
            const auto rendered = (*chat)->render(messages, messages.back().role == Role::kUser);
            QCOMPARE(tokenizer->decode(history.ids), joinParts(rendered));
            for (std::size_t i = 0; i < history.turns.size(); ++i) {
                const TurnSpan& turn = history.turns[i];
                QCOMPARE(turn.byteEnds.back(), static_cast<std::int32_t>(conversation.turns[i].text.size()));
                QCOMPARE(tokenizer->piece(history.ids[static_cast<std::size_t>(turn.firstTextToken)]),
                         std::string("t"));
            }
        }
    }

    void endsANarrationBeforeATurnThatIsNoQuestion() {
        ConversationText conversation = narration();
        conversation.turns.push_back({.id = 3, .role = Role::kAssistant, .text = "Dates."});
        const auto tokenizer = makeTiny();
        const auto chat = plainChatTemplate();
        const std::string text = tokenizer->decode(tokenizeHistory(conversation, *chat, *tokenizer).ids);
        QVERIFY2(text.ends_with("So do I\n\n\nAssistant:\nDates.\n\n"), text.c_str());
        conversation.turns.back().role = Role::kSystem;
        const std::string system = tokenizer->decode(tokenizeHistory(conversation, *chat, *tokenizer).ids);
        QVERIFY2(system.ends_with("So do I\n\n\nSystem:\nDates.\n\n"), system.c_str());
    }

private:
    static std::unique_ptr<Tokenizer> makeTiny() {
        auto tokenizer = makeBpeTokenizer(test::byteVocabulary("gpt-2"));
        return tokenizer ? *std::move(tokenizer) : nullptr;
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestWording)
#include "tst_wording.moc"
