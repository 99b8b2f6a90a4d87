// Files of chats: what they hold, and that none is ever there by half.

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "core/transfer/chat_exporter.h"
#include "tests/support/check_result.h"
#include "tests/transfer/import_text.h"

using namespace epi;

namespace {

PortableChat sampleChat() {
    PortableChat chat;
    chat.uid = "epichat:1";
    chat.sourceId = "s";
    chat.title = "<script>alert(1)</script> & more";
    chat.systemPrompt = "Be brief.";
    chat.memory = R"({"budget":512})";
    chat.draft = "not yet";
    chat.folder = "Work/../x";
    chat.tags = {"a", "b c"};
    chat.isPinned = true;
    chat.createdAtMs = 1'700'000'000'123;
    chat.updatedAtMs = 1'700'000'001'456;
    chat.messages = {{.id = "m1", .role = Role::kUser, .text = "## You\n\n<img src=\"http://x/y.png\">"},
                     {.id = "m2",
                      .parent = 0,
                      .role = Role::kAssistant,
                      .text = "```\nopen",
                      .state = "stopped",
                      .details = R"({"kept":3})",
                      .createdAtMs = 5},
                     {.id = "m3", .parent = 0, .role = Role::kAssistant, .text = "other branch"}};
    chat.current = 1;
    chat.questions = {{.question = "q", .answer = "a", .category = 2, .evidence = {"m1"}}};
    return chat;
}

/// A conversation of two people in two sessions, then a question about it.
PortableChat narratedChat() {
    PortableChat chat;
    chat.uid = "conversation:1";
    chat.title = "The harbour";
    chat.layout = HistoryLayout::kNarrated;
    chat.speakers = {"Nora", "Ilan"};
    chat.messages = {{.speaker = "Nora", .text = "Berth 41, I think.", .session = "3 March 2025"},
                     {.parent = 0, .speaker = "Ilan", .text = "No, 42.", .session = "3 March 2025"},
                     {.parent = 1, .speaker = "Nora", .text = "It was 42.", .session = "*5* March 2025"},
                     {.parent = 2, .role = Role::kUser, .text = "Which berth?"},
                     {.parent = 3, .role = Role::kAssistant, .text = "42."}};
    chat.current = 4;
    return chat;
}

/// Whether title, layout, speakers and messages of the branch shown are the same.
QString differenceOf(const PortableChat& read, const PortableChat& written) {
    if (read.title != written.title) return QStringLiteral("title");
    if (read.layout != written.layout) return QStringLiteral("layout");
    if (read.speakers != written.speakers) return QStringLiteral("speakers");
    const auto places = activeBranch(written);
    if (activeBranch(read).size() != places.size()) return QStringLiteral("number of messages");
    for (std::size_t i = 0; i < places.size(); ++i) {
        const PortableMessage& before = written.messages[places[i]];
        const PortableMessage& after = read.messages[activeBranch(read)[i]];
        if (after.role != before.role || after.speaker != before.speaker || after.text != before.text ||
            after.session != before.session)
            return QStringLiteral("message %1: %2, \"%3\", session %4")
                .arg(i)
                .arg(QString::fromStdString(after.speaker),
                     QString::fromStdString(after.text),
                     QString::fromStdString(after.session));
    }
    return {};
}

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

class TestChatExport : public QObject {
    Q_OBJECT

private:
    QTemporaryDir folder_;

    QString write(const char* format, const std::vector<PortableChat>& chats) {
        const QString path = folder_.filePath(QString::fromLatin1(format));
        const auto exporter = findChatExporter(format);
        auto file = ChatExport::open(path.toStdString(), **exporter, "Everything");
        for (const PortableChat& chat : chats) {
            if (!file || !file->add(chat)) return {};
        }
        return file && file->finish() ? path : QString();
    }

private Q_SLOTS:
    void jsonLosesNothing() {
        const QString path = write("json", {sampleChat(), sampleChat()});
        const test::Imported imported = test::importPath(path.toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{2});
        const QByteArray before = bytesOf(path);
        std::vector<PortableChat> chats;
        for (const ReadChat& read : imported.chats)
            chats.push_back(read.chat);
        QCOMPARE(chats[0].messages[1].details, sampleChat().messages[1].details);
        QCOMPARE(chats[0].questions[0].evidence, sampleChat().questions[0].evidence);
        QCOMPARE(bytesOf(write("json", chats)), before);
    }

    void jsonOfALaterVersionIsRefused() {
        QByteArray file = bytesOf(write("json", {sampleChat()}));
        file.replace("\"version\":1", "\"version\":2");
        const test::Imported imported = test::importBytes(file);
        QVERIFY2(imported.summary, test::why(imported.summary));
        QVERIFY(imported.summary->problems.size() == 1);
    }

    void markdownComesBackAsTheBranchShown() {
        const test::Imported imported = test::importPath(write("markdown", {sampleChat()}).toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.title, sampleChat().title);
        QCOMPARE(chat.systemPrompt, sampleChat().systemPrompt);
        QCOMPARE(chat.messages.size(), std::size_t{2});
        QCOMPARE(chat.messages[0].text, sampleChat().messages[0].text);
        QCOMPARE(chat.messages[1].text, std::string("```\nopen\n```"));
    }

