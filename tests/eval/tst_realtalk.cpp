#include <QDir>
#include <QJsonArray>
#include <QtTest>

#include "core/eval/importer.h"
#include "tests/eval/shared_file.h"

using namespace epi;

namespace {

constexpr const char* kChat = R"({
  "name": {"speaker_1": "Ana", "speaker_2": "ben"},
  "session_2": [{"clean_text": "two", "speaker": "ben", "date_time": "30.12.2023, 00:32:20", "img_file": ["a.jpg"],
                 "img_url": [], "dia_id": "D2:1", "blip_caption": "a boat"}],
  "session_2_date_time": "30.12.2023, 00:32:20",
  "session_1": [{"clean_text": "one", "speaker": "Ana", "date_time": "29.12.2023, 22:42:04", "img_file": [],
                 "img_url": [], "dia_id": "D1:4"}],
  "session_1_date_time": "29.12.2023, 22:42:04",
  "events_session_1": {"agent_a": []},
  "qa": [{"question": "q1", "answer": "a1", "evidence": ["D1:4"], "category": 1},
         {"question": "q2", "answer": "a2", "evidence": ["D2:1", ""], "category": 3}]
})";

const Importer& realtalk() {
    for (const Importer* importer : allImporters()) {
        if (importer->id == "realtalk") return *importer;
    }
    qFatal("no importer realtalk");
}

struct Counts {
    const char* file;
    std::size_t sessions, turns, questions, multiHop, temporal, commonsense, unresolved;
};
// As counted in the published files.
constexpr Counts kCounts[]{{"Chat_10_Fahim_Muhhamed", 20, 662, 85, 30, 45, 10, 23},
                           {"Chat_1_Emi_Elise", 18, 476, 70, 30, 30, 10, 29},
                           {"Chat_2_Kevin_Elise", 22, 453, 73, 30, 31, 12, 3},
                           {"Chat_3_Kevin_Paola", 21, 422, 71, 30, 30, 11, 2},
                           {"Chat_4_Emi_Paola", 20, 410, 70, 30, 30, 10, 1},
                           {"Chat_5_Nicolas_Nebraas", 23, 1548, 76, 31, 31, 14, 17},
                           {"Chat_6_Vanessa_Nicolas", 25, 1511, 70, 30, 30, 10, 17},
                           {"Chat_7_Nebraas_Vanessa", 25, 1162, 72, 30, 30, 12, 7},
                           {"Chat_8_Akib_Muhhamed", 23, 1044, 71, 30, 31, 10, 51},
                           {"Chat_9_Fahim_Akib", 22, 1256, 70, 30, 31, 9, 38}};

}  // namespace

class TestRealtalk : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsAChat() {
        QVERIFY(realtalk().recognises(kChat));
        const auto report = realtalk().read(kChat);
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        const ImportedConversation& conversation = report->conversations.front();
        QCOMPARE(conversation.sourceId, std::string("realtalk-Ana-ben"));
        QCOMPARE(conversation.title, std::string("Ana and ben"));
        QCOMPARE(conversation.sessions[0].turns[0].sourceId, std::string("D1:4"));
        QCOMPARE(conversation.sessions[1].date, std::string("30.12.2023, 00:32:20"));
        QCOMPARE(conversation.sessions[1].turns[0].text, std::string("two"));
        QCOMPARE(conversation.sessions[1].turns[0].caption, std::string("a boat"));
        QCOMPARE(conversation.questions[1].category, 3);
        QCOMPARE(report->notices,
                 std::vector<std::string>{"realtalk-Ana-ben: references to evidence that name no turn: 1"});
    }

    void namesTheDamagedPlace() {
        QString text(kChat);
        text.replace("\"category\": 3", "\"category\": 4");
        const auto report = realtalk().read(text.toStdString());
        QVERIFY(!report);
        QCOMPARE(QString::fromStdString(report.error().message),
                 QString("qa[1].category: whole number from 1 to 3 expected, 4 found"));
    }

    void equalsTheReferenceCounts_data() {
        QTest::addColumn<int>("index");
        for (int i = 0; i < 10; ++i)
            QTest::newRow(kCounts[i].file) << i;
    }
    void equalsTheReferenceCounts() {
        QFETCH(int, index);
        const Counts& expected = kCounts[index];
        const QString path =
            test::sharedFile(("data/realtalk/" + std::string(expected.file) + ".json").c_str());
        if (!QFile::exists(path)) QSKIP(qPrintable(path + " is missing"));
        const auto report = importFile(path.toStdString());
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->conversations.size(), std::size_t{1});
        const ImportedConversation& conversation = report->conversations.front();
        QCOMPARE(conversation.sessions.size(), expected.sessions);
        std::size_t turns = 0;
        for (const ImportedSession& session : conversation.sessions)
            turns += session.turns.size();
        QCOMPARE(turns, expected.turns);
        QCOMPARE(conversation.questions.size(), expected.questions);
        std::array<std::size_t, 4> categories{};
        for (const BenchmarkQuestion& question : conversation.questions) {
            ++categories[static_cast<std::size_t>(question.category)];
            QVERIFY(!question.answer.empty());
        }
        QCOMPARE(categories[1], expected.multiHop);
        QCOMPARE(categories[2], expected.temporal);
        QCOMPARE(categories[3], expected.commonsense);
        QCOMPARE(
            report->notices,
            std::vector<std::string>{conversation.sourceId + ": references to evidence that name no turn: " +
                                     std::to_string(expected.unresolved)});
    }
};

QTEST_GUILESS_MAIN(TestRealtalk)
#include "tst_realtalk.moc"
