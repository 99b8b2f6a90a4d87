#pragma once

#include <utility>
#include <vector>

#include <QCoreApplication>
#include <QDialog>
#include <QString>

#include "ui/chat/message_model.h"

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
    ReplyDetailsDialog(const MessageItem& item, QWidget* parent);

Q_SIGNALS:
    void episodeRequested(int episode);
};

}  // namespace epi
