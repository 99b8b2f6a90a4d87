// Chats of other programs, against counts and hashes that were computed independently.

#include <QCryptographicHash>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QtTest>

#include "tests/support/check_result.h"
#include "tests/support/shared_data.h"
#include "tests/transfer/import_text.h"

using namespace epi;
using test::importBytes;
using test::Imported;
using test::importPath;

namespace {

QJsonObject jsonObjectIn(const std::filesystem::path& path) {
    QFile file(QString::fromStdString(path.string()));
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

std::int64_t leftOut(const Imported& imported, LeftOut reason) {
    if (!imported.summary) return -1;
    const auto found = imported.summary->leftOut.find(reason);
    return found == imported.summary->leftOut.end() ? 0 : found->second;
}

/// "<role>: <NFC text, white space collapsed>\n" per message of the branch shown.
QByteArray hashOfShown(const PortableChat& chat) {
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const std::size_t place : activeBranch(chat)) {
        const PortableMessage& message = chat.messages[place];
        const QString text =
            QString::fromStdString(message.text).normalized(QString::NormalizationForm_C).simplified();
        hash.addData((QString::fromUtf8(name(message.role).data()) + QStringLiteral(": ") + text +
                      QStringLiteral("\n"))
                         .toUtf8());
    }
    return hash.result().toHex();
}

int shownBy(const PortableChat& chat, Role role) {
    int count = 0;
    for (const std::size_t place : activeBranch(chat))
        count += chat.messages[place].role == role ? 1 : 0;
    return count;
}

QByteArray chatGpt(const char* nodes, const char* current) {
    return QByteArray(R"([{"id": "c1", "title": "T", "mapping": {)") + nodes + R"(}, "current_node": ")" +
           current + R"("}])";
}

}  // namespace

