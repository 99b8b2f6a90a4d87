#pragma once

#include <QWidget>

class QPlainTextEdit;
class QPushButton;

namespace epi {

/// Where a question is written. Return sends, Shift+Return begins a line; while an input method composes,
/// Return belongs to it. Grows with its text up to eight lines.
class Composer final : public QWidget {
    Q_OBJECT

public:
    explicit Composer(QWidget* parent = nullptr);

    /// Shows Stop instead of Send.
    void setAnswering(bool isAnswering);
    void setPlaceholder(const QString& text);
    [[nodiscard]] QString text() const;
    void setText(const QString& text);
    void clear();
    void takeFocus();

Q_SIGNALS:
    void sendRequested(const QString& text);
    void stopRequested();
    /// The text is another one now.
    void edited();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void send();
    void fitHeight();
    void applyTheme();

    QPlainTextEdit* edit_;
    QPushButton* send_;
    QPushButton* stop_;
    bool isComposing_ = false;
    bool isAnswering_ = false;
};

}  // namespace epi
