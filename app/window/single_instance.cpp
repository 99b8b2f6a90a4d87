#include "app/window/single_instance.h"

#include <array>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace epi {

namespace {

constexpr std::size_t kLongestMessage = 512;  // less than PIPE_BUF: a message is written as a whole

}  // namespace

SingleInstance::SingleInstance(const std::filesystem::path& database, QObject* parent)
    : QObject(parent), pipe_(database.string() + ".window") {
    std::error_code failure;  // what cannot be made is reported when the database is opened
    if (database.has_parent_path()) std::filesystem::create_directories(database.parent_path(), failure);
    auto taken = ProfileLock::tryTake(database.string() + ".window-lock");
    if (taken) lock_ = *std::move(taken);
    if (lock_) listen();
}

void SingleInstance::listen() {
    ::unlink(pipe_.c_str());  // of a window that did not end by itself; we hold the lock
    if (::mkfifo(pipe_.c_str(), S_IRUSR | S_IWUSR) != 0) return;
    // Open for writing too, or it would end with every writer.
    reading_ = FileDescriptor(::open(pipe_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!reading_.isOpen()) return;
    notifier_ = std::make_unique<QSocketNotifier>(reading_.get(), QSocketNotifier::Read);
    connect(notifier_.get(), &QSocketNotifier::activated, this, &SingleInstance::read);
}

void SingleInstance::read() {
    std::array<char, kLongestMessage> buffer{};
    const ssize_t count = ::read(reading_.get(), buffer.data(), buffer.size());
    if (count <= 0) return;
    const QByteArray message(buffer.data(), static_cast<qsizetype>(count));
    const qsizetype end = message.indexOf('\n');
    Q_EMIT
    raiseRequested(end >= 0 ? message.left(end) : QByteArray());
}

bool SingleInstance::askToRaise(const QByteArray& token) const {
    // Never waits: without a reader this fails at once.
    const FileDescriptor writing(::open(pipe_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (!writing.isOpen()) return false;
    QByteArray message = token.left(static_cast<qsizetype>(kLongestMessage) - 1);
    message.replace('\n', "");
    message += '\n';
    return ::write(writing.get(), message.constData(), static_cast<std::size_t>(message.size())) ==
           message.size();
}

}  // namespace epi
