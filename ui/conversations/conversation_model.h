#pragma once

#include <set>
#include <vector>

#include <QAbstractListModel>

#include "storage/records.h"

namespace epi {

/// Which conversations are listed.
struct ConversationFilter {
    enum class Scope { kChats, kArchive, kBin };
    Scope scope = Scope::kChats;
    qint64 folderId = 0;  // 0: of all folders
    QString tag;          // empty: with any tags

    bool operator==(const ConversationFilter&) const = default;
};

/// The conversations that a filter lets through, pinned ones first, then newest first. GUI thread only.
class ConversationModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kIdRole = Qt::UserRole, kDetailsRole, kPinnedRole };

    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    /// Only the title; `renamed` asks for it to be stored.
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

    void assign(std::vector<ConversationRecord> records);
    void setFilter(const ConversationFilter& filter);
    [[nodiscard]] const ConversationFilter& filter() const { return filter_; }
    /// All that were assigned.
    [[nodiscard]] const std::vector<ConversationRecord>& all() const { return all_; }
    /// Puts one back that is no longer among them, as the newest.
    void restore(const ConversationRecord& record);
    void setHidden(std::int64_t id, bool isHidden);
    [[nodiscard]] const ConversationRecord* find(std::int64_t id) const;
    [[nodiscard]] int rowOf(std::int64_t id) const;
    [[nodiscard]] const ConversationRecord& at(int row) const {
        return shown_[static_cast<std::size_t>(row)];
    }

Q_SIGNALS:
    void renamed(qint64 id, const QString& title);

private:
    void refresh();
    [[nodiscard]] bool isShown(const ConversationRecord& record) const;

    ConversationFilter filter_;
    std::vector<ConversationRecord> all_;
    std::vector<ConversationRecord> shown_;
    std::set<std::int64_t> hidden_;
};

}  // namespace epi
