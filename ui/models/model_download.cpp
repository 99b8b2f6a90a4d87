#include "ui/models/model_download.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include <QJsonDocument>
#include <QJsonObject>
#include <QSocketNotifier>

#include "core/base/printable.h"
#include "ui/bridge/text.h"

#include <unistd.h>

namespace epi {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qsizetype kLongestLine = 65536;
constexpr qsizetype kLastWords = 2048;
constexpr auto kStopGrace = 500ms;
constexpr auto kEndingStep = 10ms;

/// What can be read now is appended; false at the end.
bool readSome(int descriptor, QByteArray& to) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count > 0) {
            to.append(buffer.data(), count);
        } else if (count == 0 || errno != EINTR) {
            return count < 0 && errno == EAGAIN;
        }
    }
}

/// A program that has ended already is reported when its output is read, not by a signal.
void writeQuietly(int descriptor, const QByteArray& line) {
    sigset_t broken;
    sigset_t before;
    ::sigemptyset(&broken);
    ::sigaddset(&broken, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken, &before);
    const ssize_t count = ::write(descriptor, line.constData(), static_cast<std::size_t>(line.size()));
    const timespec now{};
    if (count < 0 && errno == EPIPE) ::sigtimedwait(&broken, nullptr, &now);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Progress progressOf(const QJsonObject& object) {
    return {.phase = toUtf8(object[u"phase"_s].toString()),
            .done = object[u"done"_s].toInteger(),
            .total = object[u"total"_s].toInteger(),
            .unit = "bytes",
            .perSecond = object[u"per_second"_s].toDouble()};
}

}  // namespace

ModelDownload::ModelDownload(QObject* parent) : QObject(parent) {
    ending_.setInterval(kEndingStep);
    connect(&ending_, &QTimer::timeout, this, &ModelDownload::finishWhenEnded);
}

ModelDownload::~ModelDownload() {
    if (!child_) return;
    child_->terminate();
    child_->end(kStopGrace);
}

void ModelDownload::start(const DownloadTool& tool, const DownloadWish& wish) {
    QStringList command = tool.command;
    command << u"--to"_s << wish.folder << u"--name"_s << wish.name << u"--json-progress"_s;
    if (!wish.sha256.isEmpty()) command << u"--sha256"_s << wish.sha256;
    command << u"-"_s;
    std::vector<std::string> arguments;
    for (const QString& argument : command)
        arguments.push_back(toUtf8(argument));
    auto started = ChildProcess::start(arguments, *tool.starter);
    if (!started) {
        result_ = std::move(started).error();
        QTimer::singleShot(0, this, [this] {
            Q_EMIT
            finished(*result_);
        });
        return;
    }
    child_.emplace(*std::move(started));
    // Addresses may hold secrets, and everybody on this computer may read a program's arguments.
    writeQuietly(child_->input(), wish.address.toEncoded(QUrl::RemoveFragment) + '\n');
    output_ = std::make_unique<QSocketNotifier>(child_->output(), QSocketNotifier::Read);
    errorOutput_ = std::make_unique<QSocketNotifier>(child_->errorOutput(), QSocketNotifier::Read);
    connect(output_.get(), &QSocketNotifier::activated, this, &ModelDownload::readOutput);
    connect(errorOutput_.get(), &QSocketNotifier::activated, this, &ModelDownload::readErrorOutput);
}

void ModelDownload::cancel() {
    if (child_) child_->terminate();
}

void ModelDownload::readOutput() {
    const bool isOpen = readSome(child_->output(), received_);
    qsizetype end = 0;
    while ((end = received_.indexOf('\n')) >= 0) {
        readLine(received_.left(end));
        received_.remove(0, end + 1);
    }
    if (received_.size() > kLongestLine) received_.clear();
    if (isOpen) return;
    output_->setEnabled(false);
    ending_.start();
}

void ModelDownload::readErrorOutput() {
    if (!readSome(child_->errorOutput(), lastWords_)) errorOutput_->setEnabled(false);
    lastWords_ = lastWords_.right(kLastWords);
}

void ModelDownload::readLine(const QByteArray& line) {
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    if (object.contains(u"progress"_s)) {
        Q_EMIT
        progressed(progressOf(object[u"progress"_s].toObject()));
    } else if (object.contains(u"done"_s)) {
        const QJsonObject done = object[u"done"_s].toObject();
        result_ = FetchedModel{.file = done[u"file"_s].toString(),
                               .bytes = done[u"bytes"_s].toInteger(),
                               .sha256 = done[u"sha256"_s].toString()};
    } else if (object.contains(u"error"_s)) {
        const QJsonObject error = object[u"error"_s].toObject();
        result_ = Error{errorCodeFromName(toUtf8(error[u"code"_s].toString())),
                        toUtf8(error[u"message"_s].toString())};
    }
}

void ModelDownload::finishWhenEnded() {
    const auto ending = child_->waitFor(0ms);
    if (!ending) return;
    ending_.stop();
    if (errorOutput_->isEnabled()) readErrorOutput();
    if (!result_) {
        std::string message = "the download program stopped: " + *ending;
        const std::string words = lastWords_.trimmed().toStdString();
        if (!words.empty()) message += ": " + printable(words, kMaxPrintablePath);
        result_ = Error{ErrorCode::kIo, message};
    }
    Q_EMIT
    finished(*result_);
}

}  // namespace epi
