#pragma once

#include <vector>

#include <QWidget>

#include "core/engine/options.h"

class QDoubleSpinBox;
class QLabel;
class QSpinBox;

namespace epi {

/// How the tokens of replies are drawn. Its fields hold only what the engine takes; what comes from elsewhere
/// and is outside of it is brought inside, and the form says so.
class SamplingForm final : public QWidget {
    Q_OBJECT

public:
    explicit SamplingForm(QWidget* parent = nullptr);

    [[nodiscard]] SamplingOptions options() const;
    void setOptions(const SamplingOptions& options);
    /// What was out of range in the options set last; empty when nothing was.
    [[nodiscard]] QString problem() const;

Q_SIGNALS:
    void changed();

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyTheme();
    void place();
    void refreshHint();

    struct Field {
        QLabel* label = nullptr;
        QWidget* control = nullptr;
    };

    SamplingOptions rest_;  // what the form does not show
    std::vector<Field> fields_;
    QDoubleSpinBox* temperature_;
    QSpinBox* topK_;
    QDoubleSpinBox* topP_;
    QDoubleSpinBox* minP_;
    QDoubleSpinBox* penalty_;
    QSpinBox* maxTokens_;
    QSpinBox* seed_;
    QLabel* hint_;
    QLabel* problem_;
};

}  // namespace epi
