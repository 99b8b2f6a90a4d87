#pragma once

#include <QScrollArea>

class QGridLayout;
class QLabel;

namespace epi {

/// A page of the settings: rows of a label, a control and what it is good for, that scroll where they do not
/// fit.
class SettingsForm : public QScrollArea {
    Q_OBJECT

public:
    explicit SettingsForm(QWidget* parent = nullptr);

protected:
    void changeEvent(QEvent* event) override;
    /// What the controls have for their parent.
    [[nodiscard]] QWidget* content() const { return widget(); }
    void addHeading(const QString& text);
    /// A label, its control and a hint below; the label names the control for screen readers. The hint label,
    /// which may be changed later; null without a hint.
    QLabel* addRow(const QString& label, QWidget* control, const QString& hint = {});
    /// A control over the whole width, such as a check box.
    QLabel* addWide(QWidget* control, const QString& hint = {});
    /// Takes all the height that is left.
    void addTall(QWidget* control);
    /// At the end of a page without such.
    void addStretch();

private:
    QLabel* addHint(const QString& hint, int column);
    void applyTheme();

    QGridLayout* grid_;
    int rows_ = 0;
};

}  // namespace epi
