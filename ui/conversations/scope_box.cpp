#include "ui/conversations/scope_box.h"

#include <algorithm>

#include <QSignalBlocker>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

ScopeBox::ScopeBox(QWidget* parent) : QComboBox(parent) {
    setAccessibleName(tr("Which chats are listed"));
    setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    rebuild();
    connect(this, &QComboBox::currentIndexChanged, this, [this] {
        Q_EMIT
        filterChanged(filter());
    });
}

void ScopeBox::setContents(const std::vector<FolderRecord>& folders,
                           const std::vector<ConversationRecord>& conversations) {
    QStringList tags;
    for (const ConversationRecord& conversation : conversations) {
        for (const std::string& tag : conversation.tags)
            tags << toQString(tag);
    }
    tags.sort(Qt::CaseInsensitive);
    tags.removeDuplicates();
    const bool isSame =
        tags == tags_ && std::ranges::equal(folders, folders_, [](const auto& a, const auto& b) {
            return a.id == b.id && a.name == b.name;
        });
    if (isSame) return;
    const ConversationFilter before = filter();
    folders_ = folders;
    tags_ = tags;
    {
        const QSignalBlocker quiet(this);
        rebuild();
        choose(before);
    }
    if (!(filter() == before)) Q_EMIT
    filterChanged(filter());
}

ConversationFilter ScopeBox::filter() const {
    const int index = currentIndex();
    return index < 0 ? ConversationFilter() : filters_[static_cast<std::size_t>(index)];
}

void ScopeBox::choose(const ConversationFilter& filter) {
    const auto found = std::ranges::find(filters_, filter);
    setCurrentIndex(found == filters_.end() ? 0 : static_cast<int>(found - filters_.begin()));
}

void ScopeBox::rebuild() {
    clear();
    filters_.clear();
    add(tr("All chats"), {});
    for (const FolderRecord& folder : folders_)
        add(toQString(folder.name), {.folderId = folder.id});
    for (const QString& tag : tags_)
        add(u"#"_s + tag, {.tag = tag});
    add(tr("Archive"), {.scope = ConversationFilter::Scope::kArchive});
    add(tr("Bin"), {.scope = ConversationFilter::Scope::kBin});
}

void ScopeBox::add(const QString& title, const ConversationFilter& filter) {
    filters_.push_back(filter);
    addItem(title);
}

}  // namespace epi
