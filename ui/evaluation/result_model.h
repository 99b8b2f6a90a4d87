#pragma once

#include <QAbstractTableModel>

#include "ui/evaluation/evaluation_session.h"

namespace epi {

/// The questions of a run and, as they arrive, their answers and scores. GUI thread only.
class ResultModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { kCategory, kQuestion, kExpected, kAnswer, kF1, kEpisode, kSeconds, kColumnCount };

    ResultModel(EvaluationSession& session, QObject* parent);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    [[nodiscard]] int rowOf(qint64 questionId) const;

private:
    [[nodiscard]] QString text(const QuestionRecord& question, int column) const;

    EvaluationSession& session_;
    std::vector<QuestionRecord> rows_;
};

}  // namespace epi
