#include "ui/chat/chat_page.h"

#include <algorithm>

#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/chat/composer.h"
#include "ui/chat/context_meter.h"
#include "ui/chat/edit_banner.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/message_view.h"
#include "ui/chat/tint_legend.h"
#include "ui/elided_label.h"
#include "ui/memory/job_strip.h"
#include "ui/memory/memory_form.h"
#include "ui/notice_bar.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

// About 6,000 tokens: more than small models hold at once.
constexpr qint64 kLongHistoryCharacters = 24'000;

}  // namespace

ChatPage::ChatPage(QWidget* parent)
    : QWidget(parent),
      notice_(new NoticeBar(this)),
      legend_(new TintLegend(this)),
      stack_(new QStackedWidget(this)),
      view_(new MessageView(this)),
      findBar_(new FindBar(view_, this)),
      job_(new JobStrip(this)),
      composer_(new Composer(this)),
      edit_(new EditBanner(*composer_, this)),
      composerRow_(new QWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    column->addWidget(notice_);
    column->addWidget(makeBuildBanner());
    column->addWidget(legend_);
    legend_->hide();
    column->addWidget(findBar_);
    stack_->addWidget(view_);
    stack_->addWidget(makeEmptyState());
    column->addWidget(stack_, 1);
    column->addWidget(job_);
    auto* row = new QHBoxLayout(composerRow_);
    row->addStretch(0);
    auto* writing = new QVBoxLayout;
    writing->setSpacing(Theme::current().px(6));
    writing->addWidget(edit_);
    writing->addWidget(composer_);
    row->addLayout(writing, 1);
    row->addStretch(0);
    column->addWidget(composerRow_);
    applyTheme();

    connect(composer_, &Composer::sendRequested, this, &ChatPage::send);
    connect(composer_, &Composer::stopRequested, this, [this] {
        if (session_) session_->stop();
    });
    connect(view_, &MessageView::askAgainRequested, this, [this] {
        if (session_) session_->regenerate(session_->messages().rowCount() - 1);
    });
    connect(view_, &MessageView::continueRequested, this, [this] {
        if (session_) session_->continueReply(session_->messages().rowCount() - 1);
    });
    connect(view_, &MessageView::copying, this, [this](int messages, bool isDone) {
        notice_->show(NoticeKind::kInformation,
                      !isDone         ? tr("Copying %n message(s)…", nullptr, messages)
                      : messages == 0 ? tr("The chat has changed meanwhile; nothing was copied.")
                                      : tr("Copied %n message(s).", nullptr, messages));
    });
    connect(view_, &MessageView::tintToggled, this, &ChatPage::tintToggled);
    connect(view_, &MessageView::episodeActivated, this, &ChatPage::episodeActivated);
    connect(job_, &JobStrip::cancelRequested, this, [this] {
        if (session_) session_->memory().cancelBuild();
    });
}

QWidget* ChatPage::makeHeader() {
    auto* header = new QWidget(this);
    header->setObjectName(u"header"_s);
    header->setAttribute(Qt::WA_StyledBackground);
    title_ = new ElidedLabel(header);
    title_->setProperty("textRole", u"title"_s);
    details_ = new ElidedLabel(header);
    details_->setObjectName(u"chatDetails"_s);
    details_->setProperty("textRole", u"secondary"_s);
    auto* column = new QVBoxLayout(header);
    column->addWidget(title_);
    column->addWidget(details_);
    return header;
}

QWidget* ChatPage::makeBuildBanner() {
    banner_ = new QWidget(this);
    banner_->setProperty("panel", u"accent"_s);
    banner_->setAttribute(Qt::WA_StyledBackground);
    bannerText_ = new QLabel(banner_);
    bannerText_->setTextFormat(Qt::PlainText);
    bannerText_->setWordWrap(true);
    form_ = new MemoryForm(banner_);
    build_ = new QPushButton(tr("B&uild memory"), banner_);
    build_->setProperty("isPrimary", true);
    later_ = new QPushButton(tr("La&ter"), banner_);
    // The text in a row of its own: a grid forgets how high a text is that spans its columns. The buttons as
    // well: beside the form they would make the page wider than the window in languages with long words.
    auto* column = new QVBoxLayout(banner_);
    column->addWidget(bannerText_);
    column->addWidget(form_);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    row->addWidget(later_);
    row->addWidget(build_);
    column->addLayout(row);
    // The banner goes, and the next thing to do is to write.
    connect(build_, &QPushButton::clicked, this, [this] {
        composer_->takeFocus();
        if (session_) session_->memory().build(form_->options());
    });
    connect(later_, &QPushButton::clicked, this, [this] {
        isBannerDismissed_ = true;
        isBuildOffered_ = false;
        composer_->takeFocus();
        refresh();
    });
    banner_->hide();
    return banner_;
}