    void markdownKeepsSpeakersAndSessions() {
        const test::Imported imported = test::importPath(write("markdown", {narratedChat()}).toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        QVERIFY(imported.summary->leftOut.empty());
        QCOMPARE(differenceOf(imported.chats.at(0).chat, narratedChat()), QString());
    }

    void markdownKeepsAnyName() {
        PortableChat chat = narratedChat();
        chat.messages[0].speaker = "Assistant";
        chat.messages[1].speaker = "**N; 100 %** --> <!-- user -->";
        chat.messages[2].speaker = "# User:";
        chat.messages[2].role = Role::kAssistant;
        chat.speakers = {"Nobody", "Assistant", "**N; 100 %** --> <!-- user -->", "# User:"};
        const test::Imported imported = test::importPath(write("markdown", {chat}).toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(differenceOf(imported.chats.at(0).chat, chat), QString());
    }

    void markdownTellsHeadingsInTextsFromSpeakers() {
        PortableChat chat = narratedChat();
        chat.messages[0].text =
            "## Nora\n\\## Ilan\n\\\\## You\n# Plan\n### Nora\n## Nora and Ilan\n```\n## Nora\n\\## You\n```";
        chat.messages[1].text = "<!-- session -->\n\\<!-- session -->\n---\n\n*x*";
        chat.messages[2].text = "<!-- EpiChat: chat -->\n# Title";
        chat.messages[4].text = "## Steps\n\n## Assistant\n\n---";
        const QString path = write("markdown", {chat});
        const test::Imported imported = test::importPath(path.toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{1});
        QCOMPARE(differenceOf(imported.chats.at(0).chat, chat), QString());
        QVERIFY(bytesOf(path).contains("\n## Steps\n"));  // reads as the heading that it is
    }

    void markdownKeepsChatsApart() {
        const QString path = write("markdown", {narratedChat(), sampleChat(), narratedChat()});
        const test::Imported imported = test::importPath(path.toStdString());
        QVERIFY2(imported.summary, test::why(imported.summary));
        QCOMPARE(imported.chats.size(), std::size_t{3});
        QCOMPARE(differenceOf(imported.chats[2].chat, narratedChat()), QString());
        QCOMPARE(imported.chats[1].chat.title, sampleChat().title);
        QCOMPARE(imported.chats[1].chat.messages.size(), std::size_t{2});
    }

    void headingsOfOtherMarkdownAreNoSpeakers() {
        const test::Imported imported =
            test::importBytes("# T\n\n## You\n\n<!-- session -->\n## Nora\n\nHow?\n\n## Assistant\n\nSo.\n");
        QVERIFY2(imported.summary, test::why(imported.summary));
        const PortableChat& chat = imported.chats.at(0).chat;
        QCOMPARE(chat.messages.size(), std::size_t{2});
        QCOMPARE(chat.messages[0].text, std::string("<!-- session -->\n## Nora\n\nHow?"));
    }

    void aMessageBehindTheSessionsHasNoEmptyHeading() {
        const QByteArray markdown = bytesOf(write("markdown", {narratedChat()}));
        QVERIFY2(!markdown.contains("\n**\n"), markdown.constData());
        QVERIFY(markdown.contains("\n*3 March 2025*\n"));
        const QByteArray page = bytesOf(write("html", {narratedChat()}));
        QVERIFY(!page.contains("<p class=\"session\"></p>"));
        QCOMPARE(page.count("<p class=\"session\">"), 2);
    }

    void htmlHasNoMarkupOfTheText() {
        const QByteArray page = bytesOf(write("html", {sampleChat()}));
        QVERIFY(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        QVERIFY(page.contains("&lt;img src=&quot;http://x/y.png&quot;&gt;"));
        QVERIFY(!page.contains("<script") && !page.contains("<img") && !page.contains("<link"));
        QVERIFY(page.contains("default-src 'none'"));
        QVERIFY(!page.contains("other branch"));
    }

    void anExportThatIsNotFinishedLeavesTheOldFile() {
        const QString path = write("json", {sampleChat()});
        const QByteArray before = bytesOf(path);
        {
            auto file = ChatExport::open(path.toStdString(), **findChatExporter("json"), "");
            QVERIFY(file && file->add(sampleChat()));
        }
        QCOMPARE(bytesOf(path), before);
        QCOMPARE(QDir(folder_.path()).entryList(QDir::Files | QDir::Hidden).filter(u".epichat"_qs).size(), 0);
    }

    void saysWhenTheFolderIsNotThere() {
        const auto file = ChatExport::open("/no/such/folder/x.json", **findChatExporter("json"), "");
        QVERIFY(!file);
        QVERIFY(QByteArray(test::why(file)).contains("/no/such/folder"));
    }

    void namesTheFormatsItKnows() {
        const auto found = findChatExporter("pdf");
        QVERIFY(test::failsWith(found, ErrorCode::kInvalidArgument));
        QVERIFY(QByteArray(test::why(found)).contains("html, json, markdown"));
    }
};

QTEST_GUILESS_MAIN(TestChatExport)
#include "tst_chat_export.moc"
