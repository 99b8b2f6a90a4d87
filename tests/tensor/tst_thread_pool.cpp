// Regions of a pool: every index once, whatever the threads do.

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <QtTest>

#include "core/tensor/cpu/thread_pool.h"

namespace epi::cpu {
namespace {

class TestThreadPool : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void callsEveryIndexOnce_data() {
        QTest::addColumn<int>("threads");
        for (const int threads : {1, 2, 5})
            QTest::addRow("%d threads", threads) << threads;
    }
    void callsEveryIndexOnce() {
        QFETCH(int, threads);
        ThreadPool pool(threads);
        QCOMPARE(pool.threads(), threads);
        for (const std::int64_t count : {0, 1, 2, 3, 100, 5000}) {
            std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
            pool.run(count, [&](std::int64_t index) { ++calls[static_cast<std::size_t>(index)]; });
            for (const auto& call : calls)
                QCOMPARE(call.load(), 1);
        }
    }

    void keepsManyShortRegionsApart() {
        ThreadPool pool(4);
        for (std::int64_t region = 0; region < 20000; ++region) {
            std::atomic<std::int64_t> sum{0};
            const std::int64_t count = 2 + region % 5;
            pool.run(count, [&](std::int64_t index) { sum += region + index; });
            QCOMPARE(sum.load(), count * region + count * (count - 1) / 2);
        }
    }

    void wakesThreadsThatFellAsleep() {
        ThreadPool pool(2);
        for (int round = 0; round < 20; ++round) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            // Both indices wait for each other: one thread alone would never end.
            std::atomic<int> arrived{0};
            pool.run(2, [&](std::int64_t) {
                ++arrived;
                while (arrived < 2)
                    std::this_thread::yield();
            });
            QCOMPARE(arrived.load(), 2);
        }
    }

    void endsWithoutHavingRun() {
        for (int round = 0; round < 200; ++round)
            const ThreadPool pool(3);
    }
};

}  // namespace
}  // namespace epi::cpu

QTEST_GUILESS_MAIN(epi::cpu::TestThreadPool)
#include "tst_thread_pool.moc"
