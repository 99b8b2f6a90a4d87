#include <QCryptographicHash>
#include <QElapsedTimer>
#include <QJsonArray>
#include <QTemporaryDir>
#include <QtTest>

#include "core/eval/importer.h"
#include "tests/eval/shared_file.h"

using namespace epi;

namespace {

constexpr const char* kOneRecord = R"([{
  "sample_id": "conv-1",
  "conversation": {
    "speaker_a": "Ana", "speaker_b": "Ben",
    "session_10_date_time": "3:00 pm on 3 May, 2023", "session_10": [
      {"speaker": "Ana", "dia_id": "D10:1", "text": " ten \n"}],
    "session_2_date_time": "2:00 pm on 2 May, 2023", "session_2": [
      {"speaker": "Ben", "dia_id": "D2:1", "text": "two", "blip_caption": "a boat", "img_url": ["x"]}],
    "session_1": [{"speaker": "Ana", "dia_id": "D1:1", "text": "one"}],
    "session_11_date_time": "4:00 pm on 4 May, 2023"
  },
  "qa": [
    {"question": "q1", "answer": 2022, "evidence": ["D1:1"], "category": 2},
    {"question": "q2", "adversarial_answer": "wrong", "evidence": ["D8:6; D9:17"], "category": 5},
    {"question": "q3", "answer": "No", "adversarial_answer": "Yes", "evidence": [], "category": 5}]
}])";

constexpr const char* kFlatRecord = R"({
  "session_2_date_time": "d2", "session_2": [{"speaker": "Ben", "dia_id": "D2:1", "text": "two"}],
  "session_1_date_time": "d1", "session_1": [{"speaker": "Ana", "dia_id": "D1:1", "text": "one"}],
  "session_1_summary": "not a session",
  "qa": [{"question": "q", "answer": "a", "evidence": ["D1:1"], "category": 4}]
})";

const Importer& locomo() {
    for (const Importer* importer : allImporters()) {
        if (importer->id == "locomo") return *importer;
    }
    qFatal("no importer locomo");
}

QString messageOf(const Result<ImportReport>& result) {
    return result ? QString("no error") : QString::fromStdString(result.error().message);
}

/// NFC, runs of white space as one space.
QString normalised(const std::string& text) {
    return QString::fromStdString(text).normalized(QString::NormalizationForm_C).simplified();
}

QString sessionText(const ImportedSession& session) {
    QString text = QString("## %1\t%2\n").arg(session.number).arg(normalised(session.date));
    for (const ImportedTurn& turn : session.turns) {
        text += normalised(turn.speaker) + ": " + normalised(turn.text) + "\n";
    }
    return text;
}

QString sha256(const QString& text) {
    return QCryptographicHash::hash(text.toUtf8(), QCryptographicHash::Sha256).toHex();
}

}  // namespace

