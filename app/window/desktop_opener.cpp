#include "app/window/desktop_opener.h"

#include <array>
#include <string>
#include <vector>

#include <QDesktopServices>

#include "core/base/log.h"
#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

const std::array kSchemes{u"http"_s, u"https"_s, u"mailto"_s, u"file"_s};

}  // namespace

DesktopOpener::DesktopOpener(std::shared_ptr<Launcher> launcher, QObject* parent)
    : QObject(parent), launcher_(std::move(launcher)) {
    for (const QString& scheme : kSchemes)
        QDesktopServices::setUrlHandler(scheme, this, "open");
}

DesktopOpener::~DesktopOpener() {
    for (const QString& scheme : kSchemes)
        QDesktopServices::unsetUrlHandler(scheme);
}

void DesktopOpener::open(const QUrl& url) {
    const std::string address = url.toEncoded().toStdString();
    Result<void> opened = Error{};
    for (const std::vector<std::string>& opener : {std::vector<std::string>{"xdg-open"}, {"gio", "open"}}) {
        std::vector<std::string> command = opener;
        command.push_back(address);
        opened = launcher_->startDetached(command);
        if (opened) return;
    }
    logWarning("nothing was opened: " + opened.error().message + " (xdg-open is in the package xdg-utils)");
}

}  // namespace epi
