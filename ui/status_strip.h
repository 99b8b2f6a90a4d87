#pragma once

#include <optional>

#include <QWidget>

#include "core/wire/messages.h"
#include "ui/bridge/engine_client.h"
#include "ui/chat/reply_details.h"

class QLabel;
class QPushButton;

namespace epi {

class ContextMeter;

/// The status bar's content: engine state, model and device, how much of the history the last answer's cache
/// kept, its speed, and the running job with Cancel.
class StatusStrip final : public QWidget {
    Q_OBJECT

public:
    explicit StatusStrip(QWidget* parent = nullptr);

    void showEngine(const EngineClient& engine);
    /// `budget`: to how many tokens the memory is compressed; 0: unknown.
    void showReply(const std::optional<ReplyDetails>& reply, std::int64_t budget);
    /// The newest job; how many there are, and whether it can be ended.
    void showJob(const QString& text, int jobs, bool canCancel);
    void endJob();
    [[nodiscard]] QString engineText() const;
    /// "Ready", "Loading the model…": a state for the user.
    [[nodiscard]] static QString stateText(EngineClient::State state);

Q_SIGNALS:
    void cancelRequested();
    void jobsRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyTheme();

    QLabel* engine_;
    QLabel* model_;
    QLabel* device_;
    QLabel* speed_;
    QLabel* kept_;
    ContextMeter* meter_;
    QLabel* job_;
    QPushButton* cancel_;
    QPushButton* jobs_;
    bool isDeviceWarning_ = false;
};

}  // namespace epi
