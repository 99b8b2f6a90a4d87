// Evaluation runs by the built program: what is measured, and what is measured again.

#include <functional>
#include <memory>

#include <QJsonArray>
#include <QtTest>

#include "storage/store.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/long_conversation.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

using test::Finished;

class TestCliEvaluation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        cli_ = std::make_unique<test::CliProcess>();
        QVERIFY(cli_->isValid());
    }

    void measuresTheExpectedAnswerBehindDifferentContexts() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QStringList eval{
            "eval",           "run",    "--metric", "likelihood", "--contexts", "none,full,evidence,memory",
            "--conversation", "conv-2", "--db",     database,     "-m",         model,
            "--embedder",     embedder, "--device", "cpu",        "--budget",   "256",
            "--block",        "128",    "--json"};
        const Finished first = run(eval);
        QVERIFY2(first.exitCode == 0, first.err + first.out);
        const QJsonArray rows = first.json()["contexts"].toArray();
        QCOMPARE(rows.size(), 4);
        for (const QJsonValue& row : rows) {
            QCOMPARE(row["overall"]["questions"].toInt(), 1);
            QVERIFY(row["overall"]["likelihood"].toDouble() < 0.0);
            QCOMPARE(row["answered_now"].toInt(), 1);
        }
        QCOMPARE(rows[0]["context"].toString(), QStringLiteral("none"));
        QCOMPARE(rows[0]["recovered"].toDouble(-1.0), 0.0);
        QCOMPARE(rows[1]["recovered"].toDouble(), 1.0);
        QVERIFY(rows[0]["overall"]["likelihood"].toDouble() != rows[2]["overall"]["likelihood"].toDouble());
        // What was measured is stored.
        const QJsonArray again = run(eval).json()["contexts"].toArray();
        QCOMPARE(again.size(), 4);
        for (int i = 0; i < 4; ++i) {
            QVERIFY(again[i]["run"].toInt() != rows[i]["run"].toInt());  // that one was done
            QCOMPARE(again[i]["overall"]["likelihood"].toDouble(),
                     rows[i]["overall"]["likelihood"].toDouble());
        }
        QCOMPARE(run({"eval", "run", "--contexts", "nothing", "--conversation", "conv-2", "--db", database})
                     .exitCode,
                 2);
    }

    void measuresSeveralMemoriesAndNothingTwice() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QString memories = write("memories.json",
                                       R"([{"preset": "keydiff", "share": 0.5, "online": {"recallTokens": 0}},
                                           {"preset": "epicache", "budget": 300}])");
        const auto eval = [&](const QString& contexts, const QString& file) {
            return run({"eval",           "run",    "--metric", "likelihood", "--contexts", contexts,
                        "--conversation", "conv-2", "--db",     database,     "-m",         model,
                        "--embedder",     embedder, "--device", "cpu",        "--budget",   "256",
                        "--block",        "128",    "--once",   "--json",     "--memories", file});
        };
        const Finished first = eval("full,memory", memories);
        QVERIFY2(first.exitCode == 0, first.err + first.out);
        const QJsonArray rows = first.json()["contexts"].toArray();
        QCOMPARE(rows.size(), 3);
        QVERIFY(rows[0]["memory"].isUndefined());
        QCOMPARE(rows[1]["memory"]["preset"].toString(), QStringLiteral("keydiff"));
        QCOMPARE(rows[2]["memory"]["preset"].toString(), QStringLiteral("epicache"));
        QCOMPARE(rows[2]["memory"]["budget"].toInt(), 300);
        QCOMPARE(rows[2]["memory"]["block"].toInt(), 128);  // of the command line
        const int tokens = run({"memory",
                                "build",
                                "--conversation",
                                "conv-2",
                                "--db",
                                database,
                                "-m",
                                model,
                                "--embedder",
                                embedder,
                                "--device",
                                "cpu",
                                "--json"})
                               .json()["history_tokens"]
                               .toInt();
        QCOMPARE(rows[1]["memory"]["budget"].toInt(), tokens / 2);
        QCOMPARE(rows[1]["memory"]["online"]["recallTokens"].toInt(-1), 0);
        for (const QJsonValue& row : rows) {
            const QJsonArray answers = row["answers"].toArray();
            QCOMPARE(answers.size(), 1);
            QVERIFY(answers[0]["question"].toInt() > 0);
            QCOMPARE(answers[0]["likelihood"].toDouble(), row["overall"]["likelihood"].toDouble());
        }
        // What has ended is taken as it is, what is new is measured.
        const QString more = write("more.json",
                                   R"([{"preset": "epicache", "budget": 300},
                                       {"preset": "keydiff", "budget": 200}])");
        const QJsonArray again = eval("full,memory", more).json()["contexts"].toArray();
        QCOMPARE(again.size(), 3);
        QCOMPARE(again[0]["run"].toInt(), rows[0]["run"].toInt());
        QCOMPARE(again[1]["run"].toInt(), rows[2]["run"].toInt());
        QCOMPARE(again[1]["answered_now"].toInt(), 0);
        QCOMPARE(again[1]["overall"]["likelihood"].toDouble(), rows[2]["overall"]["likelihood"].toDouble());
        QCOMPARE(again[2]["answered_now"].toInt(), 1);
        for (const char* bad : {"{}",
                                "[]",
                                "[{\"presett\": \"kvzip\"}]",
                                "[{\"online\": {\"recall\": 1}}]",
                                "[{\"share\": 2}]",
                                "[{\"share\": \"1/8\"}]",
                                "[{\"share\": 0.5, \"budget\": 9}]",
                                "[{\"budget\": \"many\"}]",
                                "[3]"})
            QCOMPARE(eval("memory", write("bad.json", bad)).exitCode, 2);
    }

    void takesAPresetThatIsNamedAsItIs() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QStringList on{"--conversation", "conv-2", "--db", database, "-m", model};
        const QStringList by{"--embedder", embedder, "--device", "cpu", "--json"};
        const auto stored = [&] {
            auto store = Store::open(database.toStdString());
            const auto record = store ? store->conversation(1) : store.error();
            const std::string options = record ? record->memory : std::string();
            return QJsonDocument::fromJson(QByteArray::fromStdString(options)).object();
        };
        const QStringList build{"memory", "build"};
        QCOMPARE(run(build + on + by + QStringList{"--score", "recency", "--budget", "256"}).exitCode, 0);
        QCOMPARE(stored()["score"].toString(), QStringLiteral("recency"));
        // What a list does not say is as it was stored with the chat, but a preset's own choices.
        const QString memories = write("memories.json",
                                       R"([{"preset": "keydiff"}, {"budget": 200},
                                           {"preset": "streaming", "score": "value_norm"}])");
        const QStringList eval{"eval", "run", "--metric", "likelihood", "--memories", memories};
        const Finished measured = run(eval + on + by);
        QVERIFY2(measured.exitCode == 0, measured.err + measured.out);
        const QJsonArray rows = measured.json()["contexts"].toArray();
        QCOMPARE(rows.size(), 3);
        QCOMPARE(rows[0]["memory"]["score"].toString("?"), QString());
        QCOMPARE(rows[0]["memory"]["budget"].toInt(), 256);
        QCOMPARE(rows[1]["memory"]["score"].toString(), QStringLiteral("recency"));
        QCOMPARE(rows[2]["memory"]["score"].toString(), QStringLiteral("value_norm"));
        // What the command line says is for all of them.
        const QJsonArray floored =
            run(eval + on + by + QStringList{"--head-floor", "0.25"}).json()["contexts"].toArray();
        QCOMPARE(floored.size(), 3);
        for (const QJsonValue& row : floored)
            QCOMPARE(row["memory"]["headFloor"].toDouble(), 0.25);
        QCOMPARE(run(build + on + by + QStringList{"--preset", "epichat"}).exitCode, 0);
        QCOMPARE(stored()["score"].toString("?"), QString());
        QCOMPARE(stored()["budget"].toInt(), 256);
    }

    void measuresAgainWhatWasSaidDifferently() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QStringList eval{"eval", "run", "--metric", "likelihood", "--once", "--json"};
        const QStringList on{"--conversation", "conv-2", "--db", database, "--device", "cpu"};
        const auto answeredNow = [&] {
            const QJsonObject done = run(eval + on + QStringList{"-m", model, "--embedder", embedder}).json();
            return done["contexts"].toArray().first().toObject()["answered_now"].toInt(-1);
        };
        const auto change = [&](const std::function<void(Store&, const MessageRecord&)>& how) {
            auto store = Store::open(database.toStdString());
            QVERIFY2(store, test::why(store));
            how(*store, store->messages(1)->at(1));
        };
        QCOMPARE(answeredNow(), 1);
        QCOMPARE(answeredNow(), 0);
        std::int64_t original = 0;
        change([&](Store& store, const MessageRecord& message) {
            original = message.id;
            MessageRecord edited = message;
            edited.text += " Or not.";
            QVERIFY(store.addVersion(message.id, {&edited, 1}));
        });
        QCOMPARE(answeredNow(), 1);
        QCOMPARE(answeredNow(), 0);
        change([&](Store& store, const MessageRecord&) {
            QVERIFY(store.setInstructions(1, "You are brief.", ""));
        });
        QCOMPARE(answeredNow(), 1);
        // With what was said and asked for at first, the first run counts again.
        change([&](Store& store, const MessageRecord&) {
            QVERIFY(store.setInstructions(1, "", ""));
            QVERIFY(store.showVersion(original));
        });
        QCOMPARE(answeredNow(), 0);
    }

private:
    [[nodiscard]] Finished run(const QStringList& arguments) const { return cli_->run(arguments); }
    [[nodiscard]] QString write(const char* name, const QByteArray& content) const {
        return cli_->write(name, content);
    }
    static QString path(const std::filesystem::path& file) { return test::CliProcess::path(file); }

    std::unique_ptr<test::CliProcess> cli_;
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCliEvaluation)
#include "tst_cli_evaluation.moc"
