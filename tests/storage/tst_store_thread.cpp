#include <atomic>
#include <future>
#include <thread>

#include <QtTest>

#include "storage/store_thread.h"
#include "tests/storage/raw_sqlite.h"

using namespace epi;
using test::databaseIn;

class TestStoreThread : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void runsTasksInTheOrderPosted() {
        const QTemporaryDir folder;
        std::vector<int> seen;
        {
            StoreThread thread(databaseIn(folder));
            for (int i = 0; i < 1000; ++i) {
                thread.post([&seen, i](Result<Store>&) { seen.push_back(i); });
            }
        }
        QCOMPARE(seen.size(), std::size_t{1000});
        QVERIFY(std::is_sorted(seen.begin(), seen.end()));
    }

    void finishesWhatWasPostedBeforeItEnds() {
        const QTemporaryDir folder;
        {
            StoreThread thread(databaseIn(folder));
            for (int i = 0; i < 20; ++i) {
                thread.post([](Result<Store>& store) {
                    if (store) static_cast<void>(store->createConversation({}));
                });
            }
        }
        auto store = Store::open(databaseIn(folder));
        QVERIFY(store);
        QVERIFY(!store->isReadOnly());
        QCOMPARE(store->conversations()->size(), std::size_t{20});
    }

    void runsTasksThatTasksPostWhileItEnds() {
        const QTemporaryDir folder;
        bool wasRun = false;
        {
            StoreThread thread(databaseIn(folder));
            thread.post([&](Result<Store>&) { thread.post([&](Result<Store>&) { wasRun = true; }); });
        }
        QVERIFY(wasRun);
    }

    void takesTasksFromManyThreads() {
        const QTemporaryDir folder;
        std::atomic<int> count = 0;
        {
            StoreThread thread(databaseIn(folder));
            std::vector<std::thread> posters;
            for (int i = 0; i < 4; ++i) {
                posters.emplace_back([&] {
                    for (int j = 0; j < 500; ++j)
                        thread.post([&](Result<Store>&) { ++count; });
                });
            }
            for (std::thread& poster : posters)
                poster.join();
        }
        QCOMPARE(count.load(), 2000);
    }

    void showsTasksWhyTheDatabaseDidNotOpen() {
        const QTemporaryDir folder;
        QVERIFY(QDir(folder.path()).mkdir("epichat.db"));
        std::promise<Error> seen;
        StoreThread thread(databaseIn(folder));
        thread.post([&](Result<Store>& store) { seen.set_value(store ? Error{} : store.error()); });
        const Error error = seen.get_future().get();
        QCOMPARE(error.code, ErrorCode::kIo);
        QVERIFY2(test::messageOf(error).contains("epichat.db"), error.message.c_str());
    }
};

QTEST_GUILESS_MAIN(TestStoreThread)
#include "tst_store_thread.moc"
