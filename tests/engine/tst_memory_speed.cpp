// What a memory costs beside building it anew. Prints its figures; with EPICHAT_MEASURE set, on shapes that
// are an eighth of 22,528 tokens, M = 8,192, B = 2,048 (four layers), and on caches as large as those of a
// 0.5B model.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/benchmark/two_passes.h"
#include "core/engine/block_prefill.h"
#include "core/engine/episode_files.h"
#include "core/engine/episode_reader.h"
#include "core/engine/episode_store.h"
#include "core/engine/reading_cache.h"
#include "core/engine/turn_reader.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Of this process, on all cores: what else runs on the machine does not count.
double cpuSeconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

bool isMeasuring() {
    return qEnvironmentVariableIsSet("EPICHAT_MEASURE");
}

constexpr std::int32_t kEpisodes = 4;

struct Shape {
    std::int32_t layers = 2;
    std::int32_t dimension = 64;
    std::int32_t budget = 256;
    std::int32_t block = 64;
    std::size_t history = 704;
    std::size_t prompt = 32;
};

Shape shape() {
    if (!isMeasuring()) return {};
    return {.layers = 4, .dimension = 512, .budget = 1024, .block = 256, .history = 2816, .prompt = 128};
}

class TestMemorySpeed : public QObject {
    Q_OBJECT

    [[nodiscard]] fs::path folder() const { return folder_.path().toStdString(); }

    /// A conversation of one turn whose tokens are given, and a memory of four episodes that is not built
    /// yet.
    void makeConversation() {
        conversation_.text.turns = {{.id = 1, .text = "history"}};
        conversation_.history.ids = test::randomTokens(shape().history, 1);
        conversation_.history.turns = {{.turnId = 1, .endToken = static_cast<std::int64_t>(shape().history)}};
        BuiltMemory memory;
        memory.key = std::string(64, 'a');
        memory.resolved.score = "attention";
        memory.resolved.options.budget = shape().budget;
        memory.resolved.options.block = shape().block;
        memory.builtTurns = 1;
        memory.layerBudgets.assign(static_cast<std::size_t>(shape().layers), shape().budget);
        for (std::uint32_t episode = 0; episode < kEpisodes; ++episode)
            memory.episodes.emplace_back().prompt = test::randomTokens(shape().prompt, 10 + episode);
        conversation_.memory = std::move(memory);
    }
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

    QTemporaryDir folder_;
    std::unique_ptr<LanguageModel> model_;
    std::shared_ptr<const ChatTemplate> chatTemplate_;
    Wording wording_;
    Conversation conversation_;

private Q_SLOTS:
    void initTestCase() {
        const auto path = test::writeTinyModel(folder(),
                                               {.layers = shape().layers,
                                                .dimension = shape().dimension,
                                                .heads = shape().dimension / 16,
                                                .feedForward = 2 * shape().dimension});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        QVERIFY2(model, test::why(model));
        model_ = *std::move(model);
        const auto chatTemplate = model_->chatTemplate(true);
        QVERIFY2(chatTemplate, test::why(chatTemplate));
        chatTemplate_ = *chatTemplate;
    }
    void init() { makeConversation(); }

