// What "auto" becomes, which options are refused, and what the name of a memory depends on.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <QtTest>

#include "core/engine/memory_plan.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

const std::vector<TokenId> kHistory{5, 6, 7, 8};

std::string keyOf(const MemoryIdentity& identity,
                  const MemoryOptions& options,
                  const std::vector<TokenId>& history,
                  const std::vector<std::int32_t>& budgets = {1024, 1024}) {
    const auto resolved = resolveOptions(options, {100'000}, false);
    return resolved ? memoryKey(identity, *resolved, budgets, history) : "";
}

MemoryIdentity identity() {
    return {.model = "model", .embedder = "embedder", .precision = "f32"};
}

class TestMemoryPlan : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void choosesAQuarterOfTheHistoryAsBudget_data() {
        QTest::addColumn<std::int64_t>("tokens");
        QTest::addColumn<int>("budget");
        QTest::newRow("nothing") << std::int64_t{0} << 1024;
        QTest::newRow("the least") << std::int64_t{4096} << 1024;
        QTest::newRow("one more") << std::int64_t{4100} << 1280;
        QTest::newRow("rounded up to 256") << std::int64_t{10'000} << 2560;
        QTest::newRow("the most") << std::int64_t{16'384} << 4096;
        QTest::newRow("no more than the most") << std::int64_t{1'000'000} << 4096;
    }
    void choosesAQuarterOfTheHistoryAsBudget() {
        QFETCH(std::int64_t, tokens);
        QFETCH(int, budget);
        const auto resolved = resolveOptions({}, {tokens}, false);
        QVERIFY2(resolved, test::why(resolved));
        QCOMPARE(resolved->options.budget, budget);
    }

    void choosesABudgetThatHoldsWhatAlwaysStays_data() {
        QTest::addColumn<std::string>("preset");
        QTest::addColumn<HistorySize>("size");
        QTest::addColumn<int>("budget");
        const std::string safe = "epichat";  // pins the prefix and the last 64
        QTest::newRow("a short prefix") << safe << HistorySize{3000, 400} << 1024;
        QTest::newRow("a long prefix") << safe << HistorySize{3000, 1500} << 2304;
        QTest::newRow("pinned messages") << safe << HistorySize{3000, 20, 1000} << 1792;
        QTest::newRow("a long history") << safe << HistorySize{16'000, 1500} << 4096;
        QTest::newRow("more than the most") << safe << HistorySize{16'000, 5000} << 5632;
        // A prefix that is not pinned is there to be read at least.
        QTest::newRow("nothing pinned") << std::string("epicache-paper") << HistorySize{3000, 1500} << 2048;
    }
    void choosesABudgetThatHoldsWhatAlwaysStays() {
        QFETCH(std::string, preset);
        QFETCH(HistorySize, size);
        QFETCH(int, budget);
        const auto resolved = resolveOptions({.preset = preset}, size, false);
        QVERIFY2(resolved, test::why(resolved));
        QCOMPARE(resolved->options.budget, budget);
    }

    void isDenseWithoutATurn() {
        QVERIFY(resolveOptions({}, {1500, 1500}, false)->isDense);
        const auto unpinned =
            resolveOptions({.preset = "epicache-paper", .budget = 1024}, {1500, 1500}, false);
        QVERIFY(unpinned->isDense);
        QCOMPARE(unpinned->options.budget, 1500);
        // Refused where a prefix that always stays is longer than what was asked for.
        QVERIFY(!resolveOptions({.budget = 1024}, {1500, 1500}, false)->isDense);
    }

    void choosesLongerBlocksOnAGpu() {
        QCOMPARE(resolveOptions({}, {10'000}, false)->options.block, 1024);
        QCOMPARE(resolveOptions({}, {10'000}, true)->options.block, 4096);
    }

    void keepsATailOfABlockBehindAChat() {
        const auto tailOf = [](std::int32_t block) {
            return tailRows(*resolveOptions({.block = block}, {10'000}, true));
        };
        QCOMPARE(tailOf(33), 33);
        QCOMPARE(tailOf(2048), 2048);
        QCOMPARE(tailOf(0), 2048);
        QCOMPARE(tailOf(16'384), 2048);
    }

    void keepsWhatIsAskedFor() {
        const auto resolved =
            resolveOptions({.budget = 300, .block = 33, .level = BudgetLevel::kPairUniform}, {10'000}, true);
        QVERIFY2(resolved, test::why(resolved));
        QCOMPARE(resolved->options.budget, 300);
        QCOMPARE(resolved->options.block, 33);
        QVERIFY(resolved->level == BudgetLevel::kPairUniform);
    }

    void isDenseExactlyWhileTheHistoryFitsTheBudget() {
        QVERIFY(resolveOptions({.budget = 300}, {300}, false)->isDense);
        QVERIFY(!resolveOptions({.budget = 300}, {301}, false)->isDense);
    }

    void resolvesWhatItResolvedToItself() {
        const auto once = resolveOptions({}, {10'000}, false);
        const auto twice = resolveOptions(once->options, {10'000}, false);
        QVERIFY(once->options == twice->options);
    }

    void namesAnOptionOutOfItsRange_data() {
        QTest::addColumn<MemoryOptions>("options");
        QTest::addColumn<std::string>("name");
        QTest::newRow("preset") << MemoryOptions{.preset = "none"} << std::string("'none'");
        QTest::newRow("budget") << MemoryOptions{.budget = -1} << std::string("budget is -1");
        QTest::newRow("large budget") << MemoryOptions{.budget = 1 << 25} << std::string("budget is");
        QTest::newRow("block") << MemoryOptions{.block = -7} << std::string("block is -7");
        QTest::newRow("episodes") << MemoryOptions{.episodes = -1} << std::string("episodes is -1");
        QTest::newRow("many episodes") << MemoryOptions{.episodes = 65} << std::string("episodes is 65");
        QTest::newRow("segments") << MemoryOptions{.segmentUtterances = 0}
                                  << std::string("segment utterances is 0");
        QTest::newRow("representatives")
            << MemoryOptions{.representatives = 0} << std::string("representatives is 0");
        QTest::newRow("score") << MemoryOptions{.score = "attention +"} << std::string("a name expected");
        QTest::newRow("unknown scorer") << MemoryOptions{.score = "luck"} << std::string("'luck'");
        QTest::newRow("unknown parameter")
            << MemoryOptions{.score = "keydiff(window=3)"} << std::string("no parameter 'window'");
        QTest::newRow("parameter out of range")
            << MemoryOptions{.score = "snapkv(window=0)"} << std::string("window is 0");
        QTest::newRow("two that keep scores")
            << MemoryOptions{.score = "kvzip + kvzip"} << std::string("only one term");
        QTest::newRow("head floor") << MemoryOptions{.headFloor = 1.5} << std::string("head floor is 1.5");
        QTest::newRow("patch tokens")
            << MemoryOptions{.patchTokens = 15} << std::string("patch tokens is 15");
        QTest::newRow("union margin")
            << MemoryOptions{.online = {.unionMargin = -0.1}} << std::string("union margin is -0.1");
    }
    void namesAnOptionOutOfItsRange() {
        QFETCH(MemoryOptions, options);
        QFETCH(std::string, name);
        const auto resolved = resolveOptions(options, {10'000}, false);
        QVERIFY(test::failsWith(resolved, ErrorCode::kInvalidArgument));
        QVERIFY2(resolved.error().message.find(name) != std::string::npos, test::why(resolved));
    }

    void givesAnotherKeyForEveryField() {
        const std::vector<std::function<std::string()>> keys{
            [] { return keyOf(identity(), {}, kHistory); },
            [] {
                return keyOf({.model = "other", .embedder = "embedder", .precision = "f32"}, {}, kHistory);
            },
            [] { return keyOf({.model = "model", .embedder = "other", .precision = "f32"}, {}, kHistory); },
            [] {
                return keyOf({.model = "model", .embedder = "embedder", .precision = "bf16"}, {}, kHistory);
            },
            [] {
                return keyOf({.model = "modele", .embedder = "mbedder", .precision = "f32"}, {}, kHistory);
            },
            [] {
                MemoryIdentity narrated = identity();
                narrated.layout = HistoryLayout::kNarrated;
                return keyOf(narrated, {}, kHistory);
            },
            [] {
                MemoryIdentity other = identity();
                other.conversation = "other";
                return keyOf(other, {}, kHistory);
            },
            [] {
                MemoryIdentity other = identity();
                other.uid = "other";
                return keyOf(other, {}, kHistory);
            },
            [] { return keyOf(identity(), {.preset = "epicache-released"}, kHistory); },
            [] { return keyOf(identity(), {.budget = 512}, kHistory); },
            [] { return keyOf(identity(), {.block = 100}, kHistory); },
            [] { return keyOf(identity(), {.episodes = 3}, kHistory); },
            [] { return keyOf(identity(), {.level = BudgetLevel::kPair}, kHistory); },
            [] { return keyOf(identity(), {.segmentUtterances = 5}, kHistory); },
            [] { return keyOf(identity(), {.representatives = 5}, kHistory); },
            [] { return keyOf(identity(), {.patchTokens = 100}, kHistory); },
            [] { return keyOf(identity(), {.seed = 1}, kHistory); },
            [] { return keyOf(identity(), {.score = "keydiff"}, kHistory); },
            [] { return keyOf(identity(), {.headFloor = 0.5}, kHistory); },
            [] {
                MemoryIdentity other = identity();
                other.prompts = "other";
                return keyOf(other, {}, kHistory);
            },
            [] {
                return keyOf(identity(), {}, kHistory, {1000, 1048});
            },
            [] { return keyOf(identity(), {.codec = CacheCodec::kInt8}, kHistory); },
            [] { return keyOf(identity(), {.positions = PositionMode::kKeep}, kHistory); },
            [] {
                return keyOf(identity(), {}, {5, 6, 7});
            },
            [] {
                return keyOf(identity(), {}, {5, 6, 8, 7});
            },
        };
        std::set<std::string> seen;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const std::string key = keys[i]();
            QCOMPARE(key.size(), std::size_t{64});
            QCOMPARE(keys[i](), key);
            QVERIFY2(seen.insert(key).second, std::to_string(i).c_str());
        }
    }

    void givesTheSameKeyHoweverTheMemoryIsUsed() {
        QCOMPARE(keyOf(identity(), {.online = {.unionMargin = 0.1, .newEpisodeBelow = 0.2}}, kHistory),
                 keyOf(identity(), {}, kHistory));
    }

    void givesTheSameKeyForAutoAndWhatItBecomes() {
        const auto resolved = resolveOptions({}, {100'000}, false);
        QCOMPARE(keyOf(identity(), {}, kHistory), keyOf(identity(), resolved->options, kHistory));
    }

    void namesEachEpisodeByItsMemory() {
        QCOMPARE(episodeKey("abc", 0), std::string("abc-0"));
        QVERIFY(episodeKey("abc", 1) != episodeKey("abc", 11));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestMemoryPlan)
#include "tst_memory_plan.moc"
