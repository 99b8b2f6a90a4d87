#pragma once

#include <QWidget>

namespace epi {

/// What the tint behind the text means: five steps of kept share, and of which episode.
class TintLegend final : public QWidget {
    Q_OBJECT

public:
    using QWidget::QWidget;

    void setEpisode(int episode);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {0, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    int episode_ = 0;
};

}  // namespace epi
