// What `epichat-cli bench` measures, on a made-up model of two layers: the engine's own code runs, and what
// is printed can be true.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <QtTest>

#include "core/base/rng.h"
#include "core/engine/benchmark/benchmarks.h"
#include "core/engine/benchmark/made_up_model.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

class TestBenchmark : public QObject {
    Q_OBJECT

    BenchSubject subject_;
    BenchSizes sizes_;

    [[nodiscard]] BenchRun run() const { return {.subject = subject_, .sizes = sizes_, .cancel = {}}; }

    /// A measured row takes time, and no limit is beaten by more than the noise of small sizes.
    static void check(const BenchRow& row) {
        QVERIFY2(row.seconds.median > 0.0, row.what.c_str());
        QVERIFY2(row.seconds.fastest <= row.seconds.median && row.seconds.median <= row.seconds.slowest,
                 row.what.c_str());
        QVERIFY2(row.unit.empty() || std::isfinite(row.rate), row.what.c_str());
        QVERIFY2(row.floorSeconds >= 0.0 && (row.floorSeconds > 0.0) == !row.limit.empty(), row.what.c_str());
    }

private Q_SLOTS:
    void initTestCase() {
        const BenchChoice choice{.shape = "tiny", .device = DeviceChoice::kCpu};
        const auto ceilings = measureBenchCeilings(choice);
        QVERIFY2(ceilings, test::why(ceilings));
        QVERIFY(ceilings->copyRate > 1e8 && ceilings->readRate > 1e8 && ceilings->matmulRate > 1e8);
        auto subject = loadBenchSubject(choice, *ceilings, {});
        QVERIFY2(subject, test::why(subject));
        subject_ = *std::move(subject);
        const auto sizes = sizesFor(
            {.history = 800, .budget = 192, .block = 128, .prompt = 32, .episodes = 3, .repeats = 2}, false);
        QVERIFY2(sizes, test::why(sizes));
        sizes_ = *sizes;
    }

    void refusesUnknownShapesAndSizesThatEvictNothing() {
        QCOMPARE(shapeById("llama-9b").error().code, ErrorCode::kInvalidArgument);
        QVERIFY(shapeById("qwen-7b"));
        QCOMPARE(sizesFor({.history = 1000, .budget = 900, .block = 100}, false).error().code,
                 ErrorCode::kInvalidArgument);
        QCOMPARE(sizesFor({.history = -1}, false).error().code, ErrorCode::kInvalidArgument);
        QCOMPARE(sizesFor({}, true)->history, std::int64_t{100000});
    }

    void writesTextsThatTokenizersGiveBack() {
        const auto tokenizer = makeUpTokenizer(1024);
        QVERIFY2(tokenizer, test::why(tokenizer));
        Rng random(1);
        const std::string text = madeUpText(random, 2, 30);
        const auto ids = (*tokenizer)->encode(text, ControlTokens::kAsText);
        QCOMPARE(ids.size(), std::size_t{30});
        QCOMPARE((*tokenizer)->decode(ids), text);
        const std::string other = "User: seaside, sea\n the seas";
        QCOMPARE((*tokenizer)->decode((*tokenizer)->encode(other, ControlTokens::kAsText)), other);
        QCOMPARE(makeUpTokenizer(300).error().code, ErrorCode::kInvalidArgument);
    }

    void measuresReplies() {
        const std::array<std::int64_t, 2> lengths{0, 200};
        const auto rows = benchmarkDecode(run(), lengths, 4);
        QVERIFY2(rows, test::why(rows));
        QCOMPARE(rows->size(), lengths.size());
        for (const BenchRow& row : *rows)
            check(row);
        QCOMPARE(rows->front().details["cache_bytes"].get<std::int64_t>(), std::int64_t{0});
        // Keys and values of 2 layers, 2 heads of 64 and 200 entries in fp16.
        QCOMPARE(rows->back().details["cache_bytes"].get<std::int64_t>(),
                 std::int64_t{2 * 2 * 2 * 64 * 200 * 2});
        // Per layer 256 x 256 twice, 128 x 256 twice, 512 x 256 three times; the output 1024 x 256; fp32.
        QCOMPARE(rows->front().details["weight_bytes"].get<std::int64_t>(),
                 std::int64_t{4} * 256 * (2 * (2 * 256 + 2 * 128 + 3 * 512) + 1024));
    }

    void measuresBlocksScoresAndCompaction() {
        const auto prefill = benchmarkPrefill(run());
        QVERIFY2(prefill, test::why(prefill));
        QCOMPARE(prefill->size(), std::size_t{1});
        check(prefill->front());
        // Linear layers of 160 rows; attention of 160 rows over 320 entries, of 32 of them scores too.
        const double linear = 2.0 * 160 * 256 * (2 * 256 + 2 * 128 + 3 * 512);
        const double attention = 256.0 * 320 * (4 * 160 + 2 * 32);
        QCOMPARE(prefill->front().details["operations"].get<double>(), 2 * (linear + attention));

        const auto score = benchmarkScore(run());
        QVERIFY2(score, test::why(score));
        check(score->front());

        const auto compaction = benchmarkCompaction(run());
        QVERIFY2(compaction, test::why(compaction));
        QCOMPARE(compaction->size(), std::size_t{3});
        for (const BenchRow& row : *compaction)
            check(row);
        // 192 entries of 2 heads of 64, keys and values, read and written, in fp16.
        const double bytes = 4.0 * 192 * 2 * 64 * 2;
        QCOMPARE((*compaction)[1].details["bytes"].get<double>(), bytes);
        QCOMPARE((*compaction)[2].details["bytes"].get<double>(), 2 * bytes);
    }

