#include "ui/chat/reply_details_dialog.h"

#include <algorithm>

#include <QClipboard>
#include <QDateTime>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QString count(std::int64_t value) {
    return QLocale().toString(static_cast<qlonglong>(value));
}

QString tokens(std::int64_t value) {
    return ReplyReport::tr("%Ln token(s)", nullptr, static_cast<int>(value));
}

QString decimals(double value, int digits) {
    return QLocale().toString(value, 'f', digits);
}

QString perSecond(std::int64_t tokens, double seconds) {
    return seconds > 0.0 ? decimals(static_cast<double>(tokens) / seconds, 1) : QString();
}

/// The episode that would have been next.
int runnerUp(const ReplyDetails& details) {
    int second = -1;
    for (int i = 0; i < std::ssize(details.similarities); ++i) {
        if (i == details.episode.value_or(-1)) continue;
        const auto value = [&](int index) {
            return details.similarities[static_cast<std::size_t>(index)];
        };
        if (second < 0 || value(i) > value(second)) second = i;
    }
    return second;
}

}  // namespace

QString ReplyReport::tierText(const QString& tier) {
    if (tier == "device"_L1) return tr("on the device already");
    if (tier == "memory"_L1) return tr("from ordinary memory");
    if (tier == "disk"_L1) return tr("from disk");
    if (tier == "rebuilt"_L1) return tr("read again: its file was missing or damaged");
    return tier;
}

QString ReplyReport::reasonText(const MessageItem& item) {
    const QString& reason = item.details.reason;
    if (!item.details.error.isEmpty()) return item.details.error;
    if (reason == "end"_L1) return tr("the model ended it");
    if (reason == "length"_L1) return tr("at the length limit for replies");
    if (reason == "room"_L1) return tr("where the memory had no more room for it");
    if (reason == "stop"_L1) return tr("at a stop text");
    if (reason == "cancelled"_L1) return tr("stopped by you");
    return reason;
}

std::vector<std::pair<QString, QString>> ReplyReport::rows(const MessageItem& item) {
    const ReplyDetails& details = item.details;
    std::vector<std::pair<QString, QString>> rows;
    const auto add = [&](const QString& what, const QString& value) {
        if (!value.isEmpty()) rows.emplace_back(what, value);
    };
    if (details.isOfWholeChat()) {
        add(tr("Answered from"), tr("the whole chat"));
    } else if (details.episode) {
        add(tr("Answered from"), tr("episode %1").arg(*details.episode + 1));
        add(tr("Match"), decimals(details.similarity, 3));
        if (const int second = runnerUp(details); second >= 0) {
            const double next = details.similarities[static_cast<std::size_t>(second)];
            add(tr("Next best"), tr("episode %1, %2").arg(second + 1).arg(decimals(next, 3)));
            add(tr("Lead over the next"), decimals(details.similarity - next, 3));
        }
    }
    if (details.historyTokens > 0) {
        const double share =
            100.0 * static_cast<double>(details.keptTokens) / static_cast<double>(details.historyTokens);
        add(tr("Kept of the history"),
            tr("%1 of %2 tokens (%3 %)")
                .arg(count(details.keptTokens),
                     count(details.historyTokens),
                     decimals(std::min(share, 100.0), 0)));
    }
    add(tr("Its cache was"), tierText(details.tier));
    if (details.positions == "kept"_L1) add(tr("Positions"), tr("as they were read"));
    if (details.positions == "reindexed"_L1)
        add(tr("Positions"), tr("counted anew: the history is longer than the model was trained for"));
    if (details.promptTokens > 0)
        add(tr("Question"), tr("%Ln token(s) read", nullptr, static_cast<int>(details.promptTokens)));
    if (details.quotedTokens > 0) {
        add(tr("Quoted before it"),
            tr("%n message(s), %1", "", static_cast<int>(details.quoted.size()))
                .arg(tokens(details.quotedTokens)));
    }
    if (details.hasReadTokens)
        add(tr("Read again before it"), details.readTokens > 0 ? tokens(details.readTokens) : tr("nothing"));
    add(tr("Reading speed"),
        details.promptTokens > 0 && details.promptSeconds > 0.0
            ? tr("%1 tokens/s").arg(perSecond(details.promptTokens, details.promptSeconds))
            : QString());
    if (details.generatedTokens > 0) add(tr("Written"), tokens(details.generatedTokens));
    add(tr("Writing speed"),
        details.tokensPerSecond() > 0.0 ? tr("%1 tokens/s").arg(decimals(details.tokensPerSecond(), 1))
                                        : QString());
    if (details.firstTokenSeconds > 0.0)
        add(tr("First token after"), tr("%1 s").arg(decimals(details.firstTokenSeconds, 2)));
    add(tr("Ended"), reasonText(item));
    if (item.versionCount > 1)
        add(tr("Version"), tr("%1 of %2").arg(item.versionIndex + 1).arg(item.versionCount));
    if (item.createdAtMs > 0)
        add(tr("Asked"),
            QLocale().toString(QDateTime::fromMSecsSinceEpoch(item.createdAtMs), QLocale::ShortFormat));
    return rows;
}

