#include "ui/chat/message_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ui/bridge/text.h"
#include "ui/chat/message_layout.h"

namespace epi {
namespace {

constexpr int kAhead = 192;     // rows above and below those in sight that are read before they are there
constexpr int kNear = 96;       // how near one that is missing must be for that to begin
constexpr int kAtOnce = 256;    // rows
constexpr int kKeptAtEnd = 64;  // rows: the end is where chats go on, and one key away

bool saysTheSame(const MessageItem& a, const MessageItem& b) {
    return a.text == b.text && a.state == b.state && a.details.toJson() == b.details.toJson();
}

}  // namespace

int MessageModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(ids_.size());
}

QVariant MessageModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const MessageItem& item = at(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case kTextRole:
            return item.text;
        case kSpeakerRole:
            return author(item);
        case kStateRole:
            return static_cast<int>(item.state);
        case kLoadedRole:
            return item.isLoaded;
        case Qt::AccessibleTextRole:
            return spokenText(index.row(), item);
        default:
            return {};
    }
}

QString MessageModel::spokenText(int row, const MessageItem& item) {
    if (!item.isLoaded) return tr("Message %1 is being loaded").arg(row + 1);
    const bool isUnfinished = item.state == MessageState::kCutOff || item.state == MessageState::kFailed ||
                              item.state == MessageState::kStopped;
    const QString spoken = isUnfinished
                               ? QStringList{item.text, MessageLayout::stateText(item)}.join(u' ').trimmed()
                               : item.text;
    return item.versionCount > 1 ? tr("%1, version %2 of %3: %4")
                                       .arg(author(item))
                                       .arg(item.versionIndex + 1)
                                       .arg(item.versionCount)
                                       .arg(spoken)
                                 : tr("%1: %2").arg(author(item), spoken);
}

void MessageModel::put(MessageItem item) {
    const VersionPlace version = versions_.value(item.id);
    item.versionIndex = version.index;
    item.versionCount = version.count;
    item.episode = episodeOf(item.id);
    item.isPinned = pins_.contains(item.id);
    tintRuns_.remove(item.id);
    cache_.put(std::move(item));
}

void MessageModel::assign(const std::vector<MessageRecord>& records) {
    QList<qint64> ids;
    Items items;
    for (const MessageRecord& record : records) {
        ids.append(record.id);
        items.push_back(itemOf(record));
    }
    assign(std::move(ids), std::move(items));
}

void MessageModel::assign(QList<qint64> ids, Items items) {
    beginResetModel();
    ++changes_;
    ++order_;
    ids_ = std::move(ids);
    cache_.clear();
    versions_.clear();
    firstWanted_ = 0;
    lastWanted_ = -1;
    current_ = -1;
    for (MessageItem& item : items)
        put(std::move(item));
    endResetModel();
}

int MessageModel::append(MessageItem item) {
    const int row = rowCount();
    beginInsertRows({}, row, row);
    ids_.append(item.id);
    put(std::move(item));
    endInsertRows();
    trim();
    return row;
}

void MessageModel::change(const QList<qint64>& ids, Items items) {
    ++changes_;
    if (ids != ids_) ++order_;
    const ChangedIds changed = changedIds(ids_, ids);
    const auto first = static_cast<int>(changed.removed.first);
    const auto removed = static_cast<int>(changed.removed.count);
    const auto added = static_cast<int>(changed.added.count);
    const int inPlace = std::min(removed, added);
    std::vector<int> rewritten;
    for (MessageItem& item : items) {
        const auto place = std::ranges::lower_bound(ids, item.id);
        if (place == ids.end() || *place != item.id) continue;
        const auto row = static_cast<int>(place - ids.begin());
        const MessageItem* known = cache_.find(item.id);
        if (known != nullptr && saysTheSame(*known, item)) continue;
        if (row < first || row >= first + added) rewritten.push_back(row);
        put(std::move(item));
    }
    std::copy_n(ids.cbegin() + first, inPlace, ids_.begin() + first);
    if (removed > inPlace) {
        beginRemoveRows({}, first + inPlace, first + removed - 1);
        ids_.remove(first + inPlace, removed - inPlace);
        endRemoveRows();
    }
    if (inPlace > 0) Q_EMIT
    dataChanged(index(first), index(first + inPlace - 1));
    if (added > inPlace) {
        beginInsertRows({}, first + inPlace, first + added - 1);
        ids_ = ids;
        endInsertRows();
    }
    // What follows has another message before it.
    if (removed + added > 0 && first + added < rowCount()) rewritten.push_back(first + added);
    for (const int row : rewritten)
        Q_EMIT
    dataChanged(index(row), index(row));
    trim();
    readMissing();
}

void MessageModel::setVersions(const std::vector<VersionPlace>& places) {
    versions_.clear();
    for (const VersionPlace& place : places)
        versions_.insert(place.messageId, place);
    std::vector<qint64> changed;
    cache_.each([&](MessageItem& item) {
        const VersionPlace place = versions_.value(item.id);
        if (item.versionIndex == place.index && item.versionCount == place.count) return;
        item.versionIndex = place.index;
        item.versionCount = place.count;
        changed.push_back(item.id);
    });
    for (const qint64 id : changed) {
        const int row = rowOf(id);
        if (row >= 0) Q_EMIT
        dataChanged(index(row), index(row));
    }
}

