#include "ui/actions/palette_model.h"

#include <algorithm>
#include <numeric>

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWordStart = 40;
constexpr int kInsideWord = 20;
constexpr int kLetters = 1;

bool startsWord(const QString& text, qsizetype position) {
    return position == 0 || !text[position - 1].isLetterOrNumber();
}

/// The letters of `word` in this order anywhere in `text`.
bool hasLetters(const QString& word, const QString& text) {
    qsizetype found = 0;
    for (const QChar letter : text) {
        if (found < word.size() && letter == word[found]) ++found;
    }
    return found == word.size();
}

std::optional<int> scoreWord(const QString& word, const QString& text) {
    std::optional<int> best;
    for (qsizetype at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        const int score = startsWord(text, at) ? kWordStart : kInsideWord;
        best = std::max(best.value_or(0), score + (at == 0 ? 1 : 0));
    }
    if (!best && word.size() > 1 && hasLetters(word, text)) best = kLetters;
    return best;
}

}  // namespace

std::optional<int> paletteScore(const QString& query, const QString& text) {
    const QString folded = text.toCaseFolded();
    int score = 0;
    for (const QString& word : query.toCaseFolded().split(u' ', Qt::SkipEmptyParts)) {
        const auto found = scoreWord(word, folded);
        if (!found) return std::nullopt;
        score += *found;
    }
    return score;
}

void PaletteModel::assign(std::vector<PaletteItem> items) {
    items_ = std::move(items);
    setQuery({});
}

void PaletteModel::setQuery(const QString& query) {
    std::vector<std::pair<int, std::size_t>> fitting;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        // A group's name finds its members, after those that have the word themselves.
        const auto byTitle = paletteScore(query, items_[i].title);
        const auto byBoth = paletteScore(query, items_[i].title + u' ' + items_[i].group);
        if (byTitle || byBoth) fitting.emplace_back(byTitle ? 2 * *byTitle : *byBoth, i);
    }
    std::ranges::stable_sort(fitting, [](const auto& a, const auto& b) { return a.first > b.first; });
    if (fitting.size() > kMaxShown) fitting.resize(kMaxShown);
    beginResetModel();
    shown_.clear();
    for (const auto& [score, index] : fitting)
        shown_.push_back(index);
    endResetModel();
}

int PaletteModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= rowCount()) return {};
    const PaletteItem& item = at(index.row());
    switch (role) {
        case Qt::DisplayRole:
            return item.title;
        case Qt::AccessibleTextRole:
            return QString(item.title + u", " + item.group +
                           (item.keys.isEmpty() ? u""_s : u", " + item.keys));
        case kGroupRole:
            return item.group;
        case kKeysRole:
            return item.keys;
        default:
            return {};
    }
}

}  // namespace epi
