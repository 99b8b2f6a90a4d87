#include "core/engine/generation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include "core/base/seconds_since.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/row_decoder.h"
#include "core/sampling/stop_matcher.h"
#include "core/tensor/guard.h"
#include "core/text/utf8_stream.h"

namespace epi {
namespace {

// Prompts go through the model in pieces of this size, so that a cancel is seen soon.
constexpr std::int64_t kRowsPerForward = 256;

/// One reply while it is being written.
class Reply {
public:
    Reply(const LanguageModel& model, KvCache& cache, const GenerationRequest& request)
        : model_(model),
          cache_(cache),
          request_(request),
          sampler_(request.sampling),
          stops_(request.sampling.stop),
          history_(request.prompt) {}

    Result<void> readPrompt() {
        for (std::size_t first = 0; first < request_.prompt.size();) {
            const std::size_t count = std::min<std::size_t>(kRowsPerForward, request_.prompt.size() - first);
            const bool isLast = first + count == request_.prompt.size();
            EPI_TRY(forward(std::span(request_.prompt).subspan(first, count), isLast));
            first += count;
        }
        return {};
    }

    Result<void> write() {
        while (result_.reason.empty()) {
            if (request_.cancel.isCancelled()) {
                result_.reason = "cancelled";
                break;
            }
            EPI_TRY_ASSIGN(const TokenId id, stream_ ? stream_->next() : sampler_.sample(logits(), history_));
            if (request_.recordGaps) {
                EPI_TRY_ASSIGN(const GreedyGap gap, greedyGap(logits()));
                result_.gaps.push_back(gap);
                result_.gapLogits.push_back(logits()[static_cast<std::size_t>(gap.best)]);
            }
            if (request_.stopAtEnd && model_.tokenizer().isEndOfGeneration(id)) {
                result_.reason = "end";
                break;
            }
            EPI_TRY(accept(id));
        }
        emit(stops_.push(characters_.flush()));
        emit(stops_.flush());
        return {};
    }

    Generation take() { return std::move(result_); }

private:
    /// Adds a token to the reply and to the cache.
    Result<void> accept(TokenId id) {
        result_.ids.push_back(id);
        history_.push_back(id);
        const std::string characters = characters_.feed(model_.tokenizer().piece(id));
        textBytes_ += characters.size();
        ends_.push_back(textBytes_ + (characters_.isBetweenCharacters() ? 0 : 1));
        emit(stops_.push(characters));
        if (stops_.isStopped()) {
            result_.reason = "stop";
            takeStopOut();
            return {};
        }
        const bool isLast = static_cast<std::int32_t>(result_.ids.size()) >= request_.sampling.maxTokens;
        if (isLast) {
            result_.reason = "length";
        } else if (cache_.room() <= 1) {
            result_.reason = "room";
        }
        if (cache_.room() < 1) return {};
        if (stream_) return stream_->accept();
        if (!request_.recordGaps && result_.reason.empty()) {
            EPI_TRY_ASSIGN(
                stream_,
                model_.executor().writeReply({.id = id, .sampler = sampler_, .history = history_}, cache_));
            if (stream_) return {};
        }
        CancelToken untilNextToken;  // a token is never left half read
        return forward(std::span(&id, 1), result_.reason.empty(), untilNextToken);
    }

    /// What follows is to read what is told of the reply: tokens that a stop text has a part in go, of which
    /// the last was not read.
    void takeStopOut() {
        stream_.reset();
        const auto before = std::ranges::upper_bound(ends_, result_.text.size()) - ends_.begin();
        cache_.dropNewest(std::ssize(result_.ids) - 1 - before);
        result_.ids.resize(static_cast<std::size_t>(before));
    }

    Result<void> forward(std::span<const TokenId> ids, bool wantsLogits) {
        return forward(ids, wantsLogits, request_.cancel);
    }

    Result<void> forward(std::span<const TokenId> ids, bool wantsLogits, const CancelToken& cancel) {
        const ForwardRequest request{
            .groups = {{.kind = RowGroup::Kind::kAppend, .ids = ids, .firstPosition = cache_.nextPosition()}},
            .logitRows = wantsLogits ? 1 : 0,
            .hook = nullptr,
            .cancel = cancel};
        EPI_TRY_ASSIGN(const at::Tensor logits, model_.executor().forward(request, cache_));
        if (wantsLogits) logits_ = logits.select(0, 0).cpu().contiguous();
        return {};
    }