void MessageModel::setPins(const std::vector<std::int64_t>& ids) {
    pins_ = QSet<qint64>(ids.begin(), ids.end());
    std::vector<qint64> changed;
    cache_.each([&](MessageItem& item) {
        if (std::exchange(item.isPinned, pins_.contains(item.id)) != item.isPinned)
            changed.push_back(item.id);
    });
    for (const qint64 id : changed) {
        const int row = rowOf(id);
        if (row >= 0) Q_EMIT
        dataChanged(index(row), index(row));
    }
}

MessageItem* MessageModel::loaded(int row) const {
    return cache_.find(ids_[row]);
}

void MessageModel::appendText(int row, const QString& text) {
    MessageItem* item = loaded(row);
    if (item == nullptr) return;
    item->text += text;
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::setStatus(int row, const QString& status) {
    MessageItem* item = loaded(row);
    if (item == nullptr || item->status == status) return;
    item->status = status;
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::update(int row, const QString& text, MessageState state, const ReplyDetails& details) {
    ++changes_;
    if (const MessageItem* before = loaded(row)) {
        MessageItem item = *before;
        item.text = text;
        item.state = state;
        item.details = details;
        put(std::move(item));
    }
    Q_EMIT
    dataChanged(index(row), index(row));
}

void MessageModel::setEpisodes(const std::vector<EpisodeRecord>& episodes) {
    episodes_.clear();
    for (const EpisodeRecord& episode : episodes) {
        episodes_.emplace_back(episode.index, episode.turnIds);
        std::ranges::sort(episodes_.back().second);
    }
    cache_.each([this](MessageItem& item) { item.episode = episodeOf(item.id); });
    if (!ids_.isEmpty()) Q_EMIT
    dataChanged(index(0), index(rowCount() - 1), {Qt::DecorationRole});
}

int MessageModel::episodeOf(qint64 id) const {
    const auto episode = std::ranges::find_if(episodes_, [id](const auto& candidate) {
        return std::ranges::binary_search(candidate.second, static_cast<std::int64_t>(id));
    });
    return episode == episodes_.end() ? -1 : episode->first;
}

void MessageModel::setTint(std::shared_ptr<const Trace> trace) {
    if (!trace && !tint_) return;
    tint_ = std::move(trace);
    tintRuns_.clear();
    tintTurns_.clear();
    for (std::size_t i = 0; tint_ && i < tint_->turns.size(); ++i)
        tintTurns_.insert(tint_->turns[i].turnId, i);
    if (!ids_.isEmpty()) Q_EMIT
    dataChanged(index(0), index(rowCount() - 1), {Qt::BackgroundRole});
}

const std::vector<TintRun>* MessageModel::tintOf(qint64 id) const {
    if (!tint_) return nullptr;
    auto runs = tintRuns_.constFind(id);
    if (runs == tintRuns_.constEnd()) {
        const auto turn = tintTurns_.constFind(id);
        const MessageItem* item = cache_.find(id);
        if (turn == tintTurns_.constEnd() || item == nullptr) return nullptr;
        const std::string text = turnText(toUtf8(item->text), toUtf8(item->caption));
        runs = tintRuns_.insert(id, tintRuns(*tint_, tint_->turns[*turn], text));
    }
    return &*runs;
}

const MessageItem& MessageModel::at(int row) const {
    const MessageItem* item = loaded(row);
    return item != nullptr ? *item : unloaded_;
}

void MessageModel::eachLoaded(const std::function<void(int row, const MessageItem& item)>& visit) const {
    cache_.each([&](const MessageItem& item) {
        const int row = rowOf(item.id);
        if (row >= 0) visit(row, item);
    });
}

int MessageModel::rowOf(qint64 id) const {
    const auto row = std::ranges::lower_bound(ids_, id);
    return row != ids_.end() && *row == id ? static_cast<int>(row - ids_.begin()) : -1;
}

bool MessageModel::startsSession(int row) const {
    const QString& session = at(row).session;
    if (session.isEmpty() || row == 0) return !session.isEmpty();
    const MessageItem& before = at(row - 1);
    return before.isLoaded && before.session != session;
}

QString MessageModel::author(const MessageItem& item) {
    if (!item.speaker.isEmpty()) return item.speaker;
    switch (item.role) {
        case Role::kUser:
            return tr("You");
        case Role::kAssistant:
            return tr("Assistant");
        case Role::kSystem:
            break;
    }
    return tr("System");
}

void MessageModel::want(int first, int last) {
    if (!reader_ || first < 0 || (first == firstWanted_ && last == lastWanted_)) return;
    firstWanted_ = first;
    lastWanted_ = last;
    readMissing();
}

void MessageModel::setCurrent(int row) {
    current_ = row;
    if (!reader_ || row < 0) return;
    std::vector<int> rows;
    for (int near = std::max(row - 1, 0); near <= std::min(row + 1, rowCount() - 1); ++near)
        rows.push_back(near);
    load(std::move(rows), this, [] {});
}

/// Reads what is in sight and missing, then what is near it.
void MessageModel::readMissing() {
    if (!reader_ || isReading_ || lastWanted_ < 0) return;
    const int last = std::min(lastWanted_, rowCount() - 1);
    const auto isMissing = [this](int row) {
        return cache_.find(ids_[row]) == nullptr;
    };
    std::vector<std::int64_t> missing;
    const auto collect = [&](int begin, int end) {
        for (int row = std::max(begin, 0); row < std::min(end, rowCount()); ++row) {
            if (std::ssize(missing) < kAtOnce && isMissing(row)) missing.push_back(ids_[row]);
        }
    };
    collect(firstWanted_, last + 1);
    const int nearest = std::max(firstWanted_ - kNear, 0);
    bool isWorthIt = !missing.empty();
    for (int row = nearest; row < std::min(last + kNear, rowCount()) && !isWorthIt; ++row)
        isWorthIt = isMissing(row);
    if (!isWorthIt || (missing.empty() && cache_.isFull())) return;
    collect(last + 1, last + kAhead);
    collect(firstWanted_ - kAhead, firstWanted_);
    isReading_ = true;
    reader_(this, std::move(missing), [this, changes = changes_](Items items) {
        isReading_ = false;
        take(std::move(items), changes);
        readMissing();
    });
}

void MessageModel::take(Items items, std::uint64_t changes) {
    // What was read before a change may be what it was before it. It is read again.
    if (changes != changes_) return;
    std::vector<int> rows;
    for (MessageItem& item : items) {
        const int row = rowOf(item.id);
        if (row < 0 || cache_.find(item.id) != nullptr) continue;
        rows.push_back(row);
        put(std::move(item));
    }
    trim();
    std::ranges::sort(rows);
    for (auto first = rows.begin(); first != rows.end();) {
        const auto gap =
            std::ranges::adjacent_find(first, rows.end(), [](int a, int b) { return b != a + 1; });
        const auto last = gap == rows.end() ? rows.end() - 1 : gap;
        // The row behind them may begin a session, which was not known without them.
        Q_EMIT
        dataChanged(index(*first), index(std::min(*last + 1, rowCount() - 1)), {kLoadedRole});
        first = last + 1;
    }
}

void MessageModel::trim() {
    if (reader_) cache_.trim([this](const MessageItem& item) { return isKept(item); });
}

bool MessageModel::isKept(const MessageItem& item) const {
    const int row = rowOf(item.id);
    if (row < 0) return false;
    const int around = cache_.isHeavy() ? 0 : kAhead;
    const bool isNear = row >= firstWanted_ - around && row <= lastWanted_ + around;
    const bool isCurrent = current_ >= 0 && row >= current_ - 1 && row <= current_ + 1;
    return isNear || isCurrent || row >= rowCount() - kKeptAtEnd || item.state == MessageState::kStreaming;
}

void MessageModel::load(std::vector<int> rows, QObject* context, std::function<void()> then) {
    std::vector<std::int64_t> missing;
    std::vector<std::int64_t> all;
    for (const int row : rows) {
        if (row < 0 || row >= rowCount()) return;
        all.push_back(ids_[row]);
        if (cache_.find(ids_[row]) == nullptr) missing.push_back(ids_[row]);
    }
    if (missing.empty() || !reader_) return then();
    reader_(this,
            std::move(missing),
            [this, all, context = QPointer<QObject>(context), then = std::move(then), changes = changes_](
                Items items) {
                take(std::move(items), changes);
                if (!context) return;
                std::vector<int> now;
                for (const std::int64_t id : all)
                    now.push_back(rowOf(id));
                load(std::move(now), context, then);
            });
}

void MessageModel::read(int first, int count, QObject* context, std::function<void(Items)> take) {
    const int end = std::min(first + count, rowCount());
    std::vector<std::int64_t> wanted;
    std::vector<std::int64_t> missing;
    for (int row = std::max(first, 0); row < end; ++row) {
        wanted.push_back(ids_[row]);
        if (loaded(row) == nullptr) missing.push_back(ids_[row]);
    }
    const auto join = [this, wanted = std::move(wanted)](Items read) {
        Items items;
        auto next = read.begin();
        for (const std::int64_t id : wanted) {
            const bool isRead = next != read.end() && next->id == id;
            // What is in memory is newer.
            if (const MessageItem* item = cache_.find(id)) {
                items.push_back(*item);
            } else if (isRead) {
                items.push_back(std::move(*next));
            } else {
                break;
            }
            if (isRead) ++next;
        }
        return items;
    };
    if (missing.empty() || !reader_) return take(join({}));
    reader_(context, std::move(missing), [this, join, take = std::move(take), order = order_](Items items) {
        take(order == order_ ? join(std::move(items)) : Items());
    });
}

}  // namespace epi
