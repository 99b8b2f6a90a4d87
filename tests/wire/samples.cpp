#include "tests/wire/samples.h"

#include <limits>

namespace epi::samples {
namespace {

MemoryOptions memory() {
    MemoryOptions options;
    options.preset = "epicache-paper";
    options.budget = 1536;
    options.block = 512;
    options.episodes = 7;
    options.level = BudgetLevel::kPairUniform;
    options.segmentUtterances = 3;
    options.representatives = 5;
    options.patchTokens = 900;
    options.seed = std::numeric_limits<std::uint64_t>::max();
    options.score = "keydiff + attention * 0.5";
    options.headFloor = 0.25;
    options.codec = CacheCodec::kInt4;
    options.positions = PositionMode::kKeep;
    options.pinnedTurns = {3, 1LL << 60};
    options.online.unionMargin = 0.0625;
    options.online.newEpisodeBelow = 0.25;
    options.online.recallTokens = 768;
    return options;
}

SamplingOptions sampling() {
    SamplingOptions options;
    options.temperature = 0.7;
    options.topK = 40;
    options.topP = 0.9;
    options.minP = 0.05;
    options.repetitionPenalty = 1.1;
    options.seed = 9007199254740993;  // 2^53 + 1: lost by anything that thinks in doubles
    options.maxTokens = 77;
    options.stop = {"\n\n", "User:"};
    return options;
}

}  // namespace

std::vector<Command> commands() {
    LoadModel load{"/m/x.gguf", "minilm", DeviceChoice::kCuda, ComputeMode::kFast, true, "{}"};
    SyncConversation sync;
    sync.conversation = "42";
    sync.uid = "epichat:42";
    sync.layout = HistoryLayout::kNarrated;
    sync.systemPrompt = "Be \"brief\" \\ – 日本語 🙂";
    sync.speakers = {"Caroline", "Melanie"};
    sync.firstTurn = 3;
    sync.turns = {Turn{11, Role::kAssistant, "Caroline", std::string("a\0b\x1b[0m", 7), "8 May 2023"},
                  Turn{-12, Role::kSystem, "", "<|im_end|>", ""}};
    sync.isPartial = true;
    Ask ask{"42", "Where?", memory(), sampling(), 2, false, "On the"};
    ask.passages = {PassageCandidate{11, 7.25, 0.0}, PassageCandidate{-12, 3.5, 2.125, true}};
    ask.pins = {{11, -12}};
    Ask bestEpisode = ask;
    bestEpisode.pins.reset();
    bestEpisode.episode.reset();
    bestEpisode.memory.level.reset();
    EvalBatch batch{"43",
                    memory(),
                    sampling(),
                    {EvalQuestion{5, "When?", 2, ask.passages, "May"}, EvalQuestion{6, "Who?", 4}}};
    return {load,
            sync,
            BuildMemory{"42", memory(), true, {{3}}},
            ask,
            bestEpisode,
            batch,
            Inspect{"42", memory(), 3},
            Release{{"k1", "k2"}},
            ProfileLayers{"Once", 4096}};
}

std::vector<Event> events() {
    Hello hello;
    hello.version = "1.2.3";
    hello.hasCuda = true;
    hello.device = "NVIDIA H200";
    hello.notices = {makeNotice(NoticeCode::kNoCuda, {"driver too old"})};
    hello.models = {ModelSummary{"id", "Title", "/m/x.gguf", 5'000'000'000, true}};
    hello.threads = 4;
    ModelLoaded loaded{"Title",
                       "/m/x.gguf",
                       "llama",
                       "CPU, 2 threads",
                       30,
                       3,
                       8192,
                       5'000'000'000,
                       {makeNotice(NoticeCode::kDefaultModel, {"x"}), makeNotice(NoticeCode::kNoDriver)},
                       "b1a4",
                       2};
    EpisodeSummary episode{1, 9, {3, 4, 8}, {"first", "second"}, 123456, "key", "bread, oven"};
    MemoryBuilt built{"42",
                      memory(),
                      20000,
                      {episode, episode},
                      {700, 1300},
                      1536,
                      2048,
                      1 << 30,
                      20000,
                      412,
                      true,
                      12.5,
                      {makeNotice(NoticeCode::kMemoryUnsaved, {"disk full"})},
                      "reindexed",
                      8};
    Trace trace;
    trace.conversation = "42";
    trace.episode = 2;
    trace.historyTokens = 4;
    trace.layerBudgets = {10, 20};
    trace.keptPerHead = {{1, 2}, {3, 4}};
    trace.retainedShare = {0, 128, 255, 10};
    trace.turns = {Trace::TurnTokens{11, 0, {2, 5, 9}}, Trace::TurnTokens{12, 3, {1}}};
    trace.tiers = {"device", "disk"};
    trace.expected = {1};
    trace.residency = Residency{9, 8, 7, 6, 5, 4, 3, true, 2, 1};
    TurnDone done;
    done.text = "In Berlin";
    done.reason = "stop";
    done.episode = 1;
    done.similarities = {0.125, -0.25, std::numeric_limits<double>::infinity()};
    done.keptTokens = 1536;
    done.historyTokens = 20000;
    done.pastTrainedContext = true;
    done.statistics = TurnStatistics{12, 34, 56, 0.5, 0.25, 3.1, 0.002};
    done.usedTokens = 1604;
    done.roomTokens = 444;
    done.margin = 0.125;
    done.tier = "disk";
    done.positions = "reindexed";
    done.episodes = {1, 3};
    done.unionBytes = 1 << 20;
    done.residency = Residency{1, 2, 3, 4, 5, 6, 7, true, 8, 9};
    done.notices = {makeNotice(NoticeCode::kTurnsUnsaved, {"disk full"})};
    done.quoted = {QuotedPassage{11, 0, 6, 0.03125, 9}, QuotedPassage{-12, 800, 1600, 0.5, 200}};
    done.quotedTokens = 233;
    done.isRegrouped = true;
    done.pinnedTurns = {11};
    return {hello,
            loaded,
            Synced{12, 3456},
            Progress{"reading", 3, 9, "tokens", 2, 4, 123.25},
            built,
            trace,
            TokenDelta{"é🙂"},
            done,
            EvalAnswer{5, "May", 1, 0.75, 1.5},
            EvalAnswer{6, "", 1, 0.75, 1.5, -2.25},
            EvalDone{2},
            Released{3, 1 << 20},
            LayersProfiled{16384, {1.0, 0.25}, {1.0, 0.5}, 12.5},
            Failed{Error{ErrorCode::kOutOfMemory, "layer 7: 12 MB needed, 3 MB free"}}};
}

}  // namespace epi::samples
