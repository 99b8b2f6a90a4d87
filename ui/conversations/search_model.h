#pragma once

#include <vector>

#include <QAbstractListModel>
#include <QHash>
#include <QList>
#include <QString>

#include "storage/search_records.h"

namespace epi {

/// What a search found: chats whose title matches, then messages, newest first. GUI thread only.
class SearchModel final : public QAbstractListModel {
    Q_OBJECT

public:
    /// Characters [begin, end) of the text beside it.
    struct Match {
        int begin = 0;
        int end = 0;
    };
    struct Hit {
        qint64 conversationId = 0;
        qint64 messageId = 0;  // 0: the title matched
        QString title;
        QString details;  // who and when; empty for titles
        QString excerpt;
        QList<Match> matches;  // in the excerpt, or in the title
    };

    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    /// `titles` names the conversations that may be shown; hits in others are left out.
    void assign(const SearchResults& results, const QHash<qint64, QString>& titles);
    void clear();
    [[nodiscard]] const Hit& at(int row) const { return hits_[static_cast<std::size_t>(row)]; }

private:
    std::vector<Hit> hits_;
};

}  // namespace epi
