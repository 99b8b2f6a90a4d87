#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include <QObject>
#include <QSocketNotifier>

#include "core/base/file.h"
#include "storage/profile_lock.h"

namespace epi {

/// One window per profile: the first holds a lock beside the database and listens at a pipe there; a second
/// start asks through the pipe that the window be raised, and ends. The lock is the kernel's and goes with
/// the process, so nothing stale is ever left. No socket, no network. GUI thread only.
class SingleInstance final : public QObject {
    Q_OBJECT

public:
    /// What the profile of `database` found.
    enum class Role { kFirst, kSecond };

    explicit SingleInstance(const std::filesystem::path& database, QObject* parent = nullptr);

    [[nodiscard]] Role role() const { return lock_ ? Role::kFirst : Role::kSecond; }
    /// Asks the first to raise its window; whether it was heard. `token` is the desktop's permission to take
    /// the focus (XDG_ACTIVATION_TOKEN), empty without.
    [[nodiscard]] bool askToRaise(const QByteArray& token) const;

Q_SIGNALS:
    void raiseRequested(const QByteArray& token);

private:
    void listen();
    void read();

    std::filesystem::path pipe_;
    std::optional<ProfileLock> lock_;
    FileDescriptor reading_;
    std::unique_ptr<QSocketNotifier> notifier_;
};

}  // namespace epi
