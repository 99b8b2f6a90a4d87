#pragma once

#include <vector>

#include <QWidget>

#include "core/engine/options.h"

class QComboBox;
class QLabel;
class QSpinBox;

namespace epi {

/// How a memory is to be built: budget, episodes, block and preset. Every value it can hold is valid.
class MemoryForm final : public QWidget {
    Q_OBJECT

public:
    explicit MemoryForm(QWidget* parent = nullptr);

    [[nodiscard]] MemoryOptions options() const;
    void setOptions(const MemoryOptions& options);

Q_SIGNALS:
    void changed();

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Field {
        QLabel* label;
        QWidget* control;
    };

    void place();
    void applyTheme();

    MemoryOptions rest_;  // what the form does not show
    std::vector<Field> fields_;
    QSpinBox* budget_;
    QSpinBox* episodes_;
    QSpinBox* block_;
    QComboBox* preset_;
};

}  // namespace epi