class TestLocomo : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void ordersSessionsByNumber() {
        const auto report = locomo().read(kOneRecord);
        QVERIFY2(report, qPrintable(messageOf(report)));
        const ImportedConversation& conversation = report->conversations.front();
        QCOMPARE(conversation.sourceId, std::string("conv-1"));
        QCOMPARE(conversation.title, std::string("Ana and Ben"));
        QCOMPARE(conversation.sessions.size(), std::size_t{3});
        QCOMPARE(conversation.sessions[0].number, 1);
        QCOMPARE(conversation.sessions[1].number, 2);
        QCOMPARE(conversation.sessions[2].number, 10);
        QCOMPARE(conversation.sessions[2].date, std::string("3:00 pm on 3 May, 2023"));
    }

    void keepsTextAndCaptionApartAndAsWritten() {
        const auto report = locomo().read(kOneRecord);
        QVERIFY(report);
        const auto& sessions = report->conversations.front().sessions;
        QCOMPARE(sessions[1].turns[0].text, std::string("two"));
        QCOMPARE(sessions[1].turns[0].caption, std::string("a boat"));
        QCOMPARE(sessions[2].turns[0].text, std::string(" ten \n"));
    }

    void readsAnswersOfAllKinds() {
        const auto report = locomo().read(kOneRecord);
        QVERIFY(report);
        const auto& questions = report->conversations.front().questions;
        QCOMPARE(questions[0].answer, std::string("2022"));
        QCOMPARE(questions[1].answer, std::string());
        QCOMPARE(questions[1].adversarialAnswer, std::string("wrong"));
        QCOMPARE(questions[2].answer, std::string("No"));
        QCOMPARE(questions[2].adversarialAnswer, std::string("Yes"));
    }

    void saysWhatItLeftOut() {
        const auto report = locomo().read(kOneRecord);
        QVERIFY(report);
        QCOMPARE(report->notices,
                 (std::vector<std::string>{"conv-1: dates without a session, left out: 1",
                                           "conv-1: sessions without a date: 1",
                                           "conv-1: references to evidence that name no turn: 1"}));
    }

    void readsAFlatRecord() {
        QVERIFY(locomo().recognises(kFlatRecord));
        const auto report = locomo().read(kFlatRecord);
        QVERIFY2(report, qPrintable(messageOf(report)));
        const ImportedConversation& conversation = report->conversations.front();
        QCOMPARE(conversation.sessions.size(), std::size_t{2});
        QCOMPARE(conversation.sessions[0].date, std::string("d1"));
        QCOMPARE(conversation.speakers, (std::vector<std::string>{"Ana", "Ben"}));
        QCOMPARE(conversation.questions.size(), std::size_t{1});
    }

    void namesTheDamagedPlace_data() {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<QString>("message");
        QTest::newRow("text") << "\"text\": \"two\""
                              << "\"text\": 2"
                              << "[0].conversation.session_2[0].text: string expected, number found";
        QTest::newRow("speaker") << "\"speaker\": \"Ben\", "
                                 << ""
                                 << "[0].conversation.session_2[0]: key 'speaker' missing";
        QTest::newRow("session") << "\"session_1\": ["
                                 << "\"session_1\": {}, \"x\": ["
                                 << "[0].conversation.session_1: array expected, object found";
        QTest::newRow("twice") << "\"session_1\": ["
                               << "\"session_01\": [], \"session_1\": ["
                               << "[0].conversation.session_1: session 1 is there twice";
        QTest::newRow("answer") << "\"answer\": 2022"
                                << "\"answer\": 20.5"
                                << "[0].qa[0].answer: string expected, number found";
        QTest::newRow("no answer") << "\"answer\": 2022, "
                                   << ""
                                   << "[0].qa[0]: key 'answer' missing";
        QTest::newRow("category") << "\"category\": 2"
                                  << "\"category\": 6"
                                  << "[0].qa[0].category: whole number from 1 to 5 expected, 6 found";
        QTest::newRow("questions") << "\"qa\""
                                   << "\"q\""
                                   << "[0]: key 'qa' missing";
    }
    void namesTheDamagedPlace() {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(QString, message);
        QString text(kOneRecord);
        const auto position = text.indexOf(from);
        QVERIFY(position >= 0);
        text.replace(position, from.size(), to);
        const auto report = locomo().read(text.toStdString());
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::kCorruptData);
        QCOMPARE(messageOf(report), message);
    }

    void leavesOtherFormatsToOthers() {
        QVERIFY(!locomo().recognises(R"({"session_1": [{"clean_text": "x", "dia_id": "D1:1"}], "qa": []})"));
        QVERIFY(!locomo().recognises(R"([{"title": "x", "mapping": {}}])"));
        const QTemporaryDir folder;
        QFile file(folder.filePath("other.json"));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("[]") == 2);
        file.close();
        const auto report = importFile(file.fileName().toStdString());
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::kUnsupported);
        QVERIFY2(messageOf(report).contains("LoCoMo"), qPrintable(messageOf(report)));
        QVERIFY2(messageOf(report).contains("other.json"), qPrintable(messageOf(report)));
    }

    void equalsTheReferenceFacts() {
        const QString dataPath = test::sharedFile("data/locomo/locomo10.json");
        const QString factsPath = test::sharedFile("data/reference/locomo_facts.json");
        for (const QString& path : {dataPath, factsPath}) {
            if (!QFile::exists(path)) QSKIP(qPrintable(path + " is missing"));
        }
        QElapsedTimer timer;
        timer.start();
        const auto report = importFile(dataPath.toStdString());
        qInfo("import of locomo10.json: %lld ms", timer.elapsed());
        QVERIFY2(report, qPrintable(messageOf(report)));
        const QJsonArray facts = test::jsonObjectIn(factsPath)["conversations"].toArray();
        QCOMPARE(report->conversations.size(), std::size_t{10});
        QCOMPARE(facts.size(), 10);
        for (int i = 0; i < 10; ++i) {
            compareSessions(report->conversations[i], facts[i].toObject());
            compareQuestions(report->conversations[i], facts[i].toObject());
        }
        compareNotices(report->notices, facts);
    }

