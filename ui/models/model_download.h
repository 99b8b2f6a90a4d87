#pragma once

#include <memory>
#include <optional>

#include <QByteArray>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <QUrl>

#include "core/base/result.h"
#include "core/process/child_process.h"
#include "core/wire/messages.h"

class QSocketNotifier;

namespace epi {

/// What fetches model files: a program of its own, as the window opens no connection.
struct DownloadTool {
    QStringList command{QStringLiteral("epichat-download")};  // program and first arguments
    std::shared_ptr<ProcessStarter> starter = directStarter();
};

struct DownloadWish {
    QUrl address;
    QString folder;
    QString name;
    QString sha256;  // empty: not known
};

struct FetchedModel {
    QString file;
    qint64 bytes = 0;
    QString sha256;
};

/// One run of the tool. Destruction stops it; what was fetched stays, and the next run for the same address
/// goes on from there. GUI thread only; nothing waits.
class ModelDownload final : public QObject {
    Q_OBJECT

public:
    explicit ModelDownload(QObject* parent = nullptr);
    ~ModelDownload() override;

    void start(const DownloadTool& tool, const DownloadWish& wish);
    /// Asks it to stop; `finished` follows, with kCancelled.
    void cancel();

Q_SIGNALS:
    void progressed(const epi::Progress& progress);
    /// Once, however it ended.
    void finished(const epi::Result<epi::FetchedModel>& result);

private:
    void readOutput();
    void readErrorOutput();
    void readLine(const QByteArray& line);
    void finishWhenEnded();

    std::optional<ChildProcess> child_;
    std::unique_ptr<QSocketNotifier> output_;
    std::unique_ptr<QSocketNotifier> errorOutput_;
    QByteArray received_;   // of a line that is not complete
    QByteArray lastWords_;  // on its error output
    std::optional<Result<FetchedModel>> result_;
    QTimer ending_;
};

}  // namespace epi
