#pragma once

#include <optional>

#include <QDialog>

#include "ui/models/model_download.h"

class QLabel;
class QLineEdit;
class QPushButton;

namespace epi {

/// Asks what to fetch: an address, the name to store it under and the checksum it must have. Says before
/// anything is fetched which server that is, what it learns and where the file goes.
class DownloadDialog final : public QDialog {
    Q_OBJECT

public:
    /// `folder` is where models are stored.
    DownloadDialog(const QString& folder, QWidget* parent);

    /// Nothing as long as it cannot be fetched.
    [[nodiscard]] std::optional<DownloadWish> wish() const { return wish_; }
    [[nodiscard]] QLineEdit& addressField() { return *address_; }
    [[nodiscard]] QLineEdit& nameField() { return *name_; }
    [[nodiscard]] QLineEdit& checksumField() { return *sha256_; }
    [[nodiscard]] QString summaryText() const;

Q_SIGNALS:
    void downloadRequested(const epi::DownloadWish& wish);

private:
    void refresh();
    [[nodiscard]] Result<DownloadWish> read();
    [[nodiscard]] QString summaryOf(const DownloadWish& wish) const;

    QString folder_;
    QLineEdit* address_;
    QLineEdit* name_;
    QLineEdit* sha256_;
    QLabel* summary_;
    QPushButton* download_ = nullptr;
    std::optional<DownloadWish> wish_;
};

}  // namespace epi
