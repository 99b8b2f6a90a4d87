#include "core/engine/benchmark/bench_subject.h"

#include "core/engine/benchmark/ceilings.h"
#include "core/engine/benchmark/made_up_model.h"
#include "core/engine/benchmark/made_up_text.h"
#include "core/model/executor.h"
#include "core/model/language_model.h"
#include "core/model/sentence_embedder.h"

namespace epi {

BenchSubject::BenchSubject() = default;
BenchSubject::BenchSubject(BenchSubject&&) noexcept = default;
BenchSubject& BenchSubject::operator=(BenchSubject&&) noexcept = default;
BenchSubject::~BenchSubject() = default;

Result<BenchSizes> sizesFor(const BenchSizes& wanted, bool isOnGpu) {
    BenchSizes sizes = wanted;
    const auto choose = [&](std::int64_t& size, std::int64_t onGpu, std::int64_t onCpu) {
        if (size == 0) size = isOnGpu ? onGpu : onCpu;
    };
    choose(sizes.history, 100000, 4096);
    choose(sizes.budget, 4096, 512);
    choose(sizes.block, 2048, 256);
    choose(sizes.prompt, 1024, 128);
    if (sizes.history < 1 || sizes.budget < 1 || sizes.block < 1 || sizes.prompt < 1 || sizes.episodes < 1 ||
        sizes.repeats < 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "history, budget, block, prompt, episodes and repeats must be positive"};
    }
    if (sizes.history < sizes.budget + 2 * sizes.block) {
        return Error{ErrorCode::kInvalidArgument,
                     "a history of " + std::to_string(sizes.history) + " tokens has no two blocks of " +
                         std::to_string(sizes.block) + " behind a budget of " + std::to_string(sizes.budget) +
                         ", so that nothing would be evicted"};
    }
    return sizes;
}

Result<BenchCeilings> measureBenchCeilings(const BenchChoice& choice) {
    EPI_TRY_ASSIGN(const PlacementChoice chosen, choosePlacement(choice.device, choice.compute));
    Placement placement = chosen.placement;
    placement.keepsBlocks = placement.keepsBlocks && choice.shape.empty();
    return measureCeilings(placement);
}

Result<BenchSubject> loadBenchSubject(const BenchChoice& choice,
                                      const BenchCeilings& ceilings,
                                      const CancelToken& cancel) {
    BenchSubject subject;
    subject.ceilings = ceilings;
    if (choice.shape.empty()) {
        EPI_TRY_ASSIGN(subject.model,
                       LanguageModel::load({.path = choice.modelFile,
                                            .device = choice.device,
                                            .compute = choice.compute,
                                            .progress = {},
                                            .cancel = cancel}));
    } else {
        EPI_TRY_ASSIGN(const ModelShape shape, shapeById(choice.shape));
        EPI_TRY_ASSIGN(subject.model, makeUpModel(shape, choice.device, choice.compute));
    }
    const SentenceEmbedder::Options options{.compute = choice.compute, .device = choice.device};
    EPI_TRY_ASSIGN(auto embedder,
                   choice.embedder.empty() ? SentenceEmbedder::makeUp(madeUpWordPieces(), options)
                                           : SentenceEmbedder::load(choice.embedder, options));
    subject.embedder = std::move(embedder);
    EPI_TRY_ASSIGN(subject.chatTemplate, subject.model->chatTemplate(true));
    return subject;
}

}  // namespace epi
