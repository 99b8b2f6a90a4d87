#pragma once

#include <memory>

#include <QObject>
#include <QPointer>
#include <QSet>
#include <QString>

#include "ui/bridge/background.h"
#include "ui/chat/message_model.h"
#include "ui/chat/message_selection.h"
#include "ui/markdown/document.h"

namespace epi {

inline const QString kBetweenMessages = QStringLiteral("\n\n");

/// What a selection takes of a message: of what it shows, or of how it was written, markup included. Any
/// thread.
QString selectedPart(const markdown::Document& document, markdown::Range range, bool isSource);

/// Copies a selection of any length: page after page is read and turned into text beside the window. GUI
/// thread only.
class SelectionCopier final : public QObject {
    Q_OBJECT

public:
    struct Manner {
        bool isSource = false;
        QSet<qint64> sourceShown{};  // messages that show how they were written
    };

    explicit SelectionCopier(QObject* parent = nullptr);
    ~SelectionCopier() override;

    /// Ends the copy before, if it is still under way.
    void start(MessageModel& model, const MessageSelection& selection, Manner manner);

Q_SIGNALS:
    /// So many messages are in the clipboard; 0: none, because the chat has changed in between.
    void ended(int messages);

private:
    struct Job;
    void readNext(const std::shared_ptr<Job>& job);

    std::shared_ptr<Job> job_;
    Background background_;
};

}  // namespace epi
