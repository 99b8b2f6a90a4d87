#pragma once

#include <QWidget>

#include "core/wire/messages.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace epi {

/// "Building memory · episode 2 of 4 · 12,288 of 20,480 tokens": one line for a Progress event.
QString progressText(const Progress& progress);
/// The title of a job and how far it is; the title alone where a reply is just being written.
QString jobText(const QString& title, const Progress& progress);
/// "130 tokens/s · about 1 min left"; empty while neither is known.
QString rateText(const Progress& progress);

/// How far a long job is: what it does, a bar, rate, time left, Cancel. An unknown total is a moving bar,
/// never an invented share.
class JobStrip final : public QWidget {
    Q_OBJECT

public:
    explicit JobStrip(QWidget* parent = nullptr);

    void begin(const QString& title);
    /// Put before every progress, where several jobs stand beside each other.
    void setTitle(const QString& title) { title_ = title; }
    void setCancellable(bool isCancellable);
    void advance(const Progress& progress);
    void end();
    [[nodiscard]] QString text() const;

Q_SIGNALS:
    void cancelRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyTheme();

    QString title_;
    QLabel* text_;
    QLabel* rate_;
    QProgressBar* bar_;
    QPushButton* cancel_;
};

}  // namespace epi
