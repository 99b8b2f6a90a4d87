#pragma once

#include <QLabel>

namespace epi {

/// One line of plain text that ends in "…" where it does not fit, and then says the whole of it in its tool
/// tip where it has no other.
class ElidedLabel final : public QLabel {
    Q_OBJECT

public:
    explicit ElidedLabel(QWidget* parent = nullptr);

    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
};

}  // namespace epi
