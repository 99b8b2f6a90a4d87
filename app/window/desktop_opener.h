#pragma once

#include <memory>

#include <QObject>
#include <QUrl>

#include "core/process/launcher.h"

namespace epi {

/// Opens addresses and folders for QDesktopServices::openUrl with the desktop's programs, started by the
/// launcher: a browser that the window started itself would have no network either. GUI thread only.
class DesktopOpener final : public QObject {
    Q_OBJECT

public:
    explicit DesktopOpener(std::shared_ptr<Launcher> launcher, QObject* parent = nullptr);
    ~DesktopOpener() override;

public Q_SLOTS:
    void open(const QUrl& url);

private:
    std::shared_ptr<Launcher> launcher_;
};

}  // namespace epi
