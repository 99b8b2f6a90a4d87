#include "ui/chat/turn_actions.h"

#include <utility>

#include <QAction>
#include <QKeyEvent>
#include <QLocale>
#include <QMenu>

#include "ui/actions/action_registry.h"
#include "ui/bridge/text.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/message_view.h"
#include "ui/chat/reply_details_dialog.h"
#include "ui/notice_bar.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kQuotedCharacters = 40;

QKeySequence key(const QString& name) {
    return QKeySequence(name, QKeySequence::PortableText);
}

}  // namespace

TurnActions::TurnActions(ChatPage& page, QObject* parent) : QObject(parent), page_(page) {
    page_.view().installEventFilter(this);
    connect(&page_.view(), &MessageView::menuOpening, this, &TurnActions::fillMenu);
    connect(&page_.view(), &MessageView::versionRequested, this, &TurnActions::stepVersion);
    connect(&page_.view(), &MessageView::detailsRequested, this, &TurnActions::showDetails);
}

void TurnActions::registerActions(ActionRegistry& actions) {
    actions_ = &actions;
    const QString group = tr("Message");
    QWidget* view = &page_.view();
    actions.add({.id = u"turn.regenerate"_s,
                 .group = group,
                 .title = tr("&Regenerate the reply"),
                 .shortcuts = {key(u"Ctrl+R"_s)}},
                this,
                [this] { regenerate(); });
    actions.add(
        {.id = u"turn.answerWith"_s, .group = group, .title = tr("&Answer again with another episode…")},
        this,
        [this] { popUpEpisodes(); });
    actions.add({.id = u"turn.continue"_s,
                 .group = group,
                 .title = tr("C&ontinue the reply"),
                 .shortcuts = {key(u"Ctrl+Shift+R"_s)}},
                this,
                [this] {
                    if (session() != nullptr) session()->continueReply(session()->messages().rowCount() - 1);
                });
    actions.add({.id = u"turn.edit"_s,
                 .group = group,
                 .title = tr("&Edit and resend"),
                 .shortcuts = {key(u"Ctrl+E"_s)}},
                this,
                [this] { edit(); });
    actions.add({.id = u"turn.previousVersion"_s,
                 .group = group,
                 .title = tr("&Previous version"),
                 .shortcuts = {key(u"Alt+Left"_s)},
                 .scope = view},
                this,
                [this] { stepVersion(currentRow(), -1); });
    actions.add({.id = u"turn.nextVersion"_s,
                 .group = group,
                 .title = tr("&Next version"),
                 .shortcuts = {key(u"Alt+Right"_s)},
                 .scope = view},
                this,
                [this] { stepVersion(currentRow(), 1); });
    actions.add({.id = u"turn.copyMarkdown"_s,
                 .group = group,
                 .title = tr("Copy as &Markdown"),
                 .shortcuts = {key(u"Ctrl+Shift+C"_s)}},
                this,
                [this] { copyAsMarkdown(); });
    actions.add({.id = u"turn.details"_s,
                 .group = group,
                 .title = tr("&Where the reply came from…"),
                 .shortcuts = {key(u"Ctrl+D"_s)}},
                this,
                [this] { showDetails(); });
    actions.add({.id = u"turn.pin"_s,
                 .group = group,
                 .title = tr("P&in or unpin for the memory"),
                 .shortcuts = {key(u"Ctrl+Shift+P"_s)}},
                this,
                [this] { togglePin(); });
    // Never one key alone, even though it can be undone.
    actions.add({.id = u"turn.delete"_s,
                 .group = group,
                 .title = tr("&Delete the turn"),
                 .shortcuts = {key(u"Ctrl+Del"_s)},
                 .scope = view},
                this,
                [this] {
                    if (session() != nullptr) session()->removeTurn(currentRow());
                });
    actions.add(
        {.id = u"turn.restore"_s, .group = group, .title = tr("Put &back deleted turns")}, this, [this] {
            if (session() != nullptr) session()->restoreAll();
        });
}