QString ReplyReport::text(const MessageItem& item) {
    QStringList lines;
    for (const auto& [what, value] : rows(item))
        lines << what + u": "_s + value;
    return lines.join(u'\n');
}

QPushButton* ReplyDetailsDialog::quotesButton(const std::vector<Quote>& quotes) {
    auto* button = new QPushButton(tr("&Quoted messages"), this);
    auto* menu = new QMenu(button);
    for (const Quote& quote : quotes) {
        QString title = quote.text;
        menu->addAction(title.replace(u'&', u"&&"_s), this, [this, id = quote.messageId] {
            accept();
            Q_EMIT
            messageRequested(id);
        });
    }
    button->setMenu(menu);
    button->setProperty("hasMenu", true);
    button->setVisible(!quotes.empty());
    return button;
}

ReplyDetailsDialog::ReplyDetailsDialog(const MessageItem& item,
                                       const std::vector<Quote>& quotes,
                                       QWidget* parent)
    : QDialog(parent) {
    const Theme& theme = Theme::current();
    setObjectName(u"replyDetails"_s);
    setWindowTitle(tr("Where the reply came from"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16));
    column->setSpacing(theme.px(16));
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(theme.px(24));
    grid->setVerticalSpacing(theme.px(6));
    grid->setColumnStretch(1, 1);
    int row = 0;
    for (const auto& [what, value] : ReplyReport::rows(item)) {
        auto* name = new QLabel(what, this);
        name->setTextFormat(Qt::PlainText);
        name->setProperty("textRole", u"secondary"_s);
        auto* text = new QLabel(value, this);
        text->setTextFormat(Qt::PlainText);
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        text->setAccessibleName(what + u": "_s + value);
        name->setBuddy(text);
        grid->addWidget(name, row, 0, Qt::AlignLeft | Qt::AlignTop);
        grid->addWidget(text, row++, 1, Qt::AlignTop);
    }
    column->addLayout(grid);
    auto* about =
        new QLabel(tr("These tokens were there when the reply was written. Which of them it is due to "
                      "was not measured."),
                   this);
    about->setTextFormat(Qt::PlainText);
    about->setWordWrap(true);
    about->setProperty("textRole", u"secondary"_s);
    about->setVisible(item.details.historyTokens > 0);  // an imported reply has no such figures
    column->addWidget(about);
    column->addStretch(1);
    auto* buttons = new QBoxLayout(theme.isLarge() ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    auto* copy = new QPushButton(tr("&Copy text"), this);
    auto* show = new QPushButton(tr("&Show the episode"), this);
    auto* close = new QPushButton(tr("C&lose"), this);
    close->setDefault(true);
    show->setVisible(item.details.episode && !item.details.isOfWholeChat());
    buttons->addWidget(copy);
    buttons->addWidget(show);
    buttons->addWidget(quotesButton(quotes));
    buttons->addStretch(1);
    buttons->addWidget(close);
    column->addLayout(buttons);
    connect(copy, &QPushButton::clicked, this, [text = ReplyReport::text(item)] {
        QGuiApplication::clipboard()->setText(text);
    });
    connect(show, &QPushButton::clicked, this, [this, episode = item.details.episode.value_or(0)] {
        accept();
        Q_EMIT
        episodeRequested(episode);
    });
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    close->setFocus();                      // a button that has it is the default one
    about->setMinimumWidth(theme.px(412));  // a minimum of the dialog itself would override its layout's
}

}  // namespace epi
