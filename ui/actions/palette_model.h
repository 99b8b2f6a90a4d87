#pragma once

#include <functional>
#include <optional>
#include <vector>

#include <QAbstractListModel>
#include <QString>

namespace epi {

/// One line of the command palette.
struct PaletteItem {
    QString title;
    QString group;
    QString keys;  // the shortcut as text; empty without
    std::function<void()> run;
};

/// How well a query fits a text: every word of the query is a part of the text, or its letters stand in the
/// text in this order ("nch" in "New chat"). Beginnings of words count more. Nothing when it does not fit.
std::optional<int> paletteScore(const QString& query, const QString& text);

/// The items that fit a query, best first; all of them, in their order, for an empty one. GUI thread only.
class PaletteModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Roles { kGroupRole = Qt::UserRole, kKeysRole };
    /// More are not shown: nobody reads on, they type on.
    static constexpr int kMaxShown = 200;

    using QAbstractListModel::QAbstractListModel;

    void assign(std::vector<PaletteItem> items);
    void setQuery(const QString& query);
    [[nodiscard]] const PaletteItem& at(int row) const {
        return items_[shown_[static_cast<std::size_t>(row)]];
    }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

private:
    std::vector<PaletteItem> items_;
    std::vector<std::size_t> shown_;
};

}  // namespace epi
