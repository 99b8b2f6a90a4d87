#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <QtTest>

#include "app/window/network_ban.h"
#include "core/process/child_process.h"
#include "core/process/launcher.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace epi;
using namespace std::chrono_literals;

namespace {

// Forked in main, before the ban.
std::shared_ptr<Launcher> launcher;

/// 0 when a socket of that family can be made, else the error.
int trySocket(int family) {
    const int descriptor = ::socket(family, SOCK_STREAM, 0);
    if (descriptor < 0) return errno;
    ::close(descriptor);
    return 0;
}

std::string statusLine(const std::string& name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
    }
    return {};
}

}  // namespace

class TestNetworkBan : public QObject {
    Q_OBJECT

private:
    static std::optional<std::string> endingOfSocketProgram(ProcessStarter& starter) {
        const std::vector<std::string> command{
            QCoreApplication::applicationFilePath().toStdString(), "--socket", std::to_string(AF_INET)};
        auto child = ChildProcess::start(command, starter);
        return child ? child->waitFor(60s) : std::nullopt;
    }

private Q_SLOTS:
    void theKernelRefusesEverySocketThatIsNotLocal_data() {
        QTest::addColumn<int>("family");
        QTest::newRow("IPv4") << AF_INET;
        QTest::newRow("IPv6") << AF_INET6;
        QTest::newRow("netlink") << AF_NETLINK;
        QTest::newRow("packets") << AF_PACKET;
        QTest::newRow("virtual machines") << AF_VSOCK;
        QTest::newRow("Bluetooth") << AF_BLUETOOTH;
    }
    void theKernelRefusesEverySocketThatIsNotLocal() {
        QFETCH(int, family);
        QCOMPARE(trySocket(family), EACCES);
        int inThread = 0;
        std::thread([&] { inThread = trySocket(family); }).join();
        QCOMPARE(inThread, EACCES);
    }

    void socketsOfThisComputerStay() {
        QCOMPARE(trySocket(AF_UNIX), 0);
        int ends[2];
        QCOMPARE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        ::close(ends[0]);
        ::close(ends[1]);
    }

    void theWayAroundIsClosedToo() {
        QCOMPARE(::syscall(SYS_io_uring_setup, 1, nullptr), -1L);
        QCOMPARE(errno, EACCES);
    }

    void theSystemShowsIt() {
        QCOMPARE(statusLine("Seccomp"), std::string("\t2"));
        QCOMPARE(statusLine("NoNewPrivs"), std::string("\t1"));
    }

    void programsOfTheLauncherAreFree() {
        QCOMPARE(endingOfSocketProgram(*launcher), std::optional<std::string>("exit code 0"));
        QCOMPARE(endingOfSocketProgram(*directStarter()),
                 std::optional<std::string>("exit code " + std::to_string(EACCES)));
    }

    void knowsWhichDisplaysNeedTheNetwork_data() {
        QTest::addColumn<std::string>("platform");
        QTest::addColumn<std::string>("display");
        QTest::addColumn<bool>("isNeeded");
        const auto row = [](const char* name, const char* platform, const char* display, bool isNeeded) {
            QTest::newRow(name) << std::string(platform) << std::string(display) << isNeeded;
        };
        row("here", "", ":0", false);
        row("here, with a screen", "", ":1.0", false);
        row("by name of the socket", "", "unix:0", false);
        row("host and socket", "xcb", "box/unix:0", false);
        row("path of the socket", "", "/tmp/launch-1/org.x:0", false);
        row("nothing", "", "", false);
        row("no display", "", "wayland-0", false);
        row("ssh -X", "", "localhost:10.0", true);
        row("another machine", "xcb", "box:0", true);
        row("an address", "", "192.0.2.1:0", true);
        row("an address of version 6", "", "[2001:db8::1]:0", true);
        row("no X11", "wayland", "localhost:10.0", false);
        row("no display at all", "offscreen", "box:0", false);
        row("perhaps X11", "wayland;xcb", "box:0", true);
    }
    void knowsWhichDisplaysNeedTheNetwork() {
        QFETCH(std::string, platform);
        QFETCH(std::string, display);
        QTEST(displayNeedsNetwork(platform, display), "isNeeded");
    }
};

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "--socket") == 0) return trySocket(std::atoi(argv[2]));
    auto begun = Launcher::begin();
    if (!begun) return 1;
    launcher = *std::move(begun);
    if (auto forbidden = forbidNetwork(); !forbidden) {
        qCritical("%s", forbidden.error().message.c_str());
        return 1;
    }
    QCoreApplication application(argc, argv);
    TestNetworkBan test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_network_ban.moc"