    void measuresWhatIsCachedBesideTwoPasses() {
        const auto peak = benchmarkPeak(run());
        QVERIFY2(peak, test::why(peak));
        QCOMPARE(peak->size(), std::size_t{2});
        for (const BenchRow& row : *peak)
            QVERIFY2(row.unit == "bytes" && row.rate > 0.0 && row.seconds.median == 0.0, row.what.c_str());
        // 2 layers of 2 heads of 64, keys and values in fp16: M = 192, blocks of 128, a prompt of 32.
        constexpr std::int64_t kRowBytes = 2 * 2 * 64 * 2;
        const auto bytes = [&](std::size_t row, const char* key) {
            return (*peak)[row].details[key].get<std::int64_t>() / kRowBytes;
        };
        QCOMPARE(bytes(0, "cache_bytes"), std::int64_t{2 * 192 + 192 + 128});
        QCOMPARE(bytes(0, "bytes"), std::int64_t{2 * 192 + 192 + 128 + 32});
        QCOMPARE(bytes(1, "cache_bytes"), std::int64_t{2 * (192 + 128)});
        QCOMPARE(bytes(1, "bytes"), std::int64_t{2 * (192 + 128) + 32 + 192});
        QCOMPARE(bytes(1, "released_bytes"), std::int64_t{2 * (192 + 128 + 32) + 192});
    }

    void buildsAMemoryAndSwitchesInIt() {
        auto memory = BenchMemory::create();
        QVERIFY2(memory, test::why(memory));
        QCOMPARE(benchmarkSwitch(run(), *memory).error().code, ErrorCode::kInvalidArgument);
        QCOMPARE(benchmarkSharing(run(), *memory).error().code, ErrorCode::kInvalidArgument);
        const auto built = benchmarkBuild(run(), *memory);
        QVERIFY2(built, test::why(built));
        double stages = 0.0;
        std::int64_t read = 0;
        for (const BenchRow& row : *built) {
            check(row);
            const auto stage = row.details["stage"].get<std::string>();
            if (stage == "shared") read += row.details["tokens"].get<std::int64_t>();
            if (stage == "reading") {
                const auto each = row.details["seconds_per_episode"].get<std::vector<double>>();
                QCOMPARE(each.size(), std::size_t{3});
                for (const double seconds : each)
                    stages += seconds;
                read += 3 * row.details["tokens"].get<std::int64_t>();
            } else if (stage != "all" && stage != "writing") {  // which goes on beside the others
                stages += row.seconds.median;
            }
        }
        const BenchRow& all = built->front();
        QCOMPARE(all.details["episodes"].get<int>(), 3);
        QCOMPARE(all.details["read_tokens"].get<std::int64_t>(), read);
        QVERIFY(std::abs(all.details["history"].get<double>() - 800.0) < 100.0);
        QVERIFY2(stages > 0.9 * all.seconds.median && stages <= all.seconds.median,
                 std::to_string(stages / all.seconds.median).c_str());

        const auto sharing = benchmarkSharing(run(), *memory);
        QVERIFY2(sharing, test::why(sharing));
        QCOMPARE(sharing->size(), std::size_t{2});
        for (const BenchRow& row : *sharing)
            check(row);
        QCOMPARE(sharing->back().details["differing_entries"].get<std::int64_t>(), std::int64_t{0});
        QCOMPARE(sharing->back().details["times_as_fast"].get<double>(),
                 sharing->front().seconds.median / sharing->back().seconds.median);

        const auto switches = benchmarkSwitch(run(), *memory);
        QVERIFY2(switches, test::why(switches));
        std::vector<std::string> tiers;
        for (const BenchRow& row : *switches) {
            check(row);
            tiers.push_back(row.details["tier"].get<std::string>());
            QVERIFY(row.details["first_token_seconds"].get<double>() > row.seconds.median);
        }
        QCOMPARE(tiers, (std::vector<std::string>{"device", "memory", "disk", "disk"}));

        const auto growth = benchmarkGrowth(run(), *memory);
        QVERIFY2(growth, test::why(growth));
        QCOMPARE(growth->front().details["grown_bytes"].get<std::int64_t>(), std::int64_t{0});
        QCOMPARE(growth->front().details["tokens"].get<std::int64_t>(), std::int64_t{1000});
    }

    void buildsAMemoryInOnePass() {
        auto memory = BenchMemory::create();
        QVERIFY2(memory, test::why(memory));
        BenchRun onePass = run();
        onePass.sizes.isOnePass = true;
        const auto built = benchmarkBuild(onePass, *memory);
        QVERIFY2(built, test::why(built));
        const BenchRow& all = built->front();
        const BenchRow& reading = (*built)[1];
        check(all);
        check(reading);
        QCOMPARE(reading.details["stage"].get<std::string>(), std::string("reading"));
        QCOMPARE(all.details["read_tokens"], all.details["history"]);
        QCOMPARE(reading.details["tokens"], all.details["history"]);
        QVERIFY(reading.seconds.median < all.seconds.median);
    }

    void stopsWhenItIsCancelled() {
        const BenchRun stopped = run();
        stopped.cancel.cancel();
        QCOMPARE(benchmarkPrefill(stopped).error().code, ErrorCode::kCancelled);
        QCOMPARE(benchmarkScore(stopped).error().code, ErrorCode::kCancelled);
        QCOMPARE(benchmarkCompaction(stopped).error().code, ErrorCode::kCancelled);
        QCOMPARE(benchmarkPeak(stopped).error().code, ErrorCode::kCancelled);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestBenchmark)
#include "tst_benchmark.moc"
