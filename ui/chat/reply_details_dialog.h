#pragma once

#include <utility>
#include <vector>

#include <QCoreApplication>
#include <QDialog>
#include <QString>

#include "ui/chat/message_model.h"

class QPushButton;

namespace epi {

/// What is known about how a reply came about; what was not recorded is left out. It says which tokens were
/// there, not which of them the reply is due to.
class ReplyReport {
    Q_DECLARE_TR_FUNCTIONS(epi::ReplyReport)

public:
    /// Pairs of what and how much.
    static std::vector<std::pair<QString, QString>> rows(const MessageItem& item);
    /// The same as lines of text.
    static QString text(const MessageItem& item);

private:
    static QString tierText(const QString& tier);
    static QString reasonText(const MessageItem& item);
};

/// Shows a reply's report; not modal in what it stops: it can stay open while the chat goes on.
class ReplyDetailsDialog final : public QDialog {
    Q_OBJECT

public:
    /// A message that was quoted to the model, as a line.
    struct Quote {
        qint64 messageId = 0;
        QString text;
    };
    ReplyDetailsDialog(const MessageItem& item, const std::vector<Quote>& quotes, QWidget* parent);

Q_SIGNALS:
    void episodeRequested(int episode);
    void messageRequested(qint64 messageId);

private:
    /// Opens a menu of the quoted messages; choosing one leads to it.
    QPushButton* quotesButton(const std::vector<Quote>& quotes);
};

}  // namespace epi