private:
    static void compareSessions(const ImportedConversation& conversation, const QJsonObject& facts) {
        QCOMPARE(QString::fromStdString(conversation.sourceId), facts["id"].toString());
        QCOMPARE(QString::fromStdString(conversation.speakers[0]), facts["speaker_a"].toString());
        QCOMPARE(QString::fromStdString(conversation.speakers[1]), facts["speaker_b"].toString());
        QCOMPARE(int(conversation.sessions.size()), facts["sessions"].toInt());
        const QJsonArray perSession = facts["per_session"].toArray();
        QString text;
        int turns = 0;
        int captions = 0;
        for (std::size_t i = 0; i < conversation.sessions.size(); ++i) {
            const ImportedSession& session = conversation.sessions[i];
            const QJsonValue expected = perSession[static_cast<int>(i)];
            QCOMPARE(session.number, expected["n"].toInt());
            QCOMPARE(QString::fromStdString(session.date), expected["date_raw"].toString());
            QCOMPARE(QString::fromStdString(session.turns.front().sourceId),
                     expected["first_dia_id"].toString());
            QCOMPARE(QString::fromStdString(session.turns.back().sourceId),
                     expected["last_dia_id"].toString());
            QCOMPARE(int(session.turns.size()), expected["turns"].toInt());
            QCOMPARE(sha256(sessionText(session)), expected["sha256"].toString());
            text += sessionText(session);
            turns += int(session.turns.size());
            for (const ImportedTurn& turn : session.turns)
                captions += turn.caption.empty() ? 0 : 1;
        }
        QCOMPARE(turns, facts["turns"].toInt());
        QCOMPARE(captions, facts["turns_with_blip_caption"].toInt());
        QCOMPARE(sha256(text), facts["sha256_normalised_text"].toString());
    }

    static void compareNotices(const std::vector<std::string>& notices, const QJsonArray& facts) {
        std::vector<std::string> expected;
        for (const QJsonValue& fact : facts) {
            const auto add = [&](const char* what, qsizetype count) {
                const QString text = QString("%1: %2: %3").arg(fact["id"].toString(), what).arg(count);
                if (count > 0) expected.push_back(text.toStdString());
            };
            add("dates without a session, left out", fact["orphan_session_dates"].toArray().size());
            add("references to evidence that name no turn", fact["evidence_refs_unresolved"].toInt());
        }
        QCOMPARE(notices, expected);
    }

    static void compareQuestions(const ImportedConversation& conversation, const QJsonObject& facts) {
        QCOMPARE(int(conversation.questions.size()), facts["questions"].toInt());
        QString lines;
        QMap<QString, int> categories;
        int evidence = 0;
        int withoutEvidence = 0;
        for (const BenchmarkQuestion& question : conversation.questions) {
            const std::string& answer =
                question.answer.empty() ? question.adversarialAnswer : question.answer;
            lines += QString("%1\t%2\t%3\n")
                         .arg(QString::number(question.category),
                              normalised(question.question),
                              normalised(answer));
            ++categories[QString::number(question.category)];
            evidence += int(question.evidence.size());
            withoutEvidence += question.evidence.empty() ? 1 : 0;
        }
        QCOMPARE(sha256(lines), facts["sha256_questions"].toString());
        QCOMPARE(evidence, facts["evidence_refs"].toInt());
        QCOMPARE(withoutEvidence, facts["questions_with_empty_evidence"].toInt());
        const QJsonObject expected = facts["questions_by_category"].toObject();
        QCOMPARE(categories.size(), expected.size());
        for (const QString& category : categories.keys()) {
            QCOMPARE(categories[category], expected[category].toInt());
        }
    }
};

QTEST_GUILESS_MAIN(TestLocomo)
#include "tst_locomo.moc"
