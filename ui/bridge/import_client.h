#pragma once

#include <filesystem>

#include <QObject>
#include <QString>
#include <QThreadPool>

#include "core/eval/importer.h"
#include "ui/bridge/inbox.h"

namespace epi {

/// Reads files with the importers on a thread of its own, one after the other. GUI thread only.
class ImportClient final : public QObject {
    Q_OBJECT

public:
    explicit ImportClient(QObject* parent = nullptr);

    void read(const QString& path);

Q_SIGNALS:
    void readFile(const QString& path, const epi::ImportReport& report);
    void failed(const QString& path, const epi::Error& error);

private:
    struct Outcome {
        QString path;
        Result<ImportReport> report;
    };

    Inbox<Outcome> outcomes_;
    QThreadPool pool_;  // last: its thread ends before the inbox it fills is gone
};

}  // namespace epi
