#pragma once

#include <cstdint>
#include <vector>

#include <QWidget>

namespace epi {

/// How many entries each KV head of each layer keeps, against the layer's budget M_l: one row per layer, one
/// bar per head, a line at the budget, the number on the bar. Arrow keys move from bar to bar; what the bar
/// says is the tool tip and the accessible description.
class LayerBars final : public QWidget {
    Q_OBJECT

public:
    explicit LayerBars(QWidget* parent = nullptr);

    /// `keptPerHead` is [layer][head]; `budgets` is [layer] and may be empty.
    void assign(std::vector<std::int32_t> budgets, std::vector<std::vector<std::int32_t>> keptPerHead);
    [[nodiscard]] bool isEmpty() const { return kept_.empty(); }
    /// What the bar at the cursor says.
    [[nodiscard]] QString currentText() const;
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void cursorMoved(const QRect& bar);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Cell {
        int layer = 0;
        int head = 0;
    };

    [[nodiscard]] QString textOf(Cell cell) const;
    [[nodiscard]] QRect barOf(Cell cell) const;
    [[nodiscard]] Cell cellAt(QPoint point) const;
    [[nodiscard]] int rowHeight() const;
    [[nodiscard]] int labelWidth() const;
    void moveTo(Cell cell);
    void paintLayer(QPainter& painter, int layer) const;

    std::vector<std::int32_t> budgets_;
    std::vector<std::vector<std::int32_t>> kept_;
    std::int32_t largest_ = 1;
    Cell cursor_;
};

}  // namespace epi
