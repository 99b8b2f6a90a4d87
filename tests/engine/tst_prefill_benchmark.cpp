// The benchmark of block prefill: what it says must hold for any number of episodes.

#include <numeric>

#include <QtTest>

#include "core/engine/prefill_benchmark.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

class TestPrefillBenchmark : public QObject {
    Q_OBJECT

    // More than the budget, so that heads are of unequal length when the next episode begins.
    const PrefillBenchmarkOptions small_{.shape = "smollm2-135m",
                                         .tokens = 160,
                                         .budget = 32,
                                         .block = 32,
                                         .prompt = 8,
                                         .episodes = 3,
                                         .level = BudgetLevel::kPair,
                                         .device = DeviceChoice::kCpu,
                                         .compute = ComputeMode::kFast,
                                         .cancel = {}};

private Q_SLOTS:
    void readsTheHistoryOncePerEpisode() {
        const auto figures = benchmarkPrefill(small_);
        QVERIFY2(figures, test::why(figures));
        const std::vector<double>& each = figures->secondsPerEpisode;
        QCOMPARE(each.size(), std::size_t{3});
        QCOMPARE(std::accumulate(each.begin(), each.end(), 0.0), figures->seconds);
        QVERIFY(figures->blockSeconds > 0.0 && figures->blockSeconds < figures->seconds);
    }

    void refusesUnknownShapesAndNothingToDo() {
        PrefillBenchmarkOptions options = small_;
        options.shape = "llama-9b";
        QCOMPARE(benchmarkPrefill(options).error().code, ErrorCode::kInvalidArgument);
        options = small_;
        options.tokens = 0;
        QCOMPARE(benchmarkPrefill(options).error().code, ErrorCode::kInvalidArgument);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestPrefillBenchmark)
#include "tst_prefill_benchmark.moc"