    void readsWhatPassesHaveInCommonOnce() {
        const c10::InferenceMode inference;
        MemoryPeak peak;
        std::vector<KvSnapshot> published(kEpisodes);
        const double start = cpuSeconds();
        std::int64_t publishedRows = 0;
        for (std::size_t episode = 0; episode < published.size(); ++episode)
            publishedRows += readAsPublished(episode, peak, published[episode]);
        const double publishedSeconds = cpuSeconds() - start;

        std::vector<KvSnapshot> apart(kEpisodes);
        std::int64_t apartTokens = 0;
        double apartSeconds = 0.0;
        for (std::int32_t episode = 0; episode < kEpisodes; ++episode)
            readTogether(std::span(&episode, 1), peak, apart, apartTokens, apartSeconds);
        const std::vector<std::int32_t> all{0, 1, 2, 3};
        std::vector<KvSnapshot> shared(kEpisodes);
        std::int64_t tokens = 0;
        double seconds = 0.0;
        readTogether(all, peak, shared, tokens, seconds);

        for (std::size_t episode = 0; episode < shared.size(); ++episode) {
            QVERIFY(isSame(apart[episode], published[episode]));
            QVERIFY(isSame(shared[episode], published[episode]));
        }
        // What no episode's prompt decided is read once, and without prompts but for the block behind which
        // entries are dropped first.
        const std::int64_t fitting = shape().budget;
        const std::int64_t common = fitting + shape().block;
        const auto history = static_cast<std::int64_t>(shape().history);
        QCOMPARE(apartTokens, kEpisodes * history);
        QCOMPARE(tokens, kEpisodes * history - (kEpisodes - 1) * common);
        const auto prompts = kEpisodes * (history - fitting) / shape().block;
        const std::int64_t rows = tokens + prompts * static_cast<std::int64_t>(shape().prompt);
        qInfo(
            "4 episodes: %.2f s of CPU time when every block is scored for every episode, %.2f s when only "
            "those are "
            "that "
            "do not fit, %.2f s with what is common read once; %.2f times as fast, 1/%.2f of the rows",
            publishedSeconds,
            apartSeconds,
            seconds,
            publishedSeconds / seconds,
            static_cast<double>(publishedRows) / static_cast<double>(rows));
    }

    void cachesLessThanTwoPasses() {
        const c10::InferenceMode inference;
        const BuiltMemory& memory = *conversation_.memory;
        const Executor& executor = model_->executor();
        MemoryPeak peak;
        std::vector<KvSnapshot> kept(kEpisodes);
        std::int64_t tokens = 0;
        double seconds = 0.0;
        const std::int32_t first = 0;
        readTogether(std::span(&first, 1), peak, kept, tokens, seconds);

        KvCache cache(executor.spec(),
                      BlockPrefill::rowsPerHead(executor.spec(), memory.layerBudgets, shape().block),
                      executor.placement());
        const PrefillTask task{.ids = conversation_.history.ids,
                               .block = shape().block,
                               .rule = evictionRule(memory, conversation_.history),
                               .prompt = memory.episodes.front().prompt};
        const double start = cpuSeconds();
        const auto read = readInTwoPasses(executor, cache, task, {});
        QVERIFY2(read, test::why(read));
        const double twoPassSeconds = cpuSeconds() - start;
        const KvSnapshot other = cache.snapshot();
        for (std::size_t layer = 0; layer < other.layers.size(); ++layer)
            QVERIFY(other.layers[layer].positions == kept.front().layers[layer].positions);
        const ReadingRows rows = readingRows(executor, memory.layerBudgets, shape().block);
        const auto prompt = static_cast<std::int64_t>(shape().prompt);
        const ReadingPeak expected = readingPeak(executor.spec(), rows, prompt, at::kFloat);
        QCOMPARE(peak.bytes, expected.fused);
        QCOMPARE(peak.twoPassBytes, expected.twoPasses);
        const auto copy = static_cast<std::int64_t>(2 * kept.front().layers.front().keys.nbytes());
        QCOMPARE(expected.twoPasses, cache.allocatedBytes() + expected.probes + copy);
        QVERIFY(peak.bytes < peak.twoPassBytes);
        qInfo("cached at most: %.2f MB, %.2f MB in two passes (%.3f of it); %.2f and %.2f s of CPU time",
              static_cast<double>(peak.bytes) / 1e6,
              static_cast<double>(peak.twoPassBytes) / 1e6,
              static_cast<double>(peak.bytes) / static_cast<double>(peak.twoPassBytes),
              seconds,
              twoPassSeconds);
        tellLargeShape();
    }

