#include <QtTest>

#include "core/eval/importer.h"
#include "tests/eval/shared_file.h"

using namespace epi;

namespace {

constexpr const char* kRecord = R"([{
  "question_id": "q7", "question_type": "temporal-reasoning", "question": "When?", "answer": 3,
  "question_date": "2023/05/30 (Tue) 23:40", "answer_session_ids": ["answer_b", "plain"],
  "haystack_dates": ["2023/05/21 (Sun) 10:00", "2023/05/20 (Sat) 02:21"],
  "haystack_session_ids": ["answer_b", "plain"],
  "haystack_sessions": [
    [{"role": "user", "content": "later", "has_answer": false}, {"role": "assistant", "content": "yes", "has_answer": true}],
    [{"role": "assistant", "content": "first"}]]
}])";

const Importer& longmemeval() {
    for (const Importer* importer : allImporters()) {
        if (importer->id == "longmemeval") return *importer;
    }
    qFatal("no importer longmemeval");
}

struct Counts {
    const char* file;
    std::size_t record;
    const char* id;
    std::int32_t category;
    std::size_t sessions, turns, questions;
    const char* first;
    const char* last;
};
// As counted in the published files.
constexpr Counts kCounts[]{{"longmemeval_s_single_e47becba",
                            0,
                            "e47becba",
                            1,
                            53,
                            550,
                            1,
                            "2023/05/20 (Sat) 02:21",
                            "2023/05/30 (Tue) 21:40"},
                           {"longmemeval_s_3haystacks_multiqa",
                            0,
                            "852ce960",
                            6,
                            39,
                            396,
                            9,
                            "2023/07/12 (Wed) 10:14",
                            "2023/12/14 (Thu) 21:43"},
                           {"longmemeval_s_3haystacks_multiqa",
                            1,
                            "ba358f49",
                            4,
                            41,
                            409,
                            9,
                            "2022/09/01 (Thu) 00:10",
                            "2022/09/01 (Thu) 23:28"},
                           {"longmemeval_s_3haystacks_multiqa",
                            2,
                            "6a1eabeb",
                            6,
                            40,
                            413,
                            8,
                            "2023/04/23 (Sun) 08:57",
                            "2023/05/30 (Tue) 19:15"}};

}  // namespace

class TestLongMemEval : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsARecordInTheOrderOfItsDates() {
        QVERIFY(longmemeval().recognises(kRecord));
        const auto report = longmemeval().read(kRecord);
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        const ImportedConversation& conversation = report->conversations.front();
        QCOMPARE(conversation.sourceId, std::string("q7"));
        QCOMPARE(conversation.sessions[0].turns[0].sourceId, std::string("plain:1"));
        QCOMPARE(conversation.sessions[0].turns[0].speaker, std::string("Assistant"));
        QCOMPARE(conversation.sessions[1].number, 2);
        QCOMPARE(conversation.sessions[1].turns[1].text, std::string("yes"));
        const BenchmarkQuestion& question = conversation.questions.front();
        QCOMPARE(question.answer, std::string("3"));
        QCOMPARE(question.category, 5);
        QCOMPARE(question.evidence, (std::vector<std::string>{"answer_b:2", "plain"}));
    }

    void namesTheDamagedPlace_data() {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<QString>("message");
        QTest::newRow("role") << "\"role\": \"user\""
                              << "\"role\": \"tool\""
                              << "[0].haystack_sessions[0][0].role: user or assistant expected";
        QTest::newRow("mark")
            << "\"has_answer\": true"
            << "\"has_answer\": 1"
            << "[0].haystack_sessions[0][1].has_answer: true or false expected, number found";
        QTest::newRow("type") << "temporal-reasoning"
                              << "guessing"
                              << "[0].question_type: unknown question type";
        QTest::newRow("dates") << "\"2023/05/21 (Sun) 10:00\", "
                               << ""
                               << "[0].haystack_sessions: 2 sessions, 1 dates and 2 ids";
    }
    void namesTheDamagedPlace() {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(QString, message);
        QString text(kRecord);
        QVERIFY(text.contains(from));
        text.replace(text.indexOf(from), from.size(), to);
        const auto report = longmemeval().read(text.toStdString());
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::kCorruptData);
        QCOMPARE(QString::fromStdString(report.error().message), message);
    }

    void equalsTheReferenceCounts_data() {
        QTest::addColumn<int>("index");
        for (int i = 0; i < 4; ++i)
            QTest::newRow(kCounts[i].id) << i;
    }
    void equalsTheReferenceCounts() {
        QFETCH(int, index);
        const Counts& expected = kCounts[index];
        const QString path =
            test::sharedFile(("data/longmemeval/" + std::string(expected.file) + ".json").c_str());
        if (!QFile::exists(path)) QSKIP(qPrintable(path + " is missing"));
        const auto report = importFile(path.toStdString());
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QVERIFY(report->conversations.size() > expected.record);
        const ImportedConversation& conversation = report->conversations[expected.record];
        QCOMPARE(conversation.sourceId, std::string(expected.id));
        QCOMPARE(conversation.sessions.size(), expected.sessions);
        QCOMPARE(conversation.questions.size(), expected.questions);
        QCOMPARE(conversation.questions.front().category, expected.category);
        QCOMPARE(conversation.sessions.front().date, std::string(expected.first));
        QCOMPARE(conversation.sessions.back().date, std::string(expected.last));
        std::size_t turns = 0;
        for (const ImportedSession& session : conversation.sessions)
            turns += session.turns.size();
        QCOMPARE(turns, expected.turns);
    }
};

QTEST_GUILESS_MAIN(TestLongMemEval)
#include "tst_longmemeval.moc"
