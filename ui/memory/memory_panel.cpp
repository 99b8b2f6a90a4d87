#include "ui/memory/memory_panel.h"

#include <numeric>

#include <QEvent>
#include <QLabel>
#include <QListView>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>
#include <QVBoxLayout>

#include "ui/memory/layer_bars.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QLabel* makeEmptyText(QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setTextFormat(Qt::PlainText);
    label->setAlignment(Qt::AlignCenter);
    label->setWordWrap(true);
    label->setProperty("textRole", u"empty"_s);
    return label;
}

std::int64_t sumOf(const Trace& trace) {
    std::int64_t sum = 0;
    for (const auto& heads : trace.keptPerHead)
        sum = std::accumulate(heads.begin(), heads.end(), sum);
    return sum;
}

}  // namespace

MemoryPanel::MemoryPanel(QWidget* parent) : QWidget(parent), tabs_(new QTabWidget(this)) {
    setProperty("panel", u"surface"_s);
    setAttribute(Qt::WA_StyledBackground);
    tabs_->setDocumentMode(true);
    tabs_->tabBar()->setDrawBase(false);
    tabs_->tabBar()->setAccessibleName(tr("Memory views"));
    tabs_->addTab(makeEpisodesTab(), tr("&Episodes"));
    tabs_->addTab(makeLayersTab(), tr("&Layers"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(tabs_);
    applyTheme();
    refresh();
}

QWidget* MemoryPanel::makeEpisodesTab() {
    episodesStack_ = new QStackedWidget(this);
    list_ = new QListView(episodesStack_);
    list_->setModel(&model_);
    list_->setItemDelegate(new EpisodeDelegate(list_));
    list_->setAccessibleName(tr("Episodes"));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setMouseTracking(true);
    list_->viewport()->setAutoFillBackground(false);
    list_->setResizeMode(QListView::Adjust);  // how high a card is depends on its width
    list_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    const auto activate = [this](const QModelIndex& index) {
        if (!index.isValid()) return;
        choose(index.data(EpisodeModel::kIndexRole).toInt());
        Q_EMIT
        episodeChosen(episode_, index.data(EpisodeModel::kFirstTurnRole).toLongLong());
    };
    connect(list_, &QListView::clicked, this, activate);
    connect(list_, &QListView::activated, this, activate);
    episodesStack_->addWidget(list_);
    episodesStack_->addWidget(makeNoEpisodes());
    return episodesStack_;
}

QWidget* MemoryPanel::makeNoEpisodes() {
    auto* page = new QWidget(episodesStack_);
    noEpisodes_ = makeEmptyText(page);
    build_ = new QPushButton(tr("Build memor&y…"), page);
    connect(build_, &QPushButton::clicked, this, &MemoryPanel::buildRequested);
    auto* column = new QVBoxLayout(page);
    noEpisodes_->setAlignment(Qt::AlignHCenter | Qt::AlignBottom);
    column->addWidget(noEpisodes_, 1);  // with room to spare: a layout forgets how high a text wraps
    column->addWidget(build_, 0, Qt::AlignHCenter);
    column->addStretch(1);
    return page;
}

QWidget* MemoryPanel::makeLayersTab() {
    layersStack_ = new QStackedWidget(this);
    auto* page = new QWidget(layersStack_);
    layersTitle_ = new QLabel(page);
    layersTitle_->setTextFormat(Qt::PlainText);
    layersTitle_->setWordWrap(true);
    layersTitle_->setProperty("textRole", u"secondary"_s);
    bars_ = new LayerBars(page);
    scroll_ = new QScrollArea(page);
    scroll_->setWidget(bars_);
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setFocusPolicy(Qt::NoFocus);
    scroll_->viewport()->setAutoFillBackground(false);
    bars_->setAutoFillBackground(false);
    connect(bars_, &LayerBars::cursorMoved, this, [this](const QRect& bar) {
        scroll_->ensureVisible(bar.center().x(), bar.center().y());
    });
    auto* column = new QVBoxLayout(page);
    column->addWidget(layersTitle_);
    column->addWidget(scroll_, 1);
    noLayers_ = makeEmptyText(layersStack_);
    layersStack_->addWidget(page);
    layersStack_->addWidget(noLayers_);
    return layersStack_;
}

void MemoryPanel::setSession(ChatSession* session) {
    if (session_) {
        session_->disconnect(this);
        session_->memory().disconnect(this);
    }
    session_ = session;
    if (session_) {
        connect(session_, &ChatSession::stored, this, &MemoryPanel::showWhatToDo);  // of a new chat
        connect(session_, &ChatSession::loaded, this, &MemoryPanel::showWhatToDo);
        connect(session_, &ChatSession::measured, this, &MemoryPanel::showWhatToDo);
        connect(&session_->memory(), &MemorySession::changed, this, &MemoryPanel::refresh);
        connect(&session_->memory(), &MemorySession::traceArrived, this, [this](int episode) {
            if (episode == episode_) showTrace();
        });
    }
    refresh();
}

void MemoryPanel::refresh() {
    episode_ = 0;
    model_.assign(session_ ? session_->memory().episodes() : std::vector<EpisodeRecord>());
    showWhatToDo();
    showTrace();
}

void MemoryPanel::showWhatToDo() {
    episodesStack_->setCurrentIndex(model_.rowCount() > 0 ? 0 : 1);
    const bool hasMessages = session_ && session_->messages().rowCount() > 0;
    build_->setVisible(hasMessages);
    if (!hasMessages) {
        noEpisodes_->setText(tr("Open a conversation to see what is remembered of it."));
        return;
    }
    const auto reply = session_->lastReply();
    const bool isWhole = reply && reply->isOfWholeChat() && reply->keptTokens >= reply->historyTokens;
    noEpisodes_->setText(isWhole
                             ? tr("Everything fits: the model reads the whole chat.\nA memory sorts a longer "
                                  "one into episodes.")
                             : tr("No episodes yet.\nBuild the memory of this conversation to see them."));
}

void MemoryPanel::showTab(Tab tab) {
    tabs_->setCurrentIndex(tab);
}

void MemoryPanel::choose(int episode) {
    if (!session_ || model_.rowOf(episode) < 0) return;
    episode_ = episode;
    list_->setCurrentIndex(model_.index(model_.rowOf(episode)));
    showTrace();
    session_->memory().inspect(episode);
}

void MemoryPanel::showTrace() {
    const auto trace = session_ ? session_->memory().trace(episode_) : nullptr;
    layersStack_->setCurrentIndex(trace != nullptr ? 0 : 1);
    if (trace == nullptr) {
        noLayers_->setText(model_.rowCount() > 0 ? tr("Choose an episode to see what each layer keeps of it.")
                                                 : tr("No memory yet: nothing is kept."));
        bars_->assign({}, {});
        return;
    }
    const std::size_t heads = trace->keptPerHead.empty() ? 0 : trace->keptPerHead.front().size();
    layersTitle_->setText(
        tr("Episode %1 keeps %2 of %3 in %4 with %5. A line marks the layer's budget per head.")
            .arg(episode_ + 1)
            .arg(tr("%Ln entr(y|ies)", nullptr, static_cast<int>(sumOf(*trace))),
                 tr("%Ln token(s)", nullptr, static_cast<int>(trace->historyTokens)),
                 tr("%Ln layer(s)", nullptr, static_cast<int>(trace->keptPerHead.size())),
                 tr("%Ln KV head(s)", nullptr, static_cast<int>(heads))));
    bars_->assign(trace->layerBudgets, trace->keptPerHead);
}

void MemoryPanel::takeFocus() {
    // Where there is nothing to look at yet: the button that changes that, or the tabs.
    QWidget* of = tabs_->tabBar();
    if (tabs_->currentIndex() == kLayers) {
        if (layersStack_->currentIndex() == 0) of = bars_;
    } else if (model_.rowCount() > 0) {
        of = list_;
    } else if (!build_->isHidden()) {
        of = build_;
    }
    of->setFocus(Qt::ShortcutFocusReason);
}

void MemoryPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void MemoryPanel::applyTheme() {
    const Theme& theme = Theme::current();
    layersTitle_->parentWidget()->layout()->setContentsMargins(0, 0, 0, 0);
    layersTitle_->setMargin(theme.px(12));
    list_->parentWidget()->setContentsMargins(0, theme.px(6), 0, 0);
    setMinimumWidth(theme.px(200));
    list_->doItemsLayout();
}

}  // namespace epi
