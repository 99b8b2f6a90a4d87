#include "ui/conversations/search_panel.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QVBoxLayout>

#include "ui/bridge/text.h"
#include "ui/conversations/search_delegate.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

SearchPanel::SearchPanel(StoreClient& store, QWidget* parent)
    : QWidget(parent),
      store_(store),
      order_(new QComboBox(this)),
      view_(new QListView(this)),
      message_(new QLabel(this)) {
    order_->addItems({tr("Newest first"), tr("Best match first")});
    order_->setAccessibleName(tr("Order of the results"));
    connect(order_, &QComboBox::currentIndexChanged, this, [this] { search(wanted_, titles_); });
    view_->setModel(&model_);
    view_->setItemDelegate(new SearchDelegate(view_));
    view_->setAccessibleName(tr("Search results"));
    view_->setFrameShape(QFrame::NoFrame);
    view_->setMouseTracking(true);
    view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    view_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    view_->viewport()->setAutoFillBackground(false);
    message_->setAlignment(Qt::AlignCenter);
    message_->setWordWrap(true);
    message_->setTextFormat(Qt::PlainText);
    message_->setProperty("textRole", u"empty"_s);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    orderRow_ = new QHBoxLayout();
    orderRow_->addWidget(order_);
    column->addLayout(orderRow_);
    column->addWidget(message_);
    column->addWidget(view_, 1);
    const int margin = Theme::current().px(8);
    orderRow_->setContentsMargins(margin, 0, margin, margin);
    const auto open = [this](const QModelIndex& index) {
        if (!index.isValid()) return;
        const SearchModel::Hit hit = model_.at(index.row());
        Q_EMIT
        hitChosen(hit.conversationId, hit.messageId);
    };
    connect(view_, &QListView::activated, this, open);
    connect(view_, &QListView::clicked, this, open);
}

void SearchPanel::search(const QString& text, const QHash<qint64, QString>& titles) {
    wanted_ = text;
    titles_ = titles;
    if (isRunning_) {
        isStale_ = true;
    } else {
        run();
    }
}

StoreClient& SearchPanel::readerIn(std::unique_ptr<StoreClient>& place) {
    if (!place) {
        place = std::make_unique<StoreClient>(store_.file());
        connect(place.get(), &StoreClient::failed, &store_, &StoreClient::failed);
    }
    return *place;
}

void SearchPanel::run() {
    isRunning_ = true;
    readerIn(reader_).request(
        this,
        [text = toUtf8(wanted_)](Store& store) { return store.search({.text = text}); },
        [this](const Result<SearchResults>& results) {
            isRunning_ = false;
            if (std::exchange(isStale_, false)) {
                run();
                return;
            }
            show(results);
            if (order_->currentIndex() == 1 && results && !results->messages.empty()) rank();
        });
}

void SearchPanel::rank() {
    if (isRanking_) return;
    isRanking_ = true;
    readerIn(ranker_).request(
        this,
        [text = toUtf8(wanted_)](Store& store) {
            return store.search({.text = text, .order = SearchOrder::kBest});
        },
        [this, text = wanted_](const Result<SearchResults>& results) {
            isRanking_ = false;
            if (order_->currentIndex() != 1) return;
            if (text == wanted_) {
                show(results);
            } else if (!isRunning_) {
                rank();
            }
        });
}

void SearchPanel::show(const Result<SearchResults>& results) {
    if (results) {
        model_.assign(*results, titles_);
        message_->setText(tr("Nothing found for “%1”.").arg(wanted_.simplified()));
    } else {
        model_.clear();
        message_->setText(describe(results.error()));
    }
    message_->setVisible(model_.rowCount() == 0);
    view_->setVisible(model_.rowCount() > 0);
    order_->setVisible(model_.rowCount() > 0);
    view_->scrollToTop();
    Q_EMIT
    searched();
}

void SearchPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::StyleChange) return;
    const int margin = Theme::current().px(8);
    orderRow_->setContentsMargins(margin, 0, margin, margin);
    view_->doItemsLayout();
}

void SearchPanel::takeFocus() {
    if (model_.rowCount() == 0) return;
    view_->setFocus(Qt::ShortcutFocusReason);
    if (!view_->currentIndex().isValid()) view_->setCurrentIndex(model_.index(0));
}

void SearchPanel::openChosen() {
    const QModelIndex chosen = view_->currentIndex().isValid() ? view_->currentIndex() : model_.index(0);
    if (!chosen.isValid()) return;
    const SearchModel::Hit hit = model_.at(chosen.row());
    Q_EMIT
    hitChosen(hit.conversationId, hit.messageId);
}

}  // namespace epi
