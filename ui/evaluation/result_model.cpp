#include "ui/evaluation/result_model.h"

#include <algorithm>

#include <QLocale>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

ResultModel::ResultModel(EvaluationSession& session, QObject* parent)
    : QAbstractTableModel(parent), session_(session) {
    connect(&session_, &EvaluationSession::opened, this, [this] {
        beginResetModel();
        rows_ = session_.selected();
        endResetModel();
    });
    connect(&session_, &EvaluationSession::answered, this, [this](qint64 question) {
        const int row = rowOf(question);
        if (row >= 0) Q_EMIT
        dataChanged(index(row, kAnswer), index(row, kSeconds));
    });
}

int ResultModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int ResultModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : kColumnCount;
}

QVariant ResultModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const QuestionRecord& question = rows_[static_cast<std::size_t>(index.row())];
    if (role == Qt::DisplayRole) return text(question, index.column());
    if (role == Qt::ToolTipRole) {
        const QString plain = text(question, index.column());
        return plain.isEmpty() ? QVariant() : QVariant(u"<p>"_s + plain.toHtmlEscaped() + u"</p>"_s);
    }
    const bool isNumber = index.column() == kF1 || index.column() == kSeconds;
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    }
    return {};
}

QVariant ResultModel::headerData(int section, Qt::Orientation orientation, int role) const {
    const bool isNumber = section == kF1 || section == kSeconds;
    if (role == Qt::TextAlignmentRole && orientation == Qt::Horizontal && isNumber) {
        return QVariant::fromValue(Qt::AlignVCenter | Qt::AlignRight);
    }
    if (role != Qt::DisplayRole) return {};
    if (orientation == Qt::Vertical) return section + 1;
    switch (section) {
        case kCategory:
            return tr("Category");
        case kQuestion:
            return tr("Question");
        case kExpected:
            return tr("Expected");
        case kAnswer:
            return tr("Answer");
        case kF1:
            return tr("F1");
        case kEpisode:
            return tr("Episode");
        case kSeconds:
            return tr("Seconds");
        default:
            return {};
    }
}

int ResultModel::rowOf(qint64 questionId) const {
    const auto found = std::ranges::find(rows_, questionId, &QuestionRecord::id);
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

QString ResultModel::text(const QuestionRecord& question, int column) const {
    const QLocale locale;
    const AnswerRecord* answer = session_.answerTo(question.id);
    switch (column) {
        case kCategory:
            return locale.toString(question.question.category);
        case kQuestion:
            return toQString(question.question.question);
        case kExpected:
            return toQString(question.question.answer);
        case kAnswer:
            return answer == nullptr ? QString() : toQString(answer->text).simplified();
        case kF1:
            return answer == nullptr ? QString() : locale.toString(answer->f1, 'f', 2);
        case kEpisode:
            return answer == nullptr ? QString() : locale.toString(answer->episode + 1);
        case kSeconds:
            return answer == nullptr ? QString() : locale.toString(answer->seconds, 'f', 1);
        default:
            return {};
    }
}

}  // namespace epi
