// The tiers of episode caches as beside a GPU, on the CPU: the driver is a stand-in that counts.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/core/Tensor.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/episode_store.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"
#include "tests/support/counting_lock.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

namespace fs = std::filesystem;
using test::CountingLock;

constexpr std::int32_t kEpisodes = 4;
constexpr std::int64_t kPlenty = std::int64_t{1} << 40;

class TestEpisodeStore : public QObject {
    Q_OBJECT

    [[nodiscard]] fs::path folder() const { return folder_->path().toStdString(); }
    [[nodiscard]] BuildContext context() const {
        return {.model = *model_,
                .embedder = nullptr,
                .chatTemplate = chatTemplate_,
                .profile = nullptr,
                .wording = wording_,
                .cacheFolder = folder(),
                .progress = {},
                .notice = {},
                .cancel = {}};
    }
    /// A memory of episodes of one turn, as built, in files.
    void build() {
        conversation_ = {};
        conversation_.name = "talk";
        conversation_.text.turns = {{.id = 1, .text = "history"}};
        conversation_.history.ids = test::randomTokens(320, 1);
        conversation_.history.turns = {{.turnId = 1, .endToken = 320}};
        BuiltMemory memory;
        memory.key = std::string(64, 'a');
        memory.resolved.score = "attention";
        memory.resolved.options.budget = 128;
        memory.resolved.options.block = 64;
        memory.builtTurns = 1;
        memory.layerBudgets.assign(2, 128);
        for (std::uint32_t episode = 0; episode < kEpisodes; ++episode)
            memory.episodes.emplace_back().prompt = test::randomTokens(16, 10 + episode);
        conversation_.memory = std::move(memory);
        for (std::int32_t episode = 0; episode < kEpisodes; ++episode) {
            auto built = rebuildEpisode(context(), conversation_, *conversation_.memory, episode, peak_);
            QVERIFY2(built, test::why(built));
            built_.push_back(*std::move(built));
        }
    }
    [[nodiscard]] std::int64_t deviceBytes(std::int64_t caches) const {
        return caches * cacheBytes(*model_, *conversation_.memory);
    }
    /// Of a cache as built, in a block.
    [[nodiscard]] std::int64_t blockBytes() const {
        KvCache cache = *makeCache(*model_, *conversation_.memory, const_cast<MemoryPeak&>(peak_));
        if (!cache.restore(built_.front())) qFatal("it fits");
        return HostBlock::roundedUp(cache.snapshotBytes());
    }
    /// The block and what is noted of the entries.
    [[nodiscard]] std::int64_t copyBytes() const {
        return blockBytes() + built_.front().allocatedBytes() - built_.front().bytes();
    }
    /// Opens an episode and compares it with what was built.
    void check(EpisodeStore& store, std::int32_t episode, CacheTier tier) {
        const auto opened = store.open(context(), conversation_, episode, peak_);
        QVERIFY2(opened, test::why(opened));
        QCOMPARE(name(opened->tier), name(tier));
        const KvSnapshot found = opened->cache->snapshot();
        const KvSnapshot& expected = built_[static_cast<std::size_t>(episode)];
        for (std::size_t layer = 0; layer < found.layers.size(); ++layer) {
            QCOMPARE(found.layers[layer].positions, expected.layers[layer].positions);
            QVERIFY(found.layers[layer].keys.equal(expected.layers[layer].keys));
            QVERIFY(found.layers[layer].values.equal(expected.layers[layer].values));
        }
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<CountingLock> locks_;
    std::unique_ptr<LanguageModel> model_;
    std::shared_ptr<const ChatTemplate> chatTemplate_;
    Wording wording_;
    Conversation conversation_;
    std::vector<KvSnapshot> built_;
    MemoryPeak peak_;

private Q_SLOTS:
    void init() {
        const c10::InferenceMode inference;
        folder_ = std::make_unique<QTemporaryDir>();
        locks_ = std::make_unique<CountingLock>();
        const auto path = test::writeTinyModel(folder(), {});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        QVERIFY2(model, test::why(model));
        model_ = *std::move(model);
        chatTemplate_ = *model_->chatTemplate(true);
        built_.clear();
        build();
    }
    void cleanup() {
        QCOMPARE(CountingLock::bytes(), 0);
        QCOMPARE(CountingLock::mistakes(), 0);
    }

    void whatLeavesTheDeviceLiesInABlockMadeAhead() {
        const c10::InferenceMode inference;
        EpisodeStore store(folder(), {.deviceBytes = deviceBytes(2), .memoryBytes = kPlenty});
        store.setOnGpu(true, CountingLock::lock());
        check(store, 0, CacheTier::kDisk);
        store.lockAhead();
        store.finishLocking();
        QCOMPARE(CountingLock::bytes(), 0);  // the device has room
        check(store, 1, CacheTier::kDisk);
        for (int again = 0; again < 2; ++again) {
            store.lockAhead();
            store.finishLocking();
            QCOMPARE(CountingLock::bytes(), blockBytes());
            QCOMPARE(store.residency().memoryBytes, blockBytes());
        }
        check(store, 2, CacheTier::kDisk);
        QCOMPARE(CountingLock::pieces(), std::size_t{1});
        QCOMPARE(store.residency().memoryBytes, copyBytes());
        // The one that left comes back, into what another one leaves; its block is kept for the next.
        const std::int32_t left =
            store.tierOf(episodeKey(conversation_.memory->key, 0)) == CacheTier::kMemory ? 0 : 1;
        store.lockAhead();
        store.finishLocking();
        QCOMPARE(CountingLock::pieces(), std::size_t{2});
        check(store, left, CacheTier::kMemory);
        QCOMPARE(CountingLock::pieces(), std::size_t{2});
        QCOMPARE(store.residency().memoryBytes, copyBytes() + blockBytes());
        store.forget("");
        QCOMPARE(CountingLock::bytes(), 0);
        QCOMPARE(store.residency().memoryBytes, 0);
    }

    void whatTurnsMadeLargerGetsALargerBlock() {
        const c10::InferenceMode inference;
        EpisodeStore store(folder(), {.deviceBytes = deviceBytes(2), .memoryBytes = kPlenty});
        store.setOnGpu(true, CountingLock::lock());
        check(store, 0, CacheTier::kDisk);
        check(store, 1, CacheTier::kDisk);
        store.lockAhead();
        store.finishLocking();
        std::int64_t grown = 0;
        for (const std::int32_t episode : {0, 1}) {
            const auto opened = store.open(context(), conversation_, episode, peak_);
            QVERIFY2(opened, test::why(opened));
            const std::vector<TokenId> turn = test::randomTokens(40, 3);
            const auto read =
                model_->executor().forward({.groups = {{.kind = RowGroup::Kind::kAppend,
                                                        .ids = turn,
                                                        .firstPosition = opened->cache->nextPosition()}},
                                            .logitRows = 0,
                                            .hook = nullptr,
                                            .cancel = {}},
                                           *opened->cache);
            QVERIFY2(read, test::why(read));
            grown = HostBlock::roundedUp(opened->cache->snapshotBytes());
        }
        QVERIFY(grown > blockBytes() + blockBytes() / 8);
        QCOMPARE(CountingLock::bytes(), blockBytes());
        store.lockAhead();
        store.finishLocking();
        QCOMPARE(CountingLock::bytes(), grown);
        check(store, 2, CacheTier::kDisk);
        QCOMPARE(CountingLock::bytes(), grown);  // what left the device took it
        QVERIFY(store.residency().memoryBytes > grown);
        store.forget("");
    }

    void memoryNeverHoldsMoreThanItWasGiven_data() {
        QTest::addColumn<int>("copies");
        QTest::addColumn<bool>("isRefused");
        for (const int copies : {1, 2, 3}) {
            QTest::addRow("%d", copies) << copies << false;
            QTest::addRow("%d, not locked", copies) << copies << true;
        }
    }
    void memoryNeverHoldsMoreThanItWasGiven() {
        QFETCH(int, copies);
        QFETCH(bool, isRefused);
        const c10::InferenceMode inference;
        if (isRefused) CountingLock::refuse();
        const std::int64_t limit = copies * copyBytes() + 100;
        EpisodeStore store(folder(), {.deviceBytes = deviceBytes(1), .memoryBytes = limit});
        store.setOnGpu(true, CountingLock::lock());
        int fromMemory = 0;
        for (std::int32_t i = 0; i < 24; ++i) {
            const std::int32_t episode = i * 7 % 3 == 0 ? i % kEpisodes : (i * i) % kEpisodes;
            const CacheTier tier = store.tierOf(episodeKey(conversation_.memory->key, episode));
            // What makes room on the device may push another one out of memory.
            const auto opened = store.open(context(), conversation_, episode, peak_);
            QVERIFY2(opened, test::why(opened));
            check(store, episode, CacheTier::kDevice);
            QVERIFY(opened->tier == tier || tier == CacheTier::kMemory);
            fromMemory += opened->tier == CacheTier::kMemory ? 1 : 0;
            QVERIFY(store.residency().memoryBytes <= limit);
            QVERIFY(CountingLock::bytes() <= limit);
            store.lockAhead();
            store.finishLocking();
            QVERIFY(store.residency().memoryBytes <= limit);
            QVERIFY(CountingLock::bytes() <= limit);
        }
        QVERIFY(copies < 3 || fromMemory > 0);
        if (isRefused) QCOMPARE(CountingLock::bytes(), 0);
    }

    void aFullTierTakesWhatItDrops() {
        const c10::InferenceMode inference;
        const std::int64_t limit = 2 * copyBytes() + 100;
        EpisodeStore store(folder(), {.deviceBytes = deviceBytes(1), .memoryBytes = limit});
        store.setOnGpu(true, CountingLock::lock());
        for (std::int32_t i = 0; i < 16; ++i) {
            check(store, i % kEpisodes, CacheTier::kDisk);  // the one asked next is always the one dropped
            QVERIFY(store.residency().memoryBytes <= limit);
            store.lockAhead();
            store.finishLocking();
            QCOMPARE(CountingLock::bytes(), std::min(i + 1, 2) * blockBytes());
        }
        QCOMPARE(CountingLock::locks(), 2);
    }

    void aBuiltCacheIsKeptAndLoadedAhead() {
        const c10::InferenceMode inference;
        EpisodeStore store(folder(), {.deviceBytes = deviceBytes(2), .memoryBytes = kPlenty});
        store.setOnGpu(true, CountingLock::lock());
        for (std::int32_t episode = 0; episode < kEpisodes; ++episode) {
            store.keep(episodeKey(conversation_.memory->key, episode),
                       built_[static_cast<std::size_t>(episode)],
                       true);
        }
        const std::int64_t each = built_.front().allocatedBytes();
        QCOMPARE(store.residency().memoryBytes, kEpisodes * each);
        // A cache is in one tier alone.
        QVERIFY(store.prefetch(context(), conversation_, peak_));
        QCOMPARE(store.residency().memoryBytes, (kEpisodes - 1) * each);
        QVERIFY(store.prefetch(context(), conversation_, peak_));
        QVERIFY(!store.prefetch(context(), conversation_, peak_));
        check(store, 0, CacheTier::kDevice);
        check(store, 1, CacheTier::kDevice);
        check(store, 3, CacheTier::kMemory);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestEpisodeStore)
#include "tst_episode_store.moc"