class TestChatImport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsChatGptAsTheFactsSay() {
        EPI_FIND_OR_SKIP(factsPath, sharedFile, "data/reference/chat_exports_facts.json");
        const QJsonObject files = jsonObjectIn(factsPath)["files"].toObject();
        int compared = 0;
        for (const QString& file : files.keys()) {
            const QJsonObject facts = files[file].toObject();
            if (facts["kind"] != QStringLiteral("chatgpt")) continue;
            EPI_FIND_OR_SKIP(path, sharedFile, "data/chat_exports/" + file.toStdString());
            const Imported imported = importPath(path);
            QVERIFY2(imported.summary, test::why(imported.summary));
            std::size_t next = 0;
            for (const QJsonValue& value : facts["conversations"].toArray()) {
                const QJsonObject expected = value.toObject();
                ++compared;
                if (expected["visible_messages"].toInt() == 0) {
                    QCOMPARE(imported.summary->problems.size(), std::size_t{1});
                    continue;
                }
                QVERIFY2(next < imported.chats.size(), qPrintable(file));
                const PortableChat& chat = imported.chats[next++].chat;
                QCOMPARE(QString::fromStdString(chat.title), expected["title"].toString());
                QCOMPARE(static_cast<int>(activeBranch(chat).size()), expected["visible_messages"].toInt());
                const QJsonObject roles = expected["visible_roles"].toObject();
                QCOMPARE(shownBy(chat, Role::kUser), roles["user"].toInt());
                QCOMPARE(shownBy(chat, Role::kAssistant), roles["assistant"].toInt());
                QCOMPARE(QString::fromLatin1(hashOfShown(chat)), expected["sha256_visible"].toString());
                const double created = expected["create_time"].toDouble();
                QCOMPARE(chat.createdAtMs, static_cast<std::int64_t>(std::llround(created * 1000.0)));
            }
            QCOMPARE(next, imported.chats.size());
        }
        QVERIFY(compared >= 5);
    }

    void readsClaudeAsTheFactsSay() {
        EPI_FIND_OR_SKIP(factsPath, sharedFile, "data/reference/chat_exports_facts.json");
        EPI_FIND_OR_SKIP(path, sharedFile, "data/chat_exports/chatlectify/claude_export.json");
        const QJsonObject files = jsonObjectIn(factsPath)["files"].toObject();
        const QJsonObject facts = files[QStringLiteral("chatlectify/claude_export.json")]
                                      .toObject()["conversations"]
                                      .toArray()[0]
                                      .toObject();
        const Imported imported = importPath(path);
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{1});
        const PortableChat& chat = imported.chats[0].chat;
        QCOMPARE(QString::fromStdString(chat.title), facts["name"].toString());
        QCOMPARE(static_cast<int>(chat.messages.size()), facts["messages"].toInt());
        QCOMPARE(shownBy(chat, Role::kUser), facts["senders"].toObject()["human"].toInt());
        QCOMPARE(chat.messages[0].createdAtMs, std::int64_t{1704103200000});
    }

    void importsEveryChatFileOfTheCollection_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("format");
        QTest::addColumn<int>("chats");
        QTest::newRow("ChatGPT") << "ctxray/chatgpt_conversations.json"
                                 << "ChatGPT" << 2;
        QTest::newRow("one ChatGPT chat") << "mitkury/tests/example-conversation.json"
                                          << "ChatGPT" << 1;
        QTest::newRow("Claude with reasoning") << "ctxray/claude_chat_export.json"
                                               << "Claude" << 2;
        QTest::newRow("LibreChat recursive") << "librechat_fixtures/librechat-export.json"
                                             << "LibreChat" << 1;
        QTest::newRow("LibreChat tree") << "librechat_fixtures/librechat-tree.json"
                                        << "LibreChat" << 1;
        QTest::newRow("LibreChat linear") << "librechat_fixtures/librechat-linear.json"
                                          << "LibreChat" << 1;
        QTest::newRow("LibreChat list") << "librechat_fixtures/librechat-opts-nonr-branches.json"
                                        << "LibreChat" << 1;
        QTest::newRow("ShareGPT") << "sharegpt_fastchat/dummy_conversation.json"
                                  << "ShareGPT" << 500;
    }
    void importsEveryChatFileOfTheCollection() {
        QFETCH(QString, file);
        QFETCH(QString, format);
        QFETCH(int, chats);
        EPI_FIND_OR_SKIP(path, sharedFile, "data/chat_exports/" + file.toStdString());
        const Imported imported = importPath(path);
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(QString::fromStdString(imported.summary->format), format);
        QVERIFY(imported.summary->problems.empty());
        QCOMPARE(static_cast<int>(imported.chats.size()), chats);
        for (const ReadChat& read : imported.chats) {
            QVERIFY(!read.chat.uid.empty());
            QVERIFY(!read.chat.title.empty());
            QVERIFY(read.chat.current.has_value());
            for (const PortableMessage& message : read.chat.messages)
                QVERIFY(!message.id.empty() && !message.text.empty());
        }
    }

    void refusesFilesOfOtherKindsInOneSentence_data() {
        QTest::addColumn<QString>("file");
        QTest::newRow("aider") << "aider_chat_history.md";
        QTest::newRow("Cline") << "cline_task/api_conversation_history.json";
        QTest::newRow("Gemini") << "gemini_session.json";
        QTest::newRow("Claude session") << "claude_session.jsonl";
        QTest::newRow("OpenClaw") << "openclaw_session.jsonl";
    }
    void refusesFilesOfOtherKindsInOneSentence() {
        QFETCH(QString, file);
        EPI_FIND_OR_SKIP(path, sharedFile, "data/chat_exports/ctxray/" + file.toStdString());
        const Imported imported = importPath(path);
        QVERIFY(test::failsWith(imported.summary, ErrorCode::kUnsupported));
        const QString message = QString::fromStdString(imported.summary.error().message);
        QVERIFY2(message.contains(u"ChatGPT") && !message.contains(u'\n'), qPrintable(message));
    }

    void refusesProseAndTables_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("prose") << QByteArray("It was late.\nNote: nobody came.\nIt rained.\nEnd.\n");
        QTest::newRow("headings") << QByteArray("# Title\n\n## Chapter\n\nText\n");
        QTest::newRow("JSON list") << QByteArray("[1, 2, 3]");
        QTest::newRow("JSON object") << QByteArray(R"({"a": {"b": []}})");
        QTest::newRow("archive") << QByteArray(
            "PK\x03\x04"
            "conversations.json");
        QTest::newRow("zero bytes") << QByteArray(4096, '\0');
    }
    void refusesProseAndTables() {
        QFETCH(QByteArray, text);
        QVERIFY(test::failsWith(importBytes(text).summary, ErrorCode::kUnsupported));
    }

    void keepsBranches() {
        EPI_FIND_OR_SKIP(path, sharedFile, "data/chat_exports/librechat_fixtures/chatgpt-tree.json");
        const Imported imported = importPath(path);
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.messages.size(), std::size_t{11});  // 5 of the user, 6 answers
        QCOMPARE(activeBranch(chat).size(), std::size_t{6});
        std::map<std::optional<std::size_t>, int> followers;
        for (std::size_t i = 0; i < chat.messages.size(); ++i) {
            if (chat.messages[i].parent) QVERIFY(*chat.messages[i].parent < i);
            ++followers[chat.messages[i].parent];
        }
        QCOMPARE(std::ranges::count_if(followers, [](const auto& of) { return of.second > 1; }), 2);
    }

    void bridgesWhatIsLeftOutAndSaysWhy() {
        const Imported imported = importBytes(chatGpt(
            R"("a": {"parent": null, "message": {"author": {"role": "user"},
                 "content": {"content_type": "multimodal_text", "parts": [{"asset": 1}, "Look"]}}},
               "b": {"parent": "a", "message": {"author": {"role": "assistant"}, "recipient": "python",
                 "content": {"content_type": "code", "text": "1 + 1"}}},
               "c": {"parent": "b", "message": {"author": {"role": "tool"},
                 "content": {"content_type": "execution_output", "text": "2"}}},
               "d": {"parent": "c", "message": {"author": {"role": "assistant"},
                 "content": {"content_type": "thoughts", "thoughts": []}}},
               "e": {"parent": "d", "message": {"author": {"role": "assistant"},
                 "content": {"content_type": "text", "parts": ["Two."]}}})",
            "e"));
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.messages.size(), std::size_t{2});
        QCOMPARE(chat.messages[1].parent, std::optional<std::size_t>(0));
        QCOMPARE(leftOut(imported, LeftOut::kAttachment), 1);
        QCOMPARE(leftOut(imported, LeftOut::kToolTurn), 2);
        QCOMPARE(leftOut(imported, LeftOut::kReasoning), 1);
    }

    void survivesCirclesAndUnknownParents() {
        const QByteArray message =
            R"({"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["x"]}})";
        const Imported imported = importBytes(chatGpt(
            (R"("a": {"parent": "b", "message": )" + message + R"(}, "b": {"parent": "a", "message": )" +
             message + R"(}, "c": {"parent": "gone", "message": )" + message +
             R"(}, "d": {"parent": "d", "message": )" + message + "}")
                .constData(),
            "c"));
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.at(0).chat.messages.size(), std::size_t{2});
        QCOMPARE(leftOut(imported, LeftOut::kUnlinkedTurn), 2);
    }

    void aBadChatIsReportedAndTheOthersComeIn() {
        const Imported imported =
            importBytes(R"([{"uuid": "1", "name": "one", "chat_messages": [{"sender": "human", "text": "a"}]},
                            {"uuid": "2", "name": "two", "chat_messages": 7},
                            {"uuid": "3", "name": "three", "chat_messages": []},
                            {"uuid": "4", "name": "four", "chat_messages": [{"sender": "human", "text": "b"}]}])");
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{2});
        QCOMPARE(imported.summary->problems.size(), std::size_t{2});
        QCOMPARE(imported.summary->problems[0].where, std::string("[1]"));
        QVERIFY(imported.summary->problems[0].reason.find("chat_messages") != std::string::npos);
        QCOMPARE(imported.summary->problems[1].where, std::string("three"));
    }

    void aFileThatBreaksOffGivesWhatIsWhole() {
        const Imported imported =
            importBytes(R"([{"uuid": "1", "chat_messages": [{"sender": "human", "text": "a"}]}, {"uuid": )");
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{1});
        QVERIFY(imported.summary->damage.has_value());
        QCOMPARE(imported.summary->damage->code, ErrorCode::kCorruptData);
    }

    void cancelLeavesWholeChats() {
        const QByteArray chat = R"({"uuid": "NUMBER", "chat_messages": [{"sender": "human", "text": "a"}]})";
        QByteArray file = "[";
        for (int i = 0; i < 50; ++i) {
            if (i > 0) file += ",";
            file += QByteArray(chat).replace("NUMBER", QByteArray::number(i));
        }
        ImportOptions options;
        std::size_t taken = 0;
        const QTemporaryDir folder;
        QFile out(folder.filePath(QStringLiteral("chats.json")));
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(file + "]");
        out.close();
        const auto summary = importChats(
            out.fileName().toStdString(),
            [&](const ReadChat&) {
                if (++taken == 7) options.cancel.cancel();
                return Result<void>();
            },
            options);
        QVERIFY(test::failsWith(summary, ErrorCode::kCancelled));
        QCOMPARE(taken, std::size_t{7});
    }

    void readsMarkdownOfOtherPrograms() {
        const Imported imported = importBytes(
            "# Garden\n\nsome words\n\n### **You:**\n\nHow?\n\n"
            "### ChatGPT\n\nLike so:\n\n```\n## You\n```\n\n## You\nThanks\n");
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.title, std::string("Garden"));
        QCOMPARE(chat.messages.size(), std::size_t{3});
        QCOMPARE(chat.messages[1].role, Role::kAssistant);
        QCOMPARE(chat.messages[1].text, std::string("Like so:\n\n```\n## You\n```"));
        QCOMPARE(chat.messages[2].text, std::string("Thanks"));
    }

    void readsPlainTextOfTwoSides() {
        const Imported imported =
            importBytes("User: How do I\nprune?\nAssistant: In March.\nNote: not in frost.\nUser: Thanks\n");
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.layout, HistoryLayout::kChat);
        QCOMPARE(chat.messages.size(), std::size_t{3});
        QCOMPARE(chat.messages[0].text, std::string("How do I\nprune?"));
        QCOMPARE(chat.messages[1].text, std::string("In March.\nNote: not in frost."));
        QCOMPARE(chat.title, std::string("How do I prune?"));
    }

    void readsPlainTextOfPeople() {
        const Imported imported = importBytes("Ada: Hello\nBen: Hi\nAda: Tea?\nBen: Yes\n");
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.layout, HistoryLayout::kNarrated);
        QCOMPARE(chat.title, std::string("Ada and Ben"));
        QCOMPARE(chat.messages[3].speaker, std::string("Ben"));
    }
};

QTEST_GUILESS_MAIN(TestChatImport)
#include "tst_chat_import.moc"