QWidget* ChatPage::makeEmptyState() {
    auto* page = new QWidget(this);
    emptyTitle_ = new QLabel(tr("What is on your mind?"), page);
    emptyTitle_->setAlignment(Qt::AlignCenter);
    emptyTitle_->setTextFormat(Qt::PlainText);
    emptyTitle_->setWordWrap(true);
    emptyTitle_->setProperty("textRole", u"heading"_s);
    emptyText_ = new QLabel(tr("Write below, or import a long conversation and ask about it.\nEverything "
                               "stays on this computer."),
                            page);
    emptyText_->setAlignment(Qt::AlignCenter);
    emptyText_->setWordWrap(true);
    emptyText_->setTextFormat(Qt::PlainText);
    emptyText_->setProperty("textRole", u"body"_s);
    auto* column = new QVBoxLayout(page);
    column->addStretch(2);
    column->addWidget(emptyTitle_);
    column->addWidget(emptyText_);
    column->addStretch(3);
    return page;
}

void ChatPage::setEmptyState(QWidget* widget) {
    QWidget* before = stack_->widget(1);
    stack_->insertWidget(1, widget);
    stack_->removeWidget(before);
    before->hide();
}

void ChatPage::send(const QString& text) {
    if (!session_) return;
    if (edit_->isEditing()) {
        MessageModel& messages = session_->messages();
        messages.load({messages.rowOf(edit_->messageId())}, this, [this, id = edit_->messageId(), text] {
            if (session_ && session_->edit(session_->messages().rowOf(id), text)) edit_->finish();
        });
        return;
    }
    if (!session_->send(text)) return;
    composer_->clear();
    view_->scrollToEnd();
}

void ChatPage::beginEdit(int row) {
    if (!session_ || !session_->canEdit(row)) return;
    view_->setCurrentRow(row);
    const MessageItem& item = session_->messages().at(row);
    edit_->begin(item.id, item.text, session_->memory().lostFrom(item.id), row);
}

void ChatPage::keyPressEvent(QKeyEvent* event) {
    if (event->key() != Qt::Key_Escape || !edit_->isEditing()) return QWidget::keyPressEvent(event);
    edit_->cancel();
}

void ChatPage::setSession(ChatSession* session) {
    if (session_ == session) return;
    edit_->leave();
    if (session_) {
        session_->disconnect(this);
        session_->messages().disconnect(this);
        session_->memory().disconnect(this);
    }
    session_ = session;
    isBannerDismissed_ = false;
    isBuildOffered_ = false;
    notice_->hide();
    job_->end();
    view_->setModel(session_ ? &session_->messages() : nullptr);
    if (session_) connectSession();
    onMemoryChanged();
}

void ChatPage::connectSession() {
    MemorySession& memory = session_->memory();
    connect(session_, &ChatSession::loaded, this, &ChatPage::refresh);
    connect(session_, &ChatSession::measured, this, &ChatPage::refresh);
    connect(session_, &ChatSession::answeringChanged, this, &ChatPage::refresh);
    connect(session_, &ChatSession::replyFinished, this, &ChatPage::refreshHeader);
    connect(&session_->messages(), &MessageModel::rowsInserted, this, &ChatPage::refresh);
    const auto tell = [this](const QString& notice) {
        notice_->show(NoticeKind::kInformation, notice);
    };
    connect(session_, &ChatSession::noticed, this, tell);
    connect(&memory, &MemorySession::noticed, this, tell);
    connect(session_, &ChatSession::failed, this, [this](const Error& error) {
        notice_->show(NoticeKind::kError, describe(error));
    });
    connectTurns();
    connect(&memory, &MemorySession::failed, this, [this](const Error& error) {
        notice_->show(NoticeKind::kError, tr("The memory was not built. %1").arg(describe(error)));
    });
    connect(&memory, &MemorySession::changed, this, &ChatPage::onMemoryChanged);
    connect(&memory, &MemorySession::buildingChanged, this, &ChatPage::refresh);
    connect(&memory, &MemorySession::progressed, job_, &JobStrip::advance);
    connect(&memory, &MemorySession::traceArrived, this, [this](int episode) {
        if (episode == tintEpisode_) refreshTint();
        refreshHeader();
    });
}

