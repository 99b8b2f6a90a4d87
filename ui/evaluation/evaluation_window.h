#pragma once

#include <vector>

#include <QThreadPool>
#include <QWidget>

#include "ui/bridge/inbox.h"
#include "ui/evaluation/evaluation_session.h"
#include "ui/evaluation/result_model.h"

class QCheckBox;
class QComboBox;
class QGridLayout;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QSpinBox;
class QTableView;

namespace epi {

class MemoryForm;
class NoticeBar;

/// Asks a conversation's benchmark questions and shows the scores as they come. A window of its own that
/// blocks nothing.
class EvaluationWindow final : public QWidget {
    Q_OBJECT

public:
    EvaluationWindow(EngineClient& engine, StoreClient& store, ConversationSync& sync, QWidget* parent);

    /// Chooses the conversation, when it has questions.
    void setConversation(qint64 id);
    void setPlan(const EvaluationPlan& plan);
    [[nodiscard]] EvaluationPlan plan() const;
    /// Starts, pauses or resumes: what the button says.
    void toggleRun();
    void exportTo(const QString& path);
    [[nodiscard]] EvaluationSession& session() { return session_; }
    [[nodiscard]] ResultModel& results() { return results_; }
    [[nodiscard]] QString summary() const;

Q_SIGNALS:
    void exported(const QString& path);

protected:
    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QWidget* makeSettings();
    QWidget* makeToolRow();
    void readConversations();
    void showCategories();
    void refresh();
    void refreshSummary();
    void chooseExport(const QString& suffix);
    void applyTheme();

    StoreClient& store_;
    EvaluationSession session_;
    ResultModel results_;
    QComboBox* conversation_ = nullptr;
    MemoryForm* memory_ = nullptr;
    QGridLayout* settings_ = nullptr;
    QHBoxLayout* categoryRow_ = nullptr;
    std::vector<QCheckBox*> categories_;
    QSpinBox* limit_ = nullptr;
    QPushButton* run_ = nullptr;
    QLabel* progress_ = nullptr;
    QPushButton* exportCsv_ = nullptr;
    QPushButton* exportJson_ = nullptr;
    NoticeBar* notice_;
    QTableView* table_;
    QLabel* summary_;
    qint64 wanted_ = 0;
    struct Written {
        QString path;
        Result<void> outcome;
    };
    Inbox<Written> written_;
    QThreadPool writer_;  // last: its thread ends before the inbox it fills is gone
};

}  // namespace epi
