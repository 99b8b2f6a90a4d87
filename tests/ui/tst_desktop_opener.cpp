#include <QDesktopServices>
#include <QFile>
#include <QGuiApplication>
#include <QTemporaryDir>
#include <QTest>

#include "app/window/desktop_opener.h"
#include "app/window/network_ban.h"

using namespace epi;
using namespace Qt::StringLiterals;

namespace {

// Both made in main, before Qt has threads.
std::shared_ptr<Launcher> launcher;
QString folder;

}  // namespace

class TestDesktopOpener : public QObject {
    Q_OBJECT

private:
    static QByteArray recorded() {
        QFile file(folder + u"/record"_s);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

private Q_SLOTS:
    void init() { QFile::remove(folder + u"/record"_s); }

    void addressesAreOpenedOutsideOfTheBan_data() {
        QTest::addColumn<QString>("address");
        QTest::newRow("web") << u"https://example.org/a?b=c%20d&e='f'$(g)"_s;
        QTest::newRow("mail") << u"mailto:ada@example.org"_s;
        QTest::newRow("folder") << u"file:///tmp/a%20folder"_s;
    }
    void addressesAreOpenedOutsideOfTheBan() {
        QFETCH(QString, address);
        const DesktopOpener opener(launcher);
        QVERIFY(QDesktopServices::openUrl(QUrl(address)));
        const QByteArray expected = address.toLatin1() + "\nSeccomp:\t0\n";
        QTRY_COMPARE(recorded(), expected);
    }
};

int main(int argc, char** argv) {
    const QTemporaryDir made;
    folder = made.path();
    QFile program(folder + u"/xdg-open"_s);
    if (!program.open(QIODevice::WriteOnly)) return 1;
    const QByteArray record = folder.toUtf8() + "/record";
    program.write("#!/bin/sh\n{ printf '%s\\n' \"$@\"; grep Seccomp: /proc/self/status; } >" + record +
                  ".new && mv " + record + ".new " + record + "\n");
    program.close();
    program.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    qputenv("PATH", folder.toUtf8() + ":" + qgetenv("PATH"));
    auto begun = Launcher::begin();
    if (!begun || !forbidNetwork()) return 1;
    launcher = *std::move(begun);
    QGuiApplication application(argc, argv);
    TestDesktopOpener test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_desktop_opener.moc"