bool TurnActions::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        const auto* pressed = static_cast<QKeyEvent*>(event);
        const bool isPlain = pressed->modifiers() == Qt::NoModifier;
        if (isPlain && pressed->key() == Qt::Key_E) {
            edit();
            return true;
        }
        if (isPlain && pressed->key() == Qt::Key_W) {
            showDetails();
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

ChatSession* TurnActions::session() const {
    return page_.session();
}

int TurnActions::currentRow() const {
    if (session() == nullptr) return -1;
    const int count = session()->messages().rowCount();
    const int row = page_.view().currentRow();
    return row >= 0 && row < count ? row : count - 1;
}

void TurnActions::refuse(const QString& reason) {
    page_.notice().show(NoticeKind::kInformation, reason);
}

void TurnActions::regenerate() {
    if (session() == nullptr) return;
    if (currentRow() < 0) return refuse(tr("There is no reply in this chat yet."));
    session()->regenerate(currentRow());
}

void TurnActions::edit() {
    whenThere(currentRow(), [this](int row) {
        // From a reply to the question it answers.
        if (session()->replyRow(row) == row && row > 0) --row;
        if (session()->isAnswering())
            return refuse(tr("A reply is being written. Wait for its end, or stop it with Escape."));
        if (!session()->canEdit(row)) return refuse(tr("Only your own messages can be edited."));
        page_.beginEdit(row);
    });
}

void TurnActions::whenThere(int row, std::function<void(int row)> work) {
    if (session() == nullptr) return;
    session()->withRow(row, [this, of = session(), work = std::move(work)](int there) {
        if (session() == of) work(there);
    });
}

void TurnActions::copyAsMarkdown() {
    if (session() == nullptr || currentRow() < 0) return;
    page_.view().setCurrentRow(currentRow());
    page_.view().copyAsMarkdown();
}

void TurnActions::showDetails() {
    whenThere(currentRow(), [this](int row) {
        const int reply = session()->replyRow(row);
        if (reply < 0) return refuse(tr("Only a reply came from somewhere: choose one."));
        MessageModel& messages = session()->messages();
        std::vector<int> needed{reply};
        for (const std::int64_t id : messages.at(reply).details.quoted) {
            if (const int quoted = messages.rowOf(id); quoted >= 0) needed.push_back(quoted);
        }
        messages.load(std::move(needed), this, [this, of = session(), id = messages.ids()[reply]] {
            if (session() == of) openDetails(of->messages().at(of->messages().rowOf(id)));
        });
    });
}

void TurnActions::openDetails(const MessageItem& item) {
    const MessageModel& messages = session()->messages();
    std::vector<ReplyDetailsDialog::Quote> quotes;
    for (const std::int64_t id : item.details.quoted) {
        const int quoted = messages.rowOf(id);
        if (quoted < 0) continue;  // taken out since, or in another version
        quotes.push_back({id, messages.at(quoted).text.simplified().left(kQuotedCharacters)});
    }
    auto* dialog = new ReplyDetailsDialog(item, quotes, page_.window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ReplyDetailsDialog::messageRequested, this, [this](qint64 id) {
        const int quoted = session() != nullptr ? session()->messages().rowOf(id) : -1;
        if (quoted < 0) return;
        page_.view().setCurrentRow(quoted);
        page_.view().scrollToRow(quoted);
    });
    connect(dialog, &ReplyDetailsDialog::episodeRequested, &page_, &ChatPage::episodeActivated);
    dialog->open();
}

void TurnActions::togglePin() {
    whenThere(currentRow(), [this](int row) {
        if (row < 0) return refuse(tr("There is no message in this chat yet."));
        session()->setPinned(row, !session()->messages().at(row).isPinned);
    });
}

void TurnActions::stepVersion(int row, int delta) {
    if (session() != nullptr) session()->stepVersion(row, delta);
}

void TurnActions::fillEpisodes(QMenu* menu, int row) {
    const int reply = session() != nullptr ? session()->replyRow(row) : -1;
    const auto& episodes =
        session() != nullptr ? session()->memory().episodes() : std::vector<EpisodeRecord>();
    if (reply < 0 || episodes.empty()) {
        menu->addAction(reply < 0 ? tr("Choose a reply first") : tr("This chat has no episodes"))
            ->setEnabled(false);
        return;
    }
    const ReplyDetails& details = session()->messages().at(reply).details;
    for (const EpisodeRecord& episode : episodes) {
        QString title = tr("Episode &%1").arg(episode.index + 1);
        const auto index = static_cast<std::size_t>(episode.index);
        if (index < details.similarities.size())
            title += u" · "_s + tr("match %1").arg(QLocale().toString(details.similarities[index], 'f', 2));
        if (!episode.representatives.empty()) {
            QString quote = toQString(episode.representatives.front()).simplified().left(kQuotedCharacters);
            title += u" · "_s + quote.replace(u'&', u"&&"_s) + u'…';
        }
        QAction* action = menu->addAction(title, this, [this, row, index = episode.index] {
            if (session() != nullptr) session()->regenerate(row, index);
        });
        action->setCheckable(true);
        action->setChecked(details.episode == episode.index);
    }
}

void TurnActions::popUpEpisodes() {
    whenThere(currentRow(), [this](int row) {
        if (session()->replyRow(row) < 0)
            return refuse(tr("Only the reply to a question can be made again."));
        if (session()->memory().episodes().empty())
            return refuse(tr("This chat has no episodes: no memory was built of it."));
        auto* menu = new QMenu(&page_);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        menu->setAccessibleName(tr("Answer again with"));
        fillEpisodes(menu, row);
        menu->popup(page_.view().mapToGlobal(page_.view().rect().center()));
    });
}

void TurnActions::fillMenu(QMenu* menu, int row) {
    if (session() == nullptr || !actions_) return;
    page_.view().setCurrentRow(row);
    const bool isFree = !session()->isAnswering();
    const bool isReply = session()->replyRow(row) == row;
    const auto add = [&](const QString& id, bool isPossible) {
        const QAction* of = actions_->find(id);
        QAction* entry = menu->addAction(of->text());
        // Shown, not bound: the key belongs to the action itself.
        entry->setText(of->text() + u'\t' + of->shortcut().toString(QKeySequence::NativeText));
        entry->setEnabled(isPossible);
        connect(entry, &QAction::triggered, of, &QAction::trigger);
    };
    menu->addSeparator();
    if (session()->replyRow(row) >= 0) {
        add(u"turn.regenerate"_s, isFree);
        if (session()->memory().isBuilt()) {
            QMenu* episodes = menu->addMenu(tr("&Answer again with"));
            fillEpisodes(episodes, row);
            episodes->setEnabled(isFree);
        }
    }
    if (session()->canContinue(row)) add(u"turn.continue"_s, isFree);
    if (session()->canEdit(row)) add(u"turn.edit"_s, isFree);
    const MessageItem& item = session()->messages().at(row);
    if (item.versionCount > 1) {
        add(u"turn.previousVersion"_s, isFree && item.versionIndex > 0);
        add(u"turn.nextVersion"_s, isFree && item.versionIndex + 1 < item.versionCount);
    }
    if (isReply) add(u"turn.details"_s, true);
    add(u"turn.pin"_s, true);
    menu->addSeparator();
    add(u"turn.delete"_s, isFree);
}

}  // namespace epi
