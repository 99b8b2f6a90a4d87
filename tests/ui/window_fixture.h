#pragma once

#include <memory>
#include <variant>
#include <vector>

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/support/fake_engine.h"
#include "ui/bridge/text.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/message_view.h"
#include "ui/conversations/conversation_list.h"
#include "ui/evaluation/evaluation_window.h"
#include "ui/main_window.h"
#include "ui/memory/job_strip.h"
#include "ui/memory/layer_bars.h"
#include "ui/memory/memory_panel.h"
#include "ui/notice_bar.h"
#include "ui/status_strip.h"

namespace epi::test {

/// The newest command of this type; an empty one without.
template <typename T>
T last(const std::vector<Command>& commands) {
    T found;
    for (const Command& command : commands) {
        if (const T* each = std::get_if<T>(&command)) found = *each;
    }
    return found;
}

/// The button that is shown with this text; null without.
inline QPushButton* button(QWidget& parent, const QString& text) {
    for (auto* candidate : parent.findChildren<QPushButton*>()) {
        if (candidate->text().remove(u'&') == text && candidate->isVisible()) return candidate;
    }
    return nullptr;
}

/// A window over a real store in `folder` and a played engine; destroying it is closing the program.
class WindowFixture {
public:
    explicit WindowFixture(const QString& folder, FakeScript script = {}, DownloadTool downloads = {})
        : databaseFile(toUtf8(folder) + "/epichat.db"),
          store(databaseFile),
          client([this, script](EventSink sink) {
              auto made = std::make_unique<FakeEngine>(script, std::move(sink));
              engine = made.get();
              return made;
          }),
          window(client,
                 store,
                 {.theme = ThemeChoice::kLight, .percent = 100, .downloads = std::move(downloads)}) {
        QSignalSpy ready(&window, &MainWindow::ready);
        QSignalSpy listed(&window.conversations(), &ConversationList::refreshed);
        window.restore();
        isReady = (ready.count() > 0 || ready.wait()) && (listed.count() > 0 || listed.wait());
    }

    /// Imports a file and opens its first conversation. Whether that worked.
    bool import(const QString& file) {
        QSignalSpy imported(&window, &MainWindow::imported);
        QSignalSpy listed(&window.conversations(), &ConversationList::refreshed);
        window.importFiles({file});
        if (!imported.wait() || (listed.count() == 0 && !listed.wait())) return false;
        const auto ids = imported.first().at(1).value<QList<qint64>>();
        window.openConversation(ids.first());
        return QTest::qWaitFor([this] { return window.session()->isLoaded(); });
    }

    void send(const QString& text) {
        window.page().composer().setText(text);
        Q_EMIT
        window.page().composer().sendRequested(text);
    }
    [[nodiscard]] MessageModel& messages() { return window.session()->messages(); }
    /// An empty one that is not complete, as long as there is none.
    [[nodiscard]] MessageItem lastMessage() {
        const int count = messages().rowCount();
        if (count > 0) return messages().at(count - 1);
        MessageItem none;
        none.state = MessageState::kStreaming;
        return none;
    }
    /// Sends and waits for the end of the reply.
    bool ask(const QString& text) {
        send(text);
        return QTest::qWaitFor([this] { return !window.session()->isAnswering(); });
    }
    bool build(const MemoryOptions& options = {}) {
        window.session()->memory().build(options);
        return QTest::qWaitFor([this] { return window.session()->memory().isBuilt(); });
    }

    std::string databaseFile;
    FakeEngine* engine = nullptr;
    StoreClient store;
    EngineClient client;
    MainWindow window;
    bool isReady = false;
};

/// Writes a conversation between two people in the LoCoMo format, `sessions` of ten turns each, with four
/// questions. Returns the file's path.
inline QString writeConversation(const QString& folder, int sessions) {
    QJsonObject conversation{{QStringLiteral("speaker_a"), QStringLiteral("Ada")},
                             {QStringLiteral("speaker_b"), QStringLiteral("Ben")}};
    for (int session = 1; session <= sessions; ++session) {
        const QString key = QStringLiteral("session_%1").arg(session);
        QJsonArray turns;
        for (int turn = 1; turn <= 10; ++turn) {
            const QString speaker = turn % 2 == 1 ? QStringLiteral("Ada") : QStringLiteral("Ben");
            turns.append(
                QJsonObject{{QStringLiteral("speaker"), speaker},
                            {QStringLiteral("dia_id"), QStringLiteral("D%1:%2").arg(session).arg(turn)},
                            {QStringLiteral("text"),
                             QStringLiteral("Turn %1 of session %2 about <b>gardens</b> & rivers.")
                                 .arg(turn)
                                 .arg(session)}});
        }
        conversation[key] = turns;
        conversation[key + QStringLiteral("_date_time")] =
            QStringLiteral("1:56 pm on %1 May, 2023").arg(session);
    }
    QJsonArray questions;
    for (int i = 1; i <= 4; ++i) {
        questions.append(
            QJsonObject{{QStringLiteral("question"), QStringLiteral("Question number %1?").arg(i)},
                        {QStringLiteral("answer"), QStringLiteral("7 May 2023")},
                        {QStringLiteral("evidence"), QJsonArray{QStringLiteral("D1:1")}},
                        {QStringLiteral("category"), 1 + i % 2}});
    }
    const QJsonArray file{QJsonObject{{QStringLiteral("sample_id"), QStringLiteral("conv-1")},
                                      {QStringLiteral("conversation"), conversation},
                                      {QStringLiteral("qa"), questions}}};
    const QString path = folder + QStringLiteral("/conversation.json");
    QFile out(path);
    if (!out.open(QIODevice::WriteOnly)) return {};
    out.write(QJsonDocument(file).toJson());
    return path;
}

}  // namespace epi::test
