#include "ui/conversations/search_model.h"

#include <QDateTime>
#include <QLocale>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

/// Ranges of bytes of a text as ranges of its UTF-16 characters, `offset` characters further on.
QList<SearchModel::Match> matchesIn(const std::string& text,
                                    const std::vector<TextRange>& ranges,
                                    int offset) {
    QList<SearchModel::Match> matches;
    const auto size = static_cast<std::int64_t>(text.size());
    for (const TextRange& range : ranges) {
        if (range.begin < 0 || range.begin >= range.end || range.end > size) continue;
        const QString before =
            toQString(std::string_view(text).substr(0, static_cast<std::size_t>(range.begin)));
        const QString within = toQString(std::string_view(text).substr(
            static_cast<std::size_t>(range.begin), static_cast<std::size_t>(range.end - range.begin)));
        const int begin = offset + static_cast<int>(before.size());
        matches.append({begin, begin + static_cast<int>(within.size())});
    }
    return matches;
}

/// On one line: every kind of white space is one space, character by character.
QString onOneLine(QString text) {
    for (QChar& letter : text) {
        if (letter.isSpace()) letter = u' ';
    }
    return text;
}

QString speakerOf(const MessageHit& hit) {
    if (!hit.speaker.empty()) return toQString(hit.speaker);
    return hit.role == Role::kAssistant ? SearchModel::tr("Assistant") : SearchModel::tr("You");
}

/// The session's own date: a conversation that was imported has the messages' time from the import.
QString dateOf(const MessageHit& hit) {
    if (!hit.session.empty()) return toQString(hit.session).simplified();
    return QLocale().toString(QDateTime::fromMSecsSinceEpoch(hit.createdAtMs).date(), u"d MMM yyyy"_s);
}

SearchModel::Hit hitOf(const MessageHit& hit, const QString& title) {
    SearchModel::Hit found;
    found.conversationId = hit.conversationId;
    found.messageId = hit.messageId;
    found.title = title;
    found.details = speakerOf(hit) + u" · "_s + dateOf(hit);
    if (!hit.isOnActiveBranch) found.details += u" · "_s + SearchModel::tr("other version");
    const QString front = hit.isCutAtFront ? u"…"_s : QString();
    found.excerpt = front + onOneLine(toQString(hit.excerpt)) + (hit.isCutAtBack ? u"…"_s : QString());
    found.matches = matchesIn(hit.excerpt, hit.matches, static_cast<int>(front.size()));
    return found;
}

}  // namespace

int SearchModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(hits_.size());
}

QVariant SearchModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const Hit& hit = at(index.row());
    if (role == Qt::DisplayRole) return hit.title;
    if (role == Qt::AccessibleTextRole) {
        return hit.messageId == 0 ? tr("Chat %1").arg(hit.title)
                                  : tr("%1, in %2, %3").arg(hit.excerpt, hit.title, hit.details);
    }
    return {};
}

void SearchModel::assign(const SearchResults& results, const QHash<qint64, QString>& titles) {
    beginResetModel();
    hits_.clear();
    for (const TitleHit& hit : results.titles) {
        if (!titles.contains(hit.conversationId)) continue;
        hits_.push_back({.conversationId = hit.conversationId,
                         .title = onOneLine(toQString(hit.title)),
                         .matches = matchesIn(hit.title, hit.matches, 0)});
    }
    for (const MessageHit& hit : results.messages) {
        if (const auto title = titles.constFind(hit.conversationId); title != titles.cend())
            hits_.push_back(hitOf(hit, *title));
    }
    endResetModel();
}

void SearchModel::clear() {
    beginResetModel();
    hits_.clear();
    endResetModel();
}

}  // namespace epi
