#pragma once

#include <QDialog>

#include "ui/bridge/import_client.h"
#include "ui/transfer/import_model.h"

class QCheckBox;
class QLabel;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QTableView;

namespace epi {

/// Imports one file: reads it and shows its chats, imports those that stay checked, and reports what came in
/// and what did not. Nothing is stored before the user says so; closing it while it works cancels, and chats
/// that were stored stay whole.
class ImportDialog final : public QDialog {
    Q_OBJECT

public:
    ImportDialog(StoreClient& store, const QString& path, QWidget* parent = nullptr);

    [[nodiscard]] ImportModel& model() { return model_; }
    [[nodiscard]] bool isReading() const { return phase_ == Phase::kReading; }
    void startImport();

Q_SIGNALS:
    /// Chats came in; they are the first in the list.
    void imported(const QList<qint64>& conversations);
    /// The user would like to see what came in.
    void openRequested(qint64 conversation);
    /// This file was none to import: the user would like to choose another.
    void anotherRequested();

private:
    enum class Phase { kReading, kPreview, kImporting, kReport };

    void buildLayout();
    void setPhase(Phase phase);
    void showPreview(const ImportResult& result);
    void showReport(const ImportResult& result);
    void showFailure(const Error& error);
    void refreshButton();

    QString path_;
    QString fileName_;
    ImportClient client_;
    ImportModel model_;
    Phase phase_ = Phase::kReading;
    QLabel* headline_;
    QLabel* summary_;
    QTableView* table_;
    QCheckBox* all_;
    QPlainTextEdit* report_;
    QProgressBar* progress_;
    QPushButton* import_;
    QPushButton* open_;  // what came in, or another file
    QPushButton* close_;
    qint64 first_ = 0;  // of the chats that came in; 0: none did
};

}  // namespace epi
