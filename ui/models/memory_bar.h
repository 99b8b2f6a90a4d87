#pragma once

#include <optional>

#include <QWidget>

#include "core/format/model_facts.h"

namespace epi {

/// What a model needs beside what is free: weights, caches and scratch as parts of a bar. The numbers stand
/// in the labels around it; the bar is their picture and says them to screen readers.
class MemoryBar final : public QWidget {
    Q_OBJECT

public:
    explicit MemoryBar(QWidget* parent = nullptr);

    /// Without `freeBytes` (another machine) the bar is as wide as what is needed.
    void show(const LoadEstimate& estimate, std::optional<qint64> freeBytes);
    [[nodiscard]] QSize sizeHint() const override;

    /// The colours of the three parts, also for the legend.
    static QColor weightsColor();
    static QColor cachesColor();
    static QColor scratchColor();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    LoadEstimate estimate_;
    std::optional<qint64> freeBytes_;
};

}  // namespace epi
