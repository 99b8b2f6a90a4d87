#pragma once

#include <map>

#include <QObject>
#include <QString>
#include <QTimer>

#include "ui/bridge/store_client.h"

namespace epi {

class Composer;

/// Keeps what was written and not sent, per conversation: it is on disk within half a second, survives
/// whatever ends the program, and comes back with its conversation. GUI thread only.
class DraftKeeper final : public QObject {
    Q_OBJECT

public:
    DraftKeeper(StoreClient& store, Composer& composer, QObject* parent = nullptr);

    /// Puts away the text of the conversation shown before and brings this one's; 0 is the chat that has no
    /// row yet.
    void show(qint64 conversation);
    /// The chat without a row got one; its text stays where it is.
    void adopt(qint64 conversation);
    /// While the composer holds something else, such as a message that is edited: its text is no draft. With
    /// false the draft comes back into it.
    void setAside(bool isAside);
    /// Writes now what waits; before the window closes.
    void save();

private:
    void load(qint64 conversation);
    void onEdited();
    void bring(const QString& text);

    StoreClient& store_;
    Composer& composer_;
    QTimer saving_;
    qint64 current_ = 0;
    bool isShown_ = false;     // something was shown
    bool isAside_ = false;     // the composer's text is no draft
    bool isBringing_ = false;  // the text changes because a draft comes back
    std::map<qint64, QString> drafts_;
};

}  // namespace epi
