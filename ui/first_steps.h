#pragma once

#include <QWidget>

#include "ui/bridge/engine_client.h"

class QGridLayout;
class QLabel;
class QPushButton;

namespace epi {

/// What an empty chat shows. While something is missing it leads: a model, a history to ask about, a first
/// question, each with its state and the button that does it; afterwards it only invites. One screen, nothing
/// to click away.
class FirstSteps final : public QWidget {
    Q_OBJECT

public:
    explicit FirstSteps(QWidget* parent = nullptr);

    void showEngine(const EngineClient& engine);
    void setChatCount(int chats);
    [[nodiscard]] QString titleText() const;

Q_SIGNALS:
    void modelsRequested();
    void importRequested();
    void writeRequested();

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Step {
        QLabel* mark = nullptr;
        QLabel* title = nullptr;
        QLabel* text = nullptr;
        QPushButton* button = nullptr;
    };

    Step makeStep(const QString& title, const QString& button);
    static void setDone(const Step& step, bool isDone);
    static void setPrimary(const Step& step, bool isPrimary);
    void refresh();
    void applyTheme();

    bool hasModel_ = false;
    QString modelText_;
    int chats_ = 0;
    QLabel* title_;
    QLabel* text_;
    QWidget* steps_;
    QGridLayout* grid_;
    Step model_;
    Step import_;
    Step write_;
};

}  // namespace epi
