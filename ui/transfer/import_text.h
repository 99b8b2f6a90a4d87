#pragma once

#include <QString>
#include <QStringList>

#include "ui/bridge/import_client.h"

namespace epi {

/// "3 images or files" and the like: what of a kind was left out.
QString leftOutText(LeftOut reason, qint64 count);

/// One word for the list: "New", "3 new messages", "In the bin", "Already here".
QString changeText(const ImportOutcome& outcome);

/// One sentence: how many chats of the file came in and how many were there.
QString resultText(const ImportResult& result);

/// What is not in the profile, and why; empty when everything is.
QStringList reportLines(const ImportSummary& summary);

}  // namespace epi