    void addsATurnForLessThanATwentiethOfARebuild() {
        const c10::InferenceMode inference;
        const BuildContext build = context();
        EpisodeStore store(folder(), {});
        MemoryPeak peak;
        auto start = Clock::now();
        for (std::int32_t episode = 0; episode < 4; ++episode)
            QVERIFY(rebuildEpisode(build, conversation_, *conversation_.memory, episode, peak));
        const double rebuildSeconds = secondsSince(start);

        const auto opened = store.open(build, conversation_, 0, peak);
        QVERIFY2(opened, test::why(opened));
        const std::vector<TokenId> turn = test::randomTokens(shape().block / 8, 5);
        conversation_.text.turns.push_back({.id = 2, .text = "turn"});
        conversation_.history.ids.insert(conversation_.history.ids.end(), turn.begin(), turn.end());
        conversation_.history.turns.push_back(
            {.turnId = 2, .endToken = static_cast<std::int64_t>(conversation_.history.ids.size())});
        start = Clock::now();
        const auto read = catchUp({.model = *model_,
                                   .chatTemplate = *chatTemplate_,
                                   .wording = wording_,
                                   .conversation = conversation_,
                                   .memory = *conversation_.memory,
                                   .episode = conversation_.memory->episodes[0],
                                   .cache = *opened->cache,
                                   .cancel = {}},
                                  16);
        const double turnSeconds = secondsSince(start);
        QVERIFY2(read, test::why(read));
        QCOMPARE(*read, static_cast<std::int64_t>(turn.size()));
        start = Clock::now();
        QVERIFY(store.save(conversation_, 0));
        qInfo("a turn of %zu tokens: %.4f s (and %.4f s to write it), a rebuild: %.2f s, 1/%.0f of it",
              turn.size(),
              turnSeconds,
              secondsSince(start),
              rebuildSeconds,
              rebuildSeconds / turnSeconds);
        QVERIFY(turnSeconds < rebuildSeconds / 20);
    }

    void opensEpisodesQuickly() {
        // Keys and values as a model of 24 layers, 2 KV heads of 64 and M = 4,096 keeps them, in fp32: 100 MB
        // each.
        const c10::InferenceMode inference;
        const std::int64_t rows = isMeasuring() ? 4096 : 64;
        ModelSpec spec = model_->executor().spec();
        spec.layers.resize(isMeasuring() ? 24 : 2, spec.layers.front());
        for (LayerSpec& layer : spec.layers) {
            layer.attention.kvHeads = 2;
            layer.attention.headDim = 64;
        }
        const std::vector<std::int64_t> perHead(spec.layers.size(), rows + 512);
        const Placement placement;
        std::vector<EpisodeMemory> episodes(4);
        {
            KvCache cache(spec, perHead, placement);
            for (std::int32_t layer = 0; layer < cache.layerCount(); ++layer)
                QVERIFY(cache.layer(layer).append(at::randn({2, rows, 64}), at::randn({2, rows, 64}), 0));
            cache.setNextPosition(rows);
            for (std::size_t index = 0; index < episodes.size(); ++index) {
                episodes[index].boundaries = {
                    {.turns = 1, .history = historyDigest(conversation_.text.turns)}};
                QVERIFY(saveBuilt(filesOf(index), cache.snapshot(), CacheCodec::kExact, episodes[index]));
            }
        }
        auto start = Clock::now();
        for (std::size_t index = 0; index < episodes.size(); ++index)
            loadState(filesOf(index), conversation_.text.turns, episodes[index]);
        const double stateSeconds = secondsSince(start);
        start = Clock::now();
        KvCache first(spec, perHead, placement);
        QVERIFY(loadCache(filesOf(0), spec, placement, episodes[0], first));
        const double firstSeconds = secondsSince(start);
        start = Clock::now();
        for (std::size_t index = 1; index < episodes.size(); ++index) {
            KvCache other(spec, perHead, placement);
            QVERIFY(loadCache(filesOf(index), spec, placement, episodes[index], other));
        }
        qInfo(
            "reopened: %.1f ms for what 4 episodes hold, %.1f ms for the first cache, %.1f ms for 3 behind "
            "it",
            1e3 * stateSeconds,
            1e3 * firstSeconds,
            1e3 * secondsSince(start));
    }

