#pragma once

#include <functional>

#include <QWidget>

class QLabel;
class QPushButton;
class QToolButton;

namespace epi {

enum class NoticeKind { kInformation, kWarning, kError };

/// A line that says what happened and offers at most one thing to do about it. Never modal; text is plain.
class NoticeBar final : public QWidget {
    Q_OBJECT

public:
    explicit NoticeBar(QWidget* parent = nullptr);

    /// Replaces what is shown. Without an action there is only the close button.
    void show(NoticeKind kind, const QString& text);
    void show(NoticeKind kind, const QString& text, const QString& action, std::function<void()> run);
    [[nodiscard]] QString text() const;

protected:
    void changeEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void applyTheme();

    NoticeKind kind_ = NoticeKind::kInformation;
    QLabel* text_;
    QPushButton* action_;
    QToolButton* close_;
    std::function<void()> run_;
};

}  // namespace epi