void ChatPage::connectTurns() {
    connect(session_, &ChatSession::refused, this, [this](const QString& reason) {
        notice_->show(NoticeKind::kInformation, reason);
    });
    connect(session_, &ChatSession::removed, this, [this](const std::vector<std::int64_t>& messages) {
        // What an episode was made of is not taken out of its cache.
        const LostMemory lost = session_->memory().lostFrom(std::ranges::min(messages));
        notice_->show(NoticeKind::kInformation,
                      lost == LostMemory::kAll
                          ? tr("The turn was deleted. With the next question the memory is built anew "
                               "without it.")
                          : tr("The turn was deleted."),
                      tr("&Undo"),
                      [session = session_, messages] {
                          if (session) session->restore(messages);
                      });
    });
    connect(session_, &ChatSession::pinChanged, this, &ChatPage::tellPin);
    connect(session_, &ChatSession::leftBehind, this, [this](int messages, int rebuiltOf) {
        QStringList said;
        if (messages > 0) {
            said << tr(
                "%n message(s) that followed stay with the version before. The arrows beside the "
                "message lead back to it.",
                nullptr,
                messages);
        }
        if (rebuiltOf >= 0) {
            said << tr("The memory was built of this reply: it is built anew of the %n message(s) before it.",
                       nullptr,
                       rebuiltOf);
        }
        notice_->show(NoticeKind::kInformation, said.join(u' '));
    });
    connect(session_, &ChatSession::unsent, this, [this](const QString& text, qint64 editedId) {
        // What was written meanwhile stays behind it.
        if (editedId != 0) {
            const int row = session_->messages().rowOf(editedId);
            return edit_->begin(editedId, text, session_->memory().lostFrom(editedId), row);
        }
        const QString since = composer_->text();
        composer_->setText(since.isEmpty() ? text : text + u"\n\n"_s + since);
    });
    connect(session_, &ChatSession::branchChanged, this, [this] {
        const bool isGone = edit_->isEditing() && session_->messages().rowOf(edit_->messageId()) < 0;
        if (isGone) edit_->leave();
    });
    connect(&session_->messages(), &MessageModel::rowsRemoved, this, &ChatPage::refresh);
}

void ChatPage::onMemoryChanged() {
    if (session_) form_->setOptions(session_->memory().options());
    isBuildOffered_ = false;
    tintEpisode_ = 0;
    refresh();
    setTint(isTintOn_);
}

void ChatPage::offerBuild() {
    isBuildOffered_ = true;
    isBannerDismissed_ = false;
    refresh();
    if (banner_->isVisible()) form_->setFocus();
}

void ChatPage::refresh() {
    const bool hasMessages = session_ && session_->messages().rowCount() > 0;
    const bool isLoading = session_ && !session_->isLoaded();
    stack_->setCurrentIndex(hasMessages || isLoading ? 0 : 1);
    // A page that is not shown asks for no height, which what stands over and under the messages needs.
    for (int i = 0; i < stack_->count(); ++i) {
        stack_->widget(i)->setSizePolicy(
            QSizePolicy::Expanding,
            i == stack_->currentIndex() ? QSizePolicy::Expanding : QSizePolicy::Ignored);
    }
    composer_->setAnswering(session_ && session_->isAnswering());
    composer_->setPlaceholder(hasMessages ? tr("Ask…") : QString());
    view_->setCanAskAgain(session_ && !session_->isAnswering());

    const bool isBuilding = session_ && session_->memory().isBuilding();
    if (isBuilding && !job_->isVisible()) job_->begin(tr("Building memory"));
    if (!isBuilding) job_->end();
    const bool isLong = hasMessages && session_->characterCount() > kLongHistoryCharacters;
    // What people said to each other is asked about by its memory, however short it is.
    const bool isNarrated = hasMessages && session_->conversation().layout == HistoryLayout::kNarrated;
    const bool needsMemory = (isLong || isNarrated) && !session_->memory().isBuilt();
    banner_->setVisible(hasMessages && !isBuilding && !isBannerDismissed_ &&
                        (needsMemory || isBuildOffered_));
    const int count = hasMessages ? session_->messages().rowCount() : 0;
    const QString how =
        tr("Build a memory of it: it is sorted into episodes, and each question is answered from "
           "the one that fits.");
    if (session_ && session_->memory().isBuilt()) {
        bannerText_->setText(tr("Build the memory of this conversation anew."));
    } else if (isLong) {
        bannerText_->setText(
            tr("This conversation has %Ln message(s), more than a model reads at once.", nullptr, count) +
            u' ' + how);
    } else {
        bannerText_->setText(tr("This conversation has %Ln message(s).", nullptr, count) + u' ' + how);
    }
    refreshHeader();
}

