#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/window/single_instance.h"
#include "ui/bridge/text.h"

using namespace epi;

class TestSingleInstance : public QObject {
    Q_OBJECT

private:
    static std::filesystem::path databaseIn(const QTemporaryDir& folder) {
        return toUtf8(folder.path()) + "/epichat.db";
    }

private Q_SLOTS:
    void aSecondStartRaisesTheFirst() {
        const QTemporaryDir folder;
        SingleInstance first(databaseIn(folder));
        QCOMPARE(first.role(), SingleInstance::Role::kFirst);
        QSignalSpy raised(&first, &SingleInstance::raiseRequested);
        const SingleInstance second(databaseIn(folder));
        QCOMPARE(second.role(), SingleInstance::Role::kSecond);
        QVERIFY(second.askToRaise("token\nwith a line end"));
        QTRY_COMPARE(raised.count(), 1);
        QCOMPARE(raised.first().first().toByteArray(), QByteArray("tokenwith a line end"));
    }

    void theNextIsFirstWhenTheFirstHasGone() {
        const QTemporaryDir folder;
        {
            const SingleInstance first(databaseIn(folder));
            QCOMPARE(first.role(), SingleInstance::Role::kFirst);
        }
        const SingleInstance next(databaseIn(folder));
        QCOMPARE(next.role(), SingleInstance::Role::kFirst);
    }

    void profilesDoNotMeet() {
        const QTemporaryDir one;
        const QTemporaryDir other;
        const SingleInstance first(databaseIn(one));
        const SingleInstance second(databaseIn(other));
        QCOMPARE(first.role(), SingleInstance::Role::kFirst);
        QCOMPARE(second.role(), SingleInstance::Role::kFirst);
    }

    void askingNobodyReturnsAtOnce() {
        const QTemporaryDir folder;
        const SingleInstance first(databaseIn(folder));
        const SingleInstance second(databaseIn(folder));
        QVERIFY(QFile::remove(QString::fromStdString(databaseIn(folder).string() + ".window")));
        QVERIFY(!second.askToRaise({}));
    }
};

QTEST_GUILESS_MAIN(TestSingleInstance)
#include "tst_single_instance.moc"
