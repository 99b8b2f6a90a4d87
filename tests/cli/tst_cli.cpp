// The built program on small cases: what it prints, and with which exit code it ends.

#include <algorithm>
#include <memory>

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QtTest>

#include "core/format/cache_key.h"
#include "storage/store.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/long_conversation.h"
#include "tests/support/shared_data.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

constexpr const char* kConversation = R"([{"sample_id": "conv-1", "conversation": {
    "speaker_a": "Ann", "speaker_b": "Ben",
    "session_1_date_time": "1:00 pm on 8 May, 2023",
    "session_1": [{"speaker": "Ann", "dia_id": "D1:1", "text": "I bought a \u001b[31mred bicycle."},
                  {"speaker": "Ben", "dia_id": "D1:2", "text": "Good for you!"}]},
    "qa": [{"question": "Which bicycle did Ann buy?", "answer": "a bicycle", "evidence": ["D1:1"], "category": 4}]}])";

using test::Finished;

class TestCli : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        cli_ = std::make_unique<test::CliProcess>();
        QVERIFY(cli_->isValid());
    }

    void removesTheCachesOfDeletedChats() {
        const QDir caches(cli_->filePath("cache/epichat/kv"));
        QVERIFY(caches.mkpath(QStringLiteral(".")));
        const std::string database = cli_->filePath("chats.db").toStdString();
        std::string deleted;
        {
            auto store = Store::open(database);
            QVERIFY(store);
            const std::int64_t id = *store->createConversation({});
            deleted = conversationKey(store->conversation(id)->uid) + std::string(48, '0');
            QVERIFY(store->deleteConversation(id));
        }
        for (const std::string& key : {deleted, std::string(64, 'a')}) {
            QFile file(caches.filePath(QString::fromStdString(key) + ".memory"));
            QVERIFY(file.open(QIODevice::WriteOnly));
        }
        const Finished listed = run({"conversations", "--db", QString::fromStdString(database)});
        QCOMPARE(listed.exitCode, 0);
        QCOMPARE(caches.entryList(QDir::Files), QStringList{QString(64, u'a') + ".memory"});
    }

    void explainsExitCodesInItsHelp() {
        const Finished help = run({"--help"});
        QCOMPARE(help.exitCode, 0);
        QVERIFY(help.out.contains("tokenize"));
        QVERIFY(help.out.contains("130 cancelled"));
        QVERIFY(help.err.isEmpty());
    }

    void itsHelpOfAllCommandsReachesThoseOfGroups() {
        const Finished help = run({"--help-all"});
        QCOMPARE(help.exitCode, 0);
        for (const char* text :
             {"\nask\n", "\nmemory build\n", "--patch-tokens", "\neval export\n", "130 cancelled"})
            QVERIFY2(help.out.contains(text), text);
        QCOMPARE(help.out.count("\nmemory build\n"), 1);
        QVERIFY(run({"memory", "--help-all"}).out.contains("--patch-tokens"));
    }

    void offersJsonOnEveryCommand_data() {
        QTest::addColumn<QStringList>("command");
        for (const char* command :
             {"model info",   "model verify",   "tokenize",     "template",   "import",
              "export",       "conversations",  "logits",       "embed",      "chat",
              "memory build", "memory inspect", "memory evict", "memory pin", "memory recall",
              "ask",          "eval run",       "eval export",  "eval list",  "eval recall"})
            QTest::newRow(command) << QString::fromLatin1(command).split(u' ');
    }
    void offersJsonOnEveryCommand() {
        QFETCH(QStringList, command);
        const Finished help = run(command << QStringLiteral("--help"));
        QCOMPARE(help.exitCode, 0);
        QVERIFY(help.out.contains("--json"));
    }

    void refusesWhatItDoesNotKnow_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("no command") << QStringList{};
        QTest::newRow("unknown command") << QStringList{"frobnicate"};
        QTest::newRow("unknown option") << QStringList{"conversations", "--db", "x", "--frobnicate"};
        QTest::newRow("missing argument") << QStringList{"model", "info"};
        QTest::newRow("no text") << QStringList{"tokenize"};
        QTest::newRow("two texts") << QStringList{"tokenize", "a", "--texts-file", "b"};
    }
    void refusesWhatItDoesNotKnow() {
        QFETCH(QStringList, arguments);
        const Finished text = run(arguments);
        QCOMPARE(text.exitCode, 2);
        QVERIFY(text.out.isEmpty());
        QVERIFY(text.err.startsWith("epichat-cli: "));
        QCOMPARE(text.err.count('\n'), 1);

        const Finished json = run(arguments << QStringLiteral("--json"));
        QCOMPARE(json.exitCode, 2);
        QCOMPARE(json.errorCode(), QStringLiteral("invalid_argument"));
        QVERIFY(!json.errorMessage().isEmpty());
        QVERIFY(json.err.isEmpty());
    }

    void namesWhatItDoesNotKnow() {
        for (const QStringList& arguments : {QStringList{"frobnicate"},
                                             QStringList{"ask", "--frobnicate"},
                                             QStringList{"memory", "frobnicate"}}) {
            const Finished result = run(arguments + QStringList{"--json"});
            QCOMPARE(result.exitCode, 2);
            QVERIFY2(result.errorMessage().contains(u"frobnicate"), result.out);
        }
    }

    void saysWhereItsCommandsAreListed() {
        for (const QStringList& arguments : {QStringList{}, QStringList{"memory"}}) {
            const Finished result = run(arguments);
            QCOMPARE(result.exitCode, 2);
            QVERIFY2(
                result.err.contains(
                    (QStringList{"epichat-cli"} + arguments + QStringList{"--help"}).join(u' ').toUtf8()),
                result.err);
        }
    }

    void saysWhichModelIsMissing() {
        const Finished result = run({"model", "info", "no-such-model", "--json"});
        QCOMPARE(result.exitCode, 3);
        QCOMPARE(result.errorCode(), QStringLiteral("not_found"));
        QVERIFY(result.errorMessage().contains(u"no-such-model"));
    }

    void saysWhenNoDefaultModelIsThere() {
        const Finished result = run({"tokenize", "text", "--json"});
        QCOMPARE(result.exitCode, 3);
        QVERIFY(result.errorMessage().contains(u"smollm2-135m-instruct-q4_1"));
    }

    void neverTakesAPathForAModelId() {
        QVERIFY(QDir(cli_->folder()).mkpath(QStringLiteral("epichat/models")));
        const QString outside = write("epichat/outside.gguf", "GGUF");
        const Finished result = run({"model", "info", "../../epichat", "--json"});
        QCOMPARE(result.exitCode, 3);
        QVERIFY(QFile::exists(outside));
    }

    void refusesAFileThatIsNoModel() {
        for (const char* command : {"info", "verify"}) {
            const Finished result =
                run({"model", command, write("damaged.gguf", QByteArray("GGUF\3\0\0\0", 8)), "--json"});
            QCOMPARE(result.exitCode, 2);
            QCOMPARE(result.errorCode(), QStringLiteral("corrupt_data"));
        }
    }

    void describesAModel() {
        EPI_FIND_OR_SKIP(model, modelFile, "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        const QJsonObject info = run({"model", "info", path(model), "--json"}).json();
        QCOMPARE(info["architecture"].toString(), QStringLiteral("llama"));
        QCOMPARE(info["context"].toInt(), 8192);
        QCOMPARE(info["tensors"].toInt(), 272);
        QCOMPARE(info["types"].toObject()["Q4_1"].toInt(), 210);
        const QJsonObject verified = run({"model", "verify", path(model), "--json"}).json();
        QCOMPARE(verified["valid"].toBool(), true);
        QCOMPARE(verified["sha256"].toString(),
                 QStringLiteral("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"));
    }

    void givesOneListOfIdsPerText() {
        EPI_FIND_OR_SKIP(model, modelFile, "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        const QJsonArray one =
            run({"tokenize", "-m", path(model), "Hello world", "--json"}).json()["ids"].toArray();
        QVERIFY(!one.isEmpty());
        const QString texts = write("texts.json", R"(["Hello world", "", "Hello world"])");
        const QJsonArray all =
            run({"tokenize", "-m", path(model), "--texts-file", texts, "--json"}).json()["ids"].toArray();
        QCOMPARE(all, (QJsonArray{one, QJsonArray{}, one}));
    }

    void recognisesControlTokensOnlyWhenAsked() {
        EPI_FIND_OR_SKIP(model, modelFile, "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        const QString text = QStringLiteral("<|im_start|>");
        const auto special = run({"tokenize", "-m", path(model), text, "--special", "--json"}).json();
        QCOMPARE(special["ids"].toArray(), QJsonArray{1});
        const auto plain = run({"tokenize", "-m", path(model), text, "--json"}).json();
        QVERIFY(plain["ids"].toArray().size() > 1);
    }

    void rendersMessages() {
        EPI_FIND_OR_SKIP(model, modelFile, "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
        const QString messages =
            write("messages.json",
                  R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])");
        const auto open = run({"template", "-m", path(model), "--messages", messages, "--json"}).json();
        QCOMPARE(open["rendered"].toString(),
                 QStringLiteral("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                                "<|im_start|>assistant\n"));
        QCOMPARE(open["ids"].toArray().first().toInt(), 1);
        const auto closed =
            run({"template", "-m", path(model), "--messages", messages, "--no-generation-prompt", "--json"})
                .json();
        QVERIFY(closed["rendered"].toString().endsWith(u"<|im_end|>\n"));
    }

    void saysWhichMessageIsWrong() {
        const QString messages = write("messages.json", R"([{"role": "user", "content": 3}])");
        const Finished result = run({"template", "--messages", messages, "--json"});
        QCOMPARE(result.exitCode, 2);
        QVERIFY(result.errorMessage().contains(u"[0].content"));
    }

    void listsWhatItImported() {
        const QString file = write("conversations.json", kConversation);
        const QString database = cli_->filePath("chats.db");
        const Finished imported = run({"import", file, "--db", database, "--json"});
        QCOMPARE(imported.exitCode, 0);
        const Finished listed = run({"conversations", "--db", database, "--json"});
        QCOMPARE(listed.exitCode, 0);
        for (const Finished& result : {imported, listed}) {
            const QJsonArray conversations = result.json()["conversations"].toArray();
            QCOMPARE(conversations.size(), 1);
            const QJsonObject first = conversations[0].toObject();
            QCOMPARE(first["source_id"].toString(), QStringLiteral("conv-1"));
            QCOMPARE(first["layout"].toString(), QStringLiteral("narrated"));
            QCOMPARE(first["messages"].toInt(), 2);
            QCOMPARE(first["questions"].toInt(), 1);
        }
    }

    void speaksOfOneQuestionInTheSingular() {
        const QString file = write("conversations.json", kConversation);
        const QString database = cli_->filePath("chats.db");
        for (const Finished& result :
             {run({"import", file, "--db", database}), run({"conversations", "--db", database})})
            QVERIFY2(result.out.contains("\t2 messages\t1 question\t"), result.out);
    }

    void importsTheSameFileOnce() {
        const QString file = write("conversations.json", kConversation);
        const QString database = cli_->filePath("chats.db");
        const Finished first = run({"import", file, "--db", database, "--json"});
        const Finished second = run({"import", file, "--db", database, "--json"});
        QCOMPARE(second.exitCode, 0);
        QCOMPARE(first.json()["conversations"].toArray()[0].toObject()["id"].toInt(),
                 second.json()["conversations"].toArray()[0].toObject()["id"].toInt());
        QCOMPARE(run({"conversations", "--db", database, "--json"}).json()["conversations"].toArray().size(),
                 1);
    }

    void refusesAFileOfNoKnownFormat() {
        const QString database = cli_->filePath("chats.db");
        const Finished result = run({"import", write("other.json", "{}"), "--db", database, "--json"});
        QCOMPARE(result.exitCode, 2);
        QCOMPARE(result.errorCode(), QStringLiteral("unsupported"));
        QVERIFY(!QFile::exists(database));
    }

    void quotesThePassagesThatMatchAQuestion() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("conversations.json", kConversation), "--db", database}).exitCode, 0);
        const QStringList where{"-m", model, "--embedder", "none", "--db", database};
        const QStringList question{
            "memory", "recall", "-q", "Who buys \"NEAR(bicycles", "--conversation", "conv-1", "--json"};
        const Finished quoted = run(question + where);
        QCOMPARE(quoted.exitCode, 0);
        const QJsonArray turns = quoted.json()["turns"].toArray();
        QCOMPARE(turns.size(), 2);
        QCOMPARE(turns[0].toObject()["message"].toInt(), 1);
        QCOMPARE(turns[0].toObject()["text"].toString(), QStringLiteral("I bought a \u001b[31mred bicycle."));
        QCOMPARE(turns[0].toObject()["session"].toString(), QStringLiteral("1:00 pm on 8 May, 2023"));
        QVERIFY(turns[0].toObject()["score"].toDouble() > 0.0);
        const int tokens = quoted.json()["tokens"].toInt();
        QVERIFY(tokens > 50 && tokens <= 1024);
        const Finished fewer = run(question + where + QStringList{"--tokens", QString::number(tokens - 1)});
        QCOMPARE(fewer.json()["turns"].toArray().size(), 1);
        QVERIFY(fewer.json()["tokens"].toInt() < tokens);
        QCOMPARE(run(question + where + QStringList{"--tokens", "0"}).json()["turns"].toArray().size(), 0);
        QStringList asText = question + where;
        asText.removeOne(QStringLiteral("--json"));
        const QByteArray lines = run(asText).out;
        QVERIFY2(lines.startsWith("1\t1:00 pm on 8 May, 2023\tAnn\t"), lines);

        const QStringList eval{"eval", "recall", "--json"};
        const QJsonObject all = run(eval + where).json();
        QCOMPARE(all["questions"].toInt(), 1);
        QCOMPARE(all["share"].toDouble(), 1.0);
        QCOMPARE(all["categories"].toArray()[0].toObject()["category"].toInt(), 4);
        QCOMPARE(run(eval + where + QStringList{"--tokens", "0"}).json()["share"].toDouble(), 0.0);
    }

    void namesEpisodesByTheNumbersThatChooseThem() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QStringList ask{"ask",          "-q",         "Which bicycle?",
                              "--db",         database,     "--conversation",
                              "conv-2",       "-m",         model,
                              "--embedder",   embedder,     "--device",
                              "cpu",          "--episodes", "2",
                              "--max-tokens", "4",          "--budget",
                              "256",          "--block",    "128",
                              "--episode",    "1"};
        const Finished all = run(ask);
        QVERIFY2(all.exitCode == 0, all.err + all.out);
        QVERIFY2(all.err.contains("\nreading one cache for 2 episodes\n"), all.err);
        const Finished each = run(ask + QStringList{"--preset", "epicache", "--patch-tokens", "32"});
        QVERIFY2(each.exitCode == 0, each.err + each.out);
        QVERIFY2(each.err.contains("\nreading episode 0 of 0 to 1\nreading episode 1 of 0 to 1\n"), each.err);
        QVERIFY2(each.err.contains("\nepichat-cli: episode 1 of 0 to 1, 256 of "), each.err);
    }

    void asksWithEarlierTurnsQuoted() {
        const QString model = path(test::writeTinyModel(cli_->folder().toStdString()));
        const QString embedder = path(test::writeTinyEmbedder(cli_->folder().toStdString(), "embedder"));
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("long.json", test::longConversation()), "--db", database}).exitCode, 0);
        const QStringList ask{"ask",
                              "-q",
                              "Which bicycle?",
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
                              "--max-tokens",
                              "4",
                              "--budget",
                              "256",
                              "--block",
                              "128",
                              "--json"};
        const Finished quoted = run(ask + QStringList{"--recall", "300"});
        QVERIFY2(quoted.exitCode == 0, quoted.err + quoted.out);
        const QJsonObject reply = quoted.json();
        const int tokens = reply["quoted_tokens"].toInt();
        QVERIFY(tokens > 0 && tokens <= 300);
        QVERIFY(reply["statistics"].toObject()["prompt_tokens"].toInt() > tokens);
        const QJsonArray passages = reply["quoted"].toArray();
        QVERIFY(std::any_of(passages.begin(), passages.end(), [](const QJsonValue& each) {
            return each.toObject()["message"].toInt() == 7 && each.toObject()["tokens"].toInt() > 0;
        }));
        const QJsonObject bare = run(ask + QStringList{"--recall", "0"}).json();
        QCOMPARE(bare["quoted_tokens"].toInt(-1), 0);
        QVERIFY(bare["quoted"].toArray().isEmpty());
        // It was for that question alone.
        QVERIFY(run(ask).json()["quoted_tokens"].toInt() > 0);

        // What cannot be answered is no message of the conversation.
        const auto messages = [&] {
            const QJsonArray all =
                run({"conversations", "--db", database, "--json"}).json()["conversations"].toArray();
            return all[0].toObject()["messages"].toInt();
        };
        const int before = messages();
        const Finished refused = run(ask + QStringList{"--episode", "7"});
        QCOMPARE(refused.exitCode, 2);
        QVERIFY2(refused.errorMessage().contains(u"no episode 7"), refused.out);
        QCOMPARE(messages(), before);
    }

    void storesNoQuestionThatCannotBeAsked() {
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("conversations.json", kConversation), "--db", database}).exitCode, 0);
        for (const char* question : {"", " \t\n"}) {
            const Finished result =
                run({"ask", "-q", question, "--conversation", "conv-1", "--db", database, "--json"});
            QCOMPARE(result.exitCode, 2);
            QVERIFY2(result.out.contains("the question is empty"), result.out);
            const Finished recalled = run(
                {"memory", "recall", "-q", question, "--conversation", "conv-1", "--db", database, "--json"});
            QCOMPARE(recalled.exitCode, 2);
            QVERIFY2(recalled.out.contains("the question is empty"), recalled.out);
        }
        for (const QStringList& sampling : {QStringList{"--max-tokens", "0"},
                                            QStringList{"--temperature", "-1"},
                                            QStringList{"--top-p", "7"}}) {
            const Finished result = run(QStringList{"ask", "-q", "What?", "--conversation", "conv-1"} +
                                        QStringList{"--db", database, "--json"} + sampling);
            QCOMPARE(result.exitCode, 2);
            QVERIFY2(result.errorMessage().endsWith("found " + sampling.last()), result.out);
        }
        const QJsonObject listed = run({"conversations", "--db", database, "--json"}).json();
        QCOMPARE(listed["conversations"].toArray()[0].toObject()["messages"].toInt(), 2);
    }

    void pinsAllMessagesOrNone() {
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("conversations.json", kConversation), "--db", database}).exitCode, 0);
        const QStringList pin{"memory", "pin", "--conversation", "conv-1", "--db", database, "--json"};
        QCOMPARE(run(pin + QStringList{"--message", "2", "99"}).exitCode, 3);
        QCOMPARE(run(pin).json()["pinned"].toArray().size(), 0);
        QCOMPARE(run(pin + QStringList{"--message", "2", "1"}).json()["pinned"].toArray().size(), 2);
        QCOMPARE(run(pin + QStringList{"--unpin", "2", "99"}).exitCode, 3);
        QCOMPARE(run(pin).json()["pinned"].toArray().size(), 2);
    }

    void saysWhichDatabaseIsOpenElsewhere() {
        const QString database = cli_->filePath("chats.db");
        const QStringList import{"import", write("conversations.json", kConversation)};
        const QStringList where{"--db", database, "--json"};
        QCOMPARE(run(import + where).exitCode, 0);
        const auto store = Store::open(database.toStdString());
        QVERIFY(store);
        for (const QStringList& command :
             {import, QStringList{"memory", "pin", "--conversation", "conv-1", "--message", "1"}}) {
            const Finished refused = run(command + where);
            QCOMPARE(refused.exitCode, 2);
            QVERIFY2(refused.errorMessage().contains(database + " is open in another program"), refused.out);
            QVERIFY2(refused.errorMessage().contains(u"--db"), refused.out);
        }
        for (const QStringList& command : {QStringList{"conversations"}, import + QStringList{"--preview"}})
            QCOMPARE(run(command + where).exitCode, 0);
    }

    void saysWhyTheDiskRefusesADatabase() {
        const QString database = cli_->filePath("chats.db");
        QCOMPARE(run({"import", write("conversations.json", kConversation), "--db", database}).exitCode, 0);
        QProcess process;
        cli_->prepare(process, {});
        // No file may grow beyond 8 KiB, and SQLite makes one of 32 KiB beside the database.
        process.setProgram(QStringLiteral("sh"));
        const QString limited =
            QStringLiteral("trap '' XFSZ; ulimit -f 16; exec \"$0\" conversations --db \"$1\"");
        process.setArguments({QStringLiteral("-c"), limited, QStringLiteral(EPI_CLI), database});
        const Finished refused = test::CliProcess::finish(process);
        QCOMPARE(refused.exitCode, 4);
        QVERIFY2(refused.err.contains("I/O error: File too large"), refused.err);
    }

    void makesNoDatabaseWhenListing() {
        const QString database = cli_->filePath("chats.db");
        const Finished result = run({"conversations", "--db", database});
        QCOMPARE(result.exitCode, 3);
        QVERIFY2(result.err.contains("import"), result.err);
        QVERIFY(!QFile::exists(database));
    }

    void failsWhenItsOutputIsLost() {
        if (!QFile::exists(QStringLiteral("/dev/full"))) QSKIP("/dev/full is absent");
        const QString file = write("conversations.json", kConversation);
        const QString database = cli_->filePath("chats.db");
        QProcess process;
        cli_->prepare(process, {"import", file, "--db", database});
        process.setStandardOutputFile(QStringLiteral("/dev/full"));
        QCOMPARE(test::CliProcess::finish(process).exitCode, 4);
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

QTEST_GUILESS_MAIN(epi::TestCli)
#include "tst_cli.moc"