    [[nodiscard]] std::span<const float> logits() const {
        return {logits_.const_data_ptr<float>(), static_cast<std::size_t>(logits_.numel())};
    }

    void emit(const std::string& text) {
        if (text.empty()) return;
        result_.text += text;
        if (request_.onText) request_.onText(text);
    }

    const LanguageModel& model_;
    KvCache& cache_;
    const GenerationRequest& request_;
    Sampler sampler_;
    StopMatcher stops_;
    Utf8Stream characters_;
    std::size_t textBytes_ = 0;      // of whole characters, stop texts among them
    std::vector<std::size_t> ends_;  // of each token in that text, or behind it within a character
    std::vector<TokenId> history_;
    at::Tensor logits_;
    std::unique_ptr<ReplyStream> stream_;  // null: the sampler chooses, as it does the first token
    Generation result_;
};

}  // namespace

Result<Generation> generate(const LanguageModel& model, KvCache& cache, const GenerationRequest& request) {
    const c10::InferenceMode inference;
    EPI_TRY(checkSampling(request.sampling));
    const auto needed = static_cast<std::int64_t>(request.prompt.size()) + 1;
    if (needed > cache.room()) {
        return Error{ErrorCode::kOutOfMemory,
                     "the prompt has " + std::to_string(request.prompt.size()) +
                         " tokens, the cache has room for " + std::to_string(cache.room() - 1)};
    }
    return guarded("answering", [&]() -> Result<Generation> {
        Reply reply(model, cache, request);
        const auto start = std::chrono::steady_clock::now();
        EPI_TRY(reply.readPrompt());
        const double promptSeconds = secondsSince(start);
        EPI_TRY(reply.write());
        Generation generation = reply.take();
        generation.promptSeconds = promptSeconds;
        generation.decodeSeconds = secondsSince(start) - promptSeconds;
        return generation;
    });
}

Result<double> replyLikelihood(const LanguageModel& model, KvCache& cache, const GivenReply& given) {
    if (given.prompt.empty() || given.reply.empty())
        return Error{ErrorCode::kInvalidArgument, "a likelihood needs a prompt and a reply"};
    std::vector<TokenId> ids = given.prompt;
    ids.insert(ids.end(), given.reply.begin(), given.reply.end() - 1);
    const auto count = static_cast<std::int64_t>(ids.size());
    if (!given.makeRoom && count > cache.room()) {
        return Error{ErrorCode::kOutOfMemory,
                     "prompt and reply have " + std::to_string(count) + " tokens, the cache has room for " +
                         std::to_string(cache.room())};
    }
    const c10::InferenceMode inference;
    return guarded("measuring a reply", [&]() -> Result<double> {
        const auto before =
            static_cast<std::int64_t>(given.prompt.size()) - 1;  // rows that predict nothing of it
        double sum = 0.0;
        std::int64_t rows = 0;
        for (std::int64_t first = 0; first < count; first += rows) {
            if (cache.room() == 0) EPI_TRY(given.makeRoom());
            if (cache.room() == 0) return Error{ErrorCode::kInternal, "no room was made for a reply"};
            rows = std::min({kRowsPerForward, count - first, cache.room()});
            const std::int64_t predicting = std::clamp<std::int64_t>(first + rows - before, 0, rows);
            const ForwardRequest request{
                .groups = {{.kind = RowGroup::Kind::kAppend,
                            .ids = std::span(ids).subspan(static_cast<std::size_t>(first),
                                                          static_cast<std::size_t>(rows)),
                            .firstPosition = cache.nextPosition()}},
                .logitRows = predicting,
                .hook = nullptr,
                .cancel = given.cancel};
            EPI_TRY_ASSIGN(const at::Tensor logits, model.executor().forward(request, cache));
            if (predicting == 0) continue;
            const at::Tensor logProbabilities = at::log_softmax(logits.to(at::kDouble), -1);
            for (std::int64_t row = 0; row < predicting; ++row) {
                const auto next = static_cast<std::size_t>(first + rows - predicting + row - before);
                sum += logProbabilities[row][given.reply[next]].item<double>();
            }
        }
        if (!std::isfinite(sum)) return Error{ErrorCode::kInternal, "the model's logits are not finite"};
        return sum / static_cast<double>(given.reply.size());
    });
}

}  // namespace epi
