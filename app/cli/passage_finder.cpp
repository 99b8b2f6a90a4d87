#include "app/cli/passage_finder.h"

#include <utility>

#include "app/cli/history.h"
#include "app/cli/model_path.h"
#include "app/cli/progress_line.h"
#include "core/base/paths.h"
#include "core/format/gguf.h"
#include "core/model/model_catalog.h"
#include "core/model/sentence_embedder.h"

namespace epi {
namespace {

constexpr const char* kNoEmbedder = "none";

}  // namespace

void addRecallOptions(CLI::App& command, RecallArguments& arguments) {
    command.add_option(
        "-m,--model", arguments.model, "Model whose tokens are counted; without it the default one");
    command.add_option(
        "--embedder",
        arguments.embedder,
        "Folder or id of a sentence embedder; none: by words alone; without it the default one");
    command.add_option("--tokens", arguments.tokens, "Quote at most so many tokens")
        ->capture_default_str()
        ->check(CLI::Range(0, 1 << 24));
}

Result<PassageFinder> PassageFinder::open(const RecallArguments& arguments,
                                          const Output& output,
                                          CancelToken cancel) {
    PassageFinder finder;
    finder.budget_ = arguments.tokens;
    finder.cancel_ = std::move(cancel);
    EPI_TRY_ASSIGN(const auto path, resolveModel(arguments.model, false, output));
    EPI_TRY_ASSIGN(const GgufFile file, GgufFile::open(path));
    EPI_TRY_ASSIGN(finder.tokenizer_, makeTokenizer(file));
    if (arguments.embedder == kNoEmbedder) return finder;
    auto folder = findEmbedder(paths::models(), arguments.embedder);
    if (!folder && arguments.embedder.empty() && folder.error().code == ErrorCode::kNotFound) {
        output.notice(folder.error().message + "; passages are looked for by their words alone");
        return finder;
    }
    if (!folder) return std::move(folder).error();
    EPI_TRY_ASSIGN(
        finder.embedder_,
        SentenceEmbedder::load(*folder, {.compute = ComputeMode::kFast, .device = DeviceChoice::kAuto}));
    return finder;
}

Result<void> PassageFinder::prepare(Store& store, const ConversationRecord& conversation) {
    EPI_TRY_ASSIGN(const std::vector<MessageRecord> messages, store.messages(conversation.id));
    conversation_ = conversation.id;
    turns_ = syncOf(conversation, messages).turns;
    index_ = {.units = passageUnits(turns_), .windows = {}, .hashes = {}};
    if (!embedder_) return {};
    ProgressLine progressLine;
    const PassageIndexing indexing{
        .embedder = *embedder_,
        .uid = conversation.uid,
        .folder = paths::episodeCaches(),
        .progress =
            [&](std::int64_t done, std::int64_t total) {
                progressLine.show({.phase = "embedding", .done = done, .total = total, .unit = "passages"});
            },
        .cancel = cancel_};
    EPI_TRY_ASSIGN(index_, indexPassages(indexing, turns_, nullptr));
    progressLine.clear();
    return {};
}

Result<Recalled> PassageFinder::find(Store& store, const std::string& question) const {
    EPI_TRY_ASSIGN(
        const std::vector<PassageCandidate> byWords,
        store.recallCandidates({.conversationId = conversation_, .question = question, .beforeMessage = {}}));
    std::vector<double> byMeaning;
    if (embedder_) {
        EPI_TRY_ASSIGN(byMeaning, comparePassages(*embedder_, index_, question, cancel_));
    }
    const Wording wording;
    return recallPassages({.turns = turns_,
                           .units = index_.units,
                           .question = question,
                           .byWords = byWords,
                           .byMeaning = byMeaning,
                           .tokenizer = *tokenizer_,
                           .wording = wording,
                           .budget = budget_});
}

}  // namespace epi
