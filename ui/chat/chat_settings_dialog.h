#pragma once

#include <QDialog>

#include "ui/chat/chat_session.h"
#include "ui/settings/preferences.h"

class QBoxLayout;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QPlainTextEdit;
class QPushButton;
class QVBoxLayout;

namespace epi {

class MemoryForm;
class SamplingForm;

/// What one chat is answered with: persona, system prompt, drawing of tokens, memory. Nothing changes before
/// "Apply"; what an apply costs is said beside it. GUI thread only.
class ChatSettingsDialog final : public QDialog {
    Q_OBJECT

public:
    ChatSettingsDialog(ChatSession& session, PreferenceStore& preferences, QWidget* parent);

    void apply();
    // Personas; each asks for the name in a dialog of its own, these do the work.
    void choosePersona(const QString& name);
    void savePersona(const QString& name);
    /// Whether it was done: not onto a name that is taken, nor without one.
    bool renamePersona(const QString& from, const QString& to);
    void removePersona(const QString& name);
    /// What an apply would cost, in a sentence; empty when nothing.
    [[nodiscard]] QString costText() const;

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* makePersonaRow();
    void refreshPersonas();
    void refresh();
    void askForName(const QString& title,
                    const QString& name,
                    const std::function<bool(const QString&)>& use);
    [[nodiscard]] Persona entered() const;
    [[nodiscard]] QString chosenPersona() const;
    void applyTheme();

    QPointer<ChatSession> session_;
    PreferenceStore& preferences_;
    QComboBox* persona_ = nullptr;
    QPushButton* rename_ = nullptr;
    QPushButton* remove_ = nullptr;
    QHBoxLayout* buttons_ = nullptr;
    QBoxLayout* personaRow_ = nullptr;
    QVBoxLayout* column_ = nullptr;
    QWidget* personas_;
    QPlainTextEdit* prompt_;
    SamplingForm* sampling_;
    MemoryForm* memory_;
    QLabel* cost_;
};

}  // namespace epi
