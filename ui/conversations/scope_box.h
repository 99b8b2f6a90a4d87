#pragma once

#include <vector>

#include <QComboBox>

#include "storage/records.h"
#include "ui/conversations/conversation_model.h"

namespace epi {

/// Chooses which conversations are listed: all, those of a folder or with a tag, the archive, the bin.
class ScopeBox final : public QComboBox {
    Q_OBJECT

public:
    explicit ScopeBox(QWidget* parent = nullptr);

    /// Offers the folders, and the tags that these conversations have. A choice that is gone becomes "all".
    void setContents(const std::vector<FolderRecord>& folders,
                     const std::vector<ConversationRecord>& conversations);
    [[nodiscard]] ConversationFilter filter() const;
    void choose(const ConversationFilter& filter);
    [[nodiscard]] const std::vector<FolderRecord>& folders() const { return folders_; }
    [[nodiscard]] const QStringList& tags() const { return tags_; }

Q_SIGNALS:
    void filterChanged(const epi::ConversationFilter& filter);

private:
    void rebuild();
    void add(const QString& title, const ConversationFilter& filter);

    std::vector<FolderRecord> folders_;
    QStringList tags_;
    std::vector<ConversationFilter> filters_;  // one per item
};

}  // namespace epi
