#include "core/policy/score.h"

#include <algorithm>
#include <string>

#include "core/policy/rank.h"
#include "core/policy/score_recipe.h"
#include "core/tensor/upload.h"

namespace epi {
namespace {

constexpr std::string_view kDefaultScorer = "attention";
constexpr std::size_t kNoProbe = static_cast<std::size_t>(-1);

ScorerParameters defaults(const Scorer& scorer) {
    ScorerParameters parameters;
    for (const ScorerParameter& parameter : scorer.parameters)
        parameters.set(parameter.name, parameter.value);
    return parameters;
}

Result<ScorerParameters> parametersOf(const Scorer& scorer, const ScoreTerm& term) {
    ScorerParameters parameters = defaults(scorer);
    for (const auto& [name, value] : term.parameters) {
        const auto known = std::ranges::find(scorer.parameters, name, &ScorerParameter::name);
        const std::string what = "scorer '" + term.scorer + "'";
        if (known == scorer.parameters.end())
            return Error{ErrorCode::kInvalidArgument, what + " has no parameter '" + name + "'"};
        if (value < known->least || value > known->most) {
            return Error{ErrorCode::kInvalidArgument,
                         what + ": " + name + " is " + std::to_string(value) + ", " +
                             std::to_string(known->least) + " to " + std::to_string(known->most) +
                             " is expected"};
        }
        parameters.set(name, value);
    }
    return parameters;
}

/// By position alone, above every attention weight.
std::vector<float> newestFirst(const LayerArena& arena, std::int64_t nextPosition) {
    std::vector<float> scores;
    for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
        for (const std::int32_t position : arena.positions(head)) {
            const double age =
                (position + 1.0) / static_cast<double>(std::max<std::int64_t>(1, nextPosition));
            scores.push_back(static_cast<float>(1.0 + age));
        }
    }
    return scores;
}

/// Puts the scores that entries have already over the new ones.
void keepOldScores(const LayerArena& arena, std::vector<float>& scores) {
    auto next = scores.begin();
    for (std::int32_t head = 0; head < arena.shape().kvHeads; ++head) {
        std::ranges::copy(arena.scores(head), next);
        next += arena.length(head);
    }
}

}  // namespace

Score::Score() {
    const Scorer& scorer = **scorerById(kDefaultScorer);
    add(scorer, defaults(scorer), 1.0);
}

Result<Score> Score::bind(std::string_view recipe) {
    EPI_TRY_ASSIGN(const std::vector<ScoreTerm> terms, parseScore(recipe));
    Score score;
    score.terms_.clear();
    score.probes_.clear();
    for (const ScoreTerm& term : terms) {
        EPI_TRY_ASSIGN(const Scorer* const scorer, scorerById(term.scorer));
        EPI_TRY_ASSIGN(ScorerParameters parameters, parametersOf(*scorer, term));
        score.add(*scorer, std::move(parameters), term.weight);
    }
    if (std::ranges::count_if(score.terms_, [](const Term& term) { return keepsScores(term); }) > 1) {
        return Error{ErrorCode::kInvalidArgument,
                     "score '" + std::string(recipe) + "': only one term can keep the scores of old entries"};
    }
    return score;
}

void Score::add(const Scorer& scorer, ScorerParameters parameters, double weight) {
    std::size_t probe = kNoProbe;
    if (scorer.probe != nullptr) {
        const ProbeRequest request = scorer.probe(parameters);
        const auto known = std::ranges::find(probes_, request);
        probe = static_cast<std::size_t>(known - probes_.begin());
        if (known == probes_.end()) probes_.push_back(request);
    }
    terms_.push_back(
        {.scorer = &scorer, .parameters = std::move(parameters), .weight = weight, .probe = probe});
}

bool Score::keepsScores(const Term& term) {
    return term.scorer->keepsScores != nullptr && term.scorer->keepsScores(term.parameters);
}

bool Score::keepsScores() const {
    return std::ranges::any_of(terms_, [](const Term& term) { return keepsScores(term); });
}

bool Score::usesPatchedPrompt() const {
    return std::ranges::any_of(
        probes_, [](const ProbeRequest& probe) { return probe.kind == ProbeKind::kPatchedPrompt; });
}

std::vector<float> Score::scoresOf(const Term& term, const Input& input, const at::Tensor& probeScores) {
    std::vector<float> scores;
    if (term.probe != kNoProbe && !probeScores.defined()) {
        scores = newestFirst(input.arena, input.nextPosition);
    } else {
        const at::Tensor values = toHostFloats(term.scorer->score({.arena = input.arena,
                                                                   .nextPosition = input.nextPosition,
                                                                   .blockTokens = input.blockTokens,
                                                                   .probeScores = probeScores,
                                                                   .parameters = term.parameters}));
        const float* const first = values.const_data_ptr<float>();
        scores.assign(first, first + values.numel());
    }
    if (keepsScores(term)) keepOldScores(input.arena, scores);
    return scores;
}

Score::Computed Score::compute(const Input& input) const {
    Computed computed;
    std::vector<std::vector<float>> perTerm;
    std::vector<double> weights;
    for (const Term& term : terms_) {
        const at::Tensor none;
        perTerm.push_back(
            scoresOf(term, input, term.probe == kNoProbe ? none : input.probeScores[term.probe]));
        weights.push_back(term.weight);
        if (keepsScores(term)) computed.kept = perTerm.back();
    }
    if (perTerm.size() == 1) {
        computed.scores = std::move(perTerm.front());
        return computed;
    }
    std::vector<std::int64_t> groups;
    if (input.level == BudgetLevel::kPair) {
        groups.push_back(input.arena.totalLength());
    } else {
        for (std::int32_t head = 0; head < input.arena.shape().kvHeads; ++head)
            groups.push_back(input.arena.length(head));
    }
    computed.scores = combineByRank(perTerm, weights, groups);
    return computed;
}

}  // namespace epi
