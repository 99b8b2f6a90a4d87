#pragma once

#include <map>

#include <QString>
#include <QWidget>

#include "ui/memory/memory_session.h"

class QLabel;
class QPushButton;

namespace epi {

class Composer;

/// Stands over the composer while one of the user's messages is edited in it, and says how to get out. What
/// was in the composer before is put away by whoever listens to `editingChanged`. GUI thread only.
class EditBanner final : public QWidget {
    Q_OBJECT

public:
    explicit EditBanner(Composer& composer, QWidget* parent = nullptr);

    /// Brings the text into the composer, or what was made of it when that was left for another chat.
    /// `lost` is what that costs the chat's memory, `before` how many messages stand before it.
    void begin(qint64 messageId, const QString& text, LostMemory lost, int before);
    /// Without sending; the message stays as it is.
    void cancel();
    /// Another chat is shown: the edited text is kept for when this message is edited again.
    void leave();
    /// The edited text was sent.
    void finish();
    [[nodiscard]] bool isEditing() const { return messageId_ != 0; }
    [[nodiscard]] qint64 messageId() const { return messageId_; }

Q_SIGNALS:
    /// With true before the composer gets the message's text, with false when the composer's own text may
    /// come back.
    void editingChanged(bool isEditing);

protected:
    void changeEvent(QEvent* event) override;

private:
    [[nodiscard]] static QString textFor(LostMemory lost, int before);
    void end();
    void applyTheme();

    Composer& composer_;
    QLabel* text_;
    QPushButton* cancel_;
    qint64 messageId_ = 0;
    std::map<qint64, QString> unfinished_;  // by message
};

}  // namespace epi