void ChatPage::refreshHeader() {
    const QLocale locale;
    if (!session_ || session_->conversation().id == 0) {
        title_->setText(tr("New chat"));
        details_->setText(tr("Not stored until you send the first message"));
        return;
    }
    const MemorySession& memory = session_->memory();
    title_->setText(toQString(session_->conversation().title));
    QStringList parts{tr("%Ln message(s)", nullptr, session_->messages().rowCount())};
    if (const auto tokens = static_cast<int>(tokenCount()); tokens > 0)
        parts << tr("%Ln token(s)", nullptr, tokens);
    if (memory.isBuilt()) {
        parts << tr("%n episode(s)", nullptr, static_cast<int>(memory.episodes().size()));
        // 0 leaves it to the history, and was stored as such by the command line.
        if (memory.options().budget > 0)
            parts << tr("budget %1").arg(locale.toString(memory.options().budget));
    } else if (session_->isLoaded()) {
        parts << tr("no memory yet");
    }
    details_->setText(parts.join(u" · "_s));
}

std::int64_t ChatPage::tokenCount() const {
    // The chat has grown since its memory was built where replies have come since.
    const std::int64_t built = session_->memory().historyTokens();
    const auto& reply = session_->lastReply();
    if (!reply) return built;
    const auto context = contextAfter(*reply, 0);
    return std::max(built, context ? context->total : reply->historyTokens);
}

void ChatPage::setTint(bool isOn) {
    isTintOn_ = isOn;
    if (isOn && session_ && session_->memory().isBuilt()) session_->memory().inspect(tintEpisode_);
    refreshTint();
}

void ChatPage::setTintEpisode(int episode) {
    tintEpisode_ = episode;
    if (isTintOn_) {
        setTint(true);
    } else {
        refreshTint();
    }
}

void ChatPage::refreshTint() {
    if (!session_) return;
    const auto trace = session_->memory().trace(tintEpisode_);
    legend_->setEpisode(tintEpisode_);
    legend_->setVisible(isTintOn_ && trace != nullptr);
    session_->messages().setTint(isTintOn_ ? trace : nullptr);
}

void ChatPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void ChatPage::applyTheme() {
    const Theme& theme = Theme::current();
    title_->parentWidget()->layout()->setContentsMargins(
        theme.px(24), theme.px(12), theme.px(24), theme.px(12));
    title_->parentWidget()->layout()->setSpacing(theme.px(2));
    emptyTitle_->parentWidget()->layout()->setSpacing(theme.px(12));
    banner_->layout()->setContentsMargins(theme.px(24), theme.px(12), theme.px(24), theme.px(12));
    banner_->layout()->setSpacing(theme.px(12));
    composerRow_->layout()->setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(16));
    setMinimumWidth(theme.px(260));
    composer_->setMaximumWidth(theme.px(720));
    edit_->setMaximumWidth(theme.px(720));
}

void ChatPage::tellPin(qint64 messageId, bool isPinned) {
    MemorySession& memory = session_->memory();
    if (!isPinned)
        return notice_->show(NoticeKind::kInformation,
                             tr("Unpinned. The next memory of this chat need not keep the message."));
    QString text =
        tr("Pinned. Every memory of this chat keeps the message whole; until the next one is built "
           "it is quoted with each question.");
    const std::int64_t tokens = memory.tokensOf(messageId);
    if (tokens > 0 && memory.options().budget > 0) {
        text += u' ' + tr("It takes %1 of %2 tokens.")
                           .arg(QLocale().toString(static_cast<qlonglong>(tokens)),
                                QLocale().toString(memory.options().budget));
    }
    if (!memory.isBuilt() || memory.isBuilding()) return notice_->show(NoticeKind::kInformation, text);
    notice_->show(NoticeKind::kInformation, text, tr("&Build again"), [this] {
        if (session_) session_->memory().build(session_->memory().options());
    });
}

}  // namespace epi