    void switchesBetweenResidentEpisodesAtOnce() {
        const c10::InferenceMode inference;
        const BuildContext build = context();
        EpisodeStore store(folder(), {});
        MemoryPeak peak;
        for (std::int32_t episode = 0; episode < 4; ++episode) {
            QVERIFY(rebuildEpisode(build, conversation_, *conversation_.memory, episode, peak));
            QVERIFY(store.open(build, conversation_, episode, peak));
        }
        const auto start = Clock::now();
        for (std::int32_t i = 0; i < 100; ++i) {
            const auto opened = store.open(build, conversation_, i % 4, peak);
            QVERIFY(opened);
            QCOMPARE(opened->tier, CacheTier::kDevice);
        }
        qInfo("a switch between resident episodes: %.4f ms", 1e3 * secondsSince(start) / 100);
        QVERIFY(secondsSince(start) / 100 < 0.002);
    }

private:
    static bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
        return std::ranges::equal(a.layers, b.layers, [](const auto& one, const auto& other) {
            return one.positions == other.positions && one.keys.equal(other.keys) &&
                   one.values.equal(other.values);
        });
    }
    /// One pass as the method was published, with the patched prompt behind every block. Returns the rows.
    std::int64_t readAsPublished(std::size_t episode, MemoryPeak& peak, KvSnapshot& kept) const {
        const BuiltMemory& memory = *conversation_.memory;
        const Executor& executor = model_->executor();
        auto made = makeCache(*model_, memory, peak);
        if (!made) qFatal("%s", test::why(made));
        KvCache cache = std::move(*made);
        PrefillTask task{.ids = conversation_.history.ids,
                         .block = shape().block,
                         .rule = evictionRule(memory, conversation_.history),
                         .prompt = memory.episodes[episode].prompt};
        for (; task.readTokens < shape().budget; task.readTokens += task.block) {
            const auto block = std::span(task.ids).subspan(static_cast<std::size_t>(task.readTokens),
                                                           static_cast<std::size_t>(task.block));
            const ForwardRequest request{
                .groups = {{.kind = RowGroup::Kind::kAppend, .ids = block, .firstPosition = task.readTokens},
                           {.kind = RowGroup::Kind::kProbe,
                            .ids = task.prompt,
                            .firstPosition = task.readTokens + task.block}}};
            const auto done = executor.forward(request, cache);
            if (!done) qFatal("%s", test::why(done));
        }
        const auto blocks = static_cast<std::int64_t>(shape().history) / task.block;
        BlockPrefill rest(executor, cache, std::move(task));
        const auto done = rest.run({});
        if (!done) qFatal("%s", test::why(done));
        kept = cache.snapshot();
        return blocks * (shape().block + static_cast<std::int64_t>(shape().prompt));
    }
    /// The episodes as a build reads them; adds to tokens and seconds.
    void readTogether(std::span<const std::int32_t> episodes,
                      MemoryPeak& peak,
                      std::vector<KvSnapshot>& kept,
                      std::int64_t& tokens,
                      double& seconds) const {
        const BuildContext build = context();
        const double start = cpuSeconds();
        EpisodeReader reader(build, conversation_, *conversation_.memory);
        const auto done =
            reader.read(episodes, peak, [&](std::int32_t index, KvSnapshot snapshot) -> Result<void> {
                kept[static_cast<std::size_t>(index)] = std::move(snapshot);
                return {};
            });
        if (!done) qFatal("%s", test::why(done));
        tokens += reader.readTokens();
        seconds += cpuSeconds() - start;
    }

    /// The same by arithmetic for 32 layers of 8 heads of 128 in bf16, M = 4,096, B = 2,048 and a prompt of
    /// 1,024.
    static void tellLargeShape() {
        ModelSpec spec;
        spec.layers.resize(32);
        for (LayerSpec& layer : spec.layers) {
            layer.attention.kvHeads = 8;
            layer.attention.headDim = 128;
        }
        for (const std::int32_t areas : {1, 2}) {
            const ReadingPeak peak =
                readingPeak(spec,
                            {.kept = std::vector<std::int64_t>(32, 4096), .block = 2048, .areas = areas},
                            1024,
                            at::kBFloat16);
            qInfo(
                "8B by arithmetic, areas: %d: %.1f MB, %.1f MB in two passes (%.3f of it), %.1f MB as "
                "released (%.3f)",
                areas,
                static_cast<double>(peak.fused) / 1e6,
                static_cast<double>(peak.twoPasses) / 1e6,
                static_cast<double>(peak.fused) / static_cast<double>(peak.twoPasses),
                static_cast<double>(peak.released) / 1e6,
                static_cast<double>(peak.fused) / static_cast<double>(peak.released));
        }
    }

    [[nodiscard]] EpisodeFiles filesOf(std::size_t index) const {
        return episodeFiles(folder(), std::string(64, 'b') + "-" + std::to_string(index));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestMemorySpeed)
#include "tst_memory_speed.moc"
