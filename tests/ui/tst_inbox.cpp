#include <thread>

#include <QCoreApplication>
#include <QTest>

#include "ui/bridge/inbox.h"

class TestInbox : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void handsOverEverythingInOrderAndInFewCalls() {
        constexpr int kItems = 20'000;
        std::vector<int> received;
        int calls = 0;
        epi::Inbox<int> inbox(this, [&](std::vector<int> items) {
            ++calls;
            received.insert(received.end(), items.begin(), items.end());
        });
        std::thread pusher([&inbox] {
            for (int i = 0; i < kItems; ++i)
                inbox.push(i);
        });
        pusher.join();
        QCoreApplication::sendPostedEvents(this);
        QCOMPARE(calls, 1);
        QCOMPARE(received.size(), std::size_t{kItems});
        for (int i = 0; i < kItems; ++i)
            QCOMPARE(received[static_cast<std::size_t>(i)], i);
    }

    void wakesAgainAfterItWasEmptied() {
        std::vector<int> received;
        epi::Inbox<int> inbox(this, [&](std::vector<int> items) { received = std::move(items); });
        inbox.push(1);
        QCoreApplication::sendPostedEvents(this);
        inbox.push(2);
        QCoreApplication::sendPostedEvents(this);
        QCOMPARE(received, std::vector<int>{2});
    }
};

QTEST_GUILESS_MAIN(TestInbox)
#include "tst_inbox.moc"
