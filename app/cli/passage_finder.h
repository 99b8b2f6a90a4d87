#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/engine/passage_index.h"
#include "core/model/text_embedder.h"
#include "core/recall/recall.h"
#include "core/text/tokenizer.h"
#include "storage/store.h"

#include <CLI/CLI.hpp>

namespace epi {

/// How passages are looked for, as the user says it.
struct RecallArguments {
    std::string model;     // whose tokens are counted; empty: the default
    std::string embedder;  // empty: the default; "none": by words alone
    std::int64_t tokens = 1024;
};

/// Adds -m, --embedder and --tokens.
void addRecallOptions(CLI::App& command, RecallArguments& arguments);

/// Looks for the passages of stored conversations as the engine does, without a chat model's weights. One
/// thread.
class PassageFinder {
public:
    /// kNotFound without the model whose tokens are counted; a notice where there is no sentence embedder.
    static Result<PassageFinder> open(const RecallArguments& arguments,
                                      const Output& output,
                                      CancelToken cancel);

    /// Makes a conversation ready to be asked: its turns, and their embeddings from disk or anew.
    Result<void> prepare(Store& store, const ConversationRecord& conversation);
    [[nodiscard]] const std::vector<Turn>& turns() const { return turns_; }

    /// The passages of the prepared conversation that are quoted for a question.
    Result<Recalled> find(Store& store, const std::string& question) const;

private:
    PassageFinder() = default;

    std::int64_t budget_ = 0;
    CancelToken cancel_;
    std::unique_ptr<Tokenizer> tokenizer_;
    std::unique_ptr<TextEmbedder> embedder_;  // null: by words alone
    std::int64_t conversation_ = 0;
    std::vector<Turn> turns_;
    PassageIndex index_;
};

}  // namespace epi
