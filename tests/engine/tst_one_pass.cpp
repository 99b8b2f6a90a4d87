// A history that is read once for all episodes.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>

#include "core/engine/block_prefill.h"
#include "core/engine/one_pass_reader.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kEpisodes = 3;
constexpr std::int32_t kBudget = 160;
constexpr std::int32_t kBlock = 64;
constexpr std::size_t kHistory = 700;
constexpr std::int64_t kTrained = 300;

/// By layer, head and position: what the trunk computed.
using TrunkRows =
    std::map<std::tuple<std::size_t, std::size_t, std::int32_t>, std::pair<at::Tensor, at::Tensor>>;

bool isSame(const KvSnapshot& a, const KvSnapshot& b) {
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
        if (a.layers[layer].positions != b.layers[layer].positions) return false;
        if (a.layers[layer].origins != b.layers[layer].origins) return false;
        if (!at::equal(a.layers[layer].keys, b.layers[layer].keys)) return false;
        if (!at::equal(a.layers[layer].values, b.layers[layer].values)) return false;
    }
    return a.nextPosition == b.nextPosition && a.shift == b.shift;
}

class TestOnePass : public QObject {
    Q_OBJECT

    [[nodiscard]] fs::path folder() const { return folder_->path().toStdString(); }

    void load(const std::string& architecture, std::int32_t trainedContext = 65536) {
        const auto path = test::writeTinyModel(
            folder(), {.architecture = architecture, .layers = 6, .trainedContext = trainedContext});
        auto model = LanguageModel::load({.path = path, .device = DeviceChoice::kCpu});
        QVERIFY2(model, test::why(model));
        model_ = *std::move(model);
        const auto chatTemplate = model_->chatTemplate(true);
        QVERIFY2(chatTemplate, test::why(chatTemplate));
        chatTemplate_ = *chatTemplate;
        conversation_.text.turns = {{.id = 1, .text = "history"}};
        conversation_.history.ids = test::randomTokens(kHistory, 1);
        conversation_.history.prefixTokens = 5;
        conversation_.history.turns = {{.turnId = 1, .endToken = static_cast<std::int64_t>(kHistory)}};
        BuiltMemory memory;
        memory.key = std::string(64, 'a');
        memory.resolved.preset = *presetById("epicache-onepass");
        memory.resolved.score = memory.resolved.preset.score;
        memory.resolved.options.budget = kBudget;
        memory.resolved.options.block = kBlock;
        memory.builtTurns = 1;
        for (const LayerSpec& layer : model_->executor().spec().layers)
            memory.layerBudgets.push_back(layer.attention.window.value_or(kBudget));
        for (std::uint32_t episode = 0; episode < kEpisodes; ++episode)
            memory.episodes.emplace_back().prompt = test::randomTokens(24 + 4 * episode, 10 + episode);
        conversation_.memory = std::move(memory);
    }
    [[nodiscard]] BuildContext context(const CancelToken& cancel = {}) const {
        return {.model = *model_,
                .embedder = nullptr,
                .chatTemplate = chatTemplate_,
                .profile = nullptr,
                .wording = wording_,
                .cacheFolder = folder(),
                .progress = {},
                .notice = {},
                .cancel = cancel};
    }
    struct Read {
        std::vector<KvSnapshot> kept = std::vector<KvSnapshot>(kEpisodes);
        MemoryPeak peak;
        std::int64_t tokens = 0;
    };
    Result<void> read(const BuildContext& build, std::vector<std::int32_t> episodes, Read& read) const {
        OnePassReader reader(build, conversation_, *conversation_.memory);
        auto done =
            reader.read(episodes, read.peak, [&](std::int32_t index, KvSnapshot snapshot) -> Result<void> {
                read.kept[static_cast<std::size_t>(index)] = std::move(snapshot);
                return {};
            });
        read.tokens += reader.readTokens();
        return done;
    }
    /// KeyDiff alone over the same history: what its pass computes for every row.
    [[nodiscard]] TrunkRows trunkRows() const {
        const Executor& executor = model_->executor();
        const BuiltMemory& memory = *conversation_.memory;
        PrefillTask task{.ids = conversation_.history.ids,
                         .block = kBlock,
                         .rule = evictionRule(memory, conversation_.history)};
        task.rule.score = *Score::bind("keydiff");
        task.rule.level = BudgetLevel::kPairUniform;
        KvCache cache(executor.spec(),
                      BlockPrefill::rowsPerHead(executor.spec(), memory.layerBudgets, kBlock),
                      executor.placement());
        BlockPrefill prefill(executor, cache, task);
        TrunkRows rows;
        while (!prefill.isDone()) {
            const std::int64_t first = prefill.readTokens();
            const auto computed = prefill.computeNext({});
            if (!computed) qFatal("%s", test::why(computed));
            for (std::size_t layer = 0; layer < computed->size(); ++layer) {
                const auto& [keys, values] = (*computed)[layer];
                for (std::int64_t head = 0; head < keys.size(0); ++head) {
                    for (std::int64_t row = 0; row < keys.size(1); ++row) {
                        rows[{
                            layer, static_cast<std::size_t>(head), static_cast<std::int32_t>(first + row)}] =
                            {keys[head][row], values[head][row]};
                    }
                }
            }
            const auto stepped = prefill.step({});
            if (!stepped) qFatal("%s", test::why(stepped));
        }
        return rows;
    }

    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<LanguageModel> model_;
    std::shared_ptr<const ChatTemplate> chatTemplate_;
    Wording wording_;
    Conversation conversation_;

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        conversation_ = {};
    }

    void keepsWhatTheTrunkComputedAndEachPromptChose_data() {
        QTest::addColumn<std::string>("architecture");
        for (const char* architecture : {"llama", "qwen3", "gemma3"})
            QTest::newRow(architecture) << std::string(architecture);
    }
    void keepsWhatTheTrunkComputedAndEachPromptChose() {
        const c10::InferenceMode inference;
        QFETCH(std::string, architecture);
        load(architecture);
        Read all;
        const auto done = read(context(), {0, 1, 2}, all);
        QVERIFY2(done, test::why(done));
        QCOMPARE(all.tokens, static_cast<std::int64_t>(kHistory));
        const TrunkRows trunk = trunkRows();
        const ModelSpec& spec = model_->executor().spec();
        for (const KvSnapshot& kept : all.kept) {
            QCOMPARE(kept.nextPosition, static_cast<std::int64_t>(kHistory));
            for (std::size_t layer = 0; layer < kept.layers.size(); ++layer) {
                const LayerArena::Content& content = kept.layers[layer];
                const AttentionSpec& attention = spec.layers[layer].attention;
                QCOMPARE(content.keys.size(0),
                         std::int64_t{attention.kvHeads} * attention.window.value_or(kBudget));
                std::int64_t row = 0;
                for (std::size_t head = 0; head < content.positions.size(); ++head) {
                    const std::vector<std::int32_t>& positions = content.positions[head];
                    if (!attention.window) {
                        for (std::int32_t pinned = 0; pinned < 5; ++pinned)
                            QCOMPARE(positions[static_cast<std::size_t>(pinned)], pinned);
                    }
                    QCOMPARE(positions.back(), static_cast<std::int32_t>(kHistory) - 1);
                    for (const std::int32_t position : positions) {
                        const auto& [keys, values] = trunk.at({layer, head, position});
                        QVERIFY(at::equal(content.keys[row], keys));
                        QVERIFY(at::equal(content.values[row], values));
                        ++row;
                    }
                }
            }
        }
        QVERIFY(all.kept[0].layers.back().positions != all.kept[1].layers.back().positions);
        QVERIFY(all.kept[1].layers.back().positions != all.kept[2].layers.back().positions);
    }

    void givesAnEpisodeTheSameAlone() {
        const c10::InferenceMode inference;
        load("llama");
        Read all;
        QVERIFY(read(context(), {0, 1, 2}, all));
        Read alone;
        QVERIFY(read(context(), {1}, alone));
        QVERIFY(isSame(alone.kept[1], all.kept[1]));
    }

    void tellsTheMemoryOfAllCaches() {
        const c10::InferenceMode inference;
        load("llama");
        Read one;
        QVERIFY(read(context(), {0}, one));
        Read all;
        QVERIFY(read(context(), {0, 1, 2}, all));
        // A trunk beside each.
        QVERIFY(all.peak.bytes > 3 * one.peak.bytes / 2);
        QVERIFY(all.peak.bytes <= 2 * one.peak.bytes);
        QCOMPARE(all.peak.entriesPerHead, one.peak.entriesPerHead);
        QVERIFY(all.peak.hostBytes > one.peak.hostBytes);
        // Of all readings the largest.
        const std::int64_t largest = all.peak.bytes;
        QVERIFY(read(context(), {0}, all));
        QCOMPARE(all.peak.bytes, largest);
    }

    void countsAllPositionsAnewTogether() {
        const c10::InferenceMode inference;
        load("llama", kTrained);
        Read all;
        const auto done = read(context(), {0, 1, 2}, all);
        QVERIFY2(done, test::why(done));
        for (const KvSnapshot& kept : all.kept) {
            QVERIFY(kept.shift > 0);
            QVERIFY(kept.nextPosition <= kTrained);
            QCOMPARE(kept.nextPosition + kept.shift, static_cast<std::int64_t>(kHistory));
            QCOMPARE(kept.nextPosition, all.kept[0].nextPosition);
            for (const LayerArena::Content& layer : kept.layers) {
                for (const auto& origins : layer.origins)
                    QCOMPARE(origins.back(), static_cast<std::int32_t>(kHistory) - 1);
            }
        }
        conversation_.memory->resolved.options.positions = PositionMode::kKeep;
        Read keeping;
        QVERIFY(read(context(), {0, 1, 2}, keeping));
        QCOMPARE(keeping.kept[0].nextPosition, static_cast<std::int64_t>(kHistory));
        QCOMPARE(keeping.kept[0].shift, std::int64_t{0});
    }

    void goesOnAfterACancelAnywhere_data() {
        QTest::addColumn<std::int64_t>("trained");
        QTest::newRow("short") << std::int64_t{65536};
        QTest::newRow("counted anew") << kTrained;
    }
    void goesOnAfterACancelAnywhere() {
        const c10::InferenceMode inference;
        QFETCH(std::int64_t, trained);
        load("llama", static_cast<std::int32_t>(trained));
        Read calm;
        QVERIFY(read(context(), {0, 1, 2}, calm));
        constexpr int kBlocks = (static_cast<int>(kHistory) + kBlock - 1) / kBlock;
        for (int block = 0; block < kBlocks; ++block) {
            Read disturbed;
            const CancelToken cancel;
            BuildContext build = context(cancel);
            if (block == 0) cancel.cancel();
            build.progress = [&](const Progress& progress) {
                if (progress.done == std::int64_t{block} * kBlock) cancel.cancel();
            };
            QVERIFY(test::failsWith(read(build, {0, 1, 2}, disturbed), ErrorCode::kCancelled));
            const auto done = read(context(), {0, 1, 2}, disturbed);
            QVERIFY2(done, test::why(done));
            for (std::size_t episode = 0; episode < calm.kept.size(); ++episode)
                QVERIFY(isSame(disturbed.kept[episode], calm.kept[episode]));
            QCOMPARE(disturbed.tokens, static_cast<std::int64_t>(kHistory));
            for (const auto& entry : fs::directory_iterator(folder()))
                QVERIFY2(entry.path().extension() != ".part", entry.path().c_str());
        }
    }

    void beginsAnewWhereAPartIsMissing() {
        const c10::InferenceMode inference;
        load("llama");
        Read calm;
        QVERIFY(read(context(), {0, 1, 2}, calm));
        Read disturbed;
        const CancelToken cancel;
        BuildContext build = context(cancel);
        build.progress = [&](const Progress& progress) {
            if (progress.done == 5 * kBlock) cancel.cancel();
        };
        QVERIFY(test::failsWith(read(build, {0, 1, 2}, disturbed), ErrorCode::kCancelled));
        QVERIFY(fs::remove(folder() / (conversation_.memory->key + "-1.part")));
        const auto done = read(context(), {0, 1, 2}, disturbed);
        QVERIFY2(done, test::why(done));
        QCOMPARE(disturbed.tokens, static_cast<std::int64_t>(kHistory) + 5 * kBlock);
        for (std::size_t episode = 0; episode < calm.kept.size(); ++episode)
            QVERIFY(isSame(disturbed.kept[episode], calm.kept[episode]));
    }

    void refusesATrunkThatNeedsAPrompt() {
        QVERIFY(test::failsWith(trunkOf({}, "keydiff + attention"), ErrorCode::kInvalidArgument));
        QVERIFY(test::failsWith(trunkOf({}, "no such score"), ErrorCode::kInvalidArgument));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestOnePass)
#include "tst_one_pass.moc"
