#pragma once

#include <optional>
#include <vector>

#include <QWidget>

#include "core/format/model_facts.h"
#include "ui/settings/preferences.h"

class QComboBox;
class QGridLayout;
class QLabel;
class QPushButton;
class QSpinBox;

namespace epi {

class MemoryBar;

/// How a model is to be loaded, and what that takes beside what is free, worked out before anything is read.
/// The choices are the model's defaults.
class LoadPanel final : public QWidget {
    Q_OBJECT

public:
    explicit LoadPanel(QWidget* parent = nullptr);

    /// Shows a model with its defaults. Without facts (a file on another machine) nothing is predicted.
    void setModel(const std::optional<ModelFacts>& facts,
                  const ModelDefaults& defaults,
                  const MemoryOptions& memory);
    /// What the engine can work with. `isLocal`: this computer's free memory is the engine's.
    void setEngine(bool hasCuda, bool isLocal);
    void setLoading(bool isLoading);

    [[nodiscard]] ModelDefaults choice() const;
    [[nodiscard]] const std::optional<LoadEstimate>& estimate() const { return estimate_; }
    [[nodiscard]] QString verdict() const;
    /// The verdict and the buttons, for a place where they are seen however far the panel is scrolled.
    [[nodiscard]] QWidget* actions() const { return actions_; }
    /// Instead of asking the system; for tests.
    void setFreeMemory(std::optional<qint64> bytes) {
        freeForTests_ = bytes;
        refresh();
    }

Q_SIGNALS:
    void loadRequested();
    void cancelRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* makeChoices();
    QWidget* makeLegend();
    void refresh();
    void showVerdict(const LoadEstimate& estimate, std::optional<qint64> freeBytes);
    void applyTheme();
    [[nodiscard]] std::optional<qint64> freeMemory() const;
    [[nodiscard]] bool isOnGpu() const;

    /// A square of the legend.
    struct Swatch {
        QLabel* label;
        QColor (*color)();
    };

    std::optional<ModelFacts> facts_;
    std::optional<LoadEstimate> estimate_;
    std::optional<qint64> freeForTests_;
    MemoryOptions memory_;
    bool hasCuda_ = false;
    bool isLocal_ = true;
    bool isFilling_ = false;
    QComboBox* device_ = nullptr;
    QComboBox* compute_ = nullptr;
    QSpinBox* budget_ = nullptr;
    QSpinBox* episodes_ = nullptr;
    MemoryBar* bar_;
    QLabel* weights_ = nullptr;
    QLabel* caches_ = nullptr;
    QLabel* scratch_ = nullptr;
    QLabel* free_ = nullptr;
    std::vector<Swatch> swatches_;
    QWidget* actions_;
    QLabel* verdict_;
    QPushButton* load_;
    QPushButton* cancel_;
};

}  // namespace epi
