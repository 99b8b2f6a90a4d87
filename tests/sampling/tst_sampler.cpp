#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include <QtTest>

#include "core/sampling/logits.h"
#include "core/sampling/sampler.h"

namespace epi {
namespace {

SamplingOptions warm() {
    SamplingOptions options;
    options.temperature = 1.0;
    options.seed = 5;
    return options;
}

std::vector<int> countsOf(const SamplingOptions& options, const std::vector<float>& logits, int draws) {
    Sampler sampler(options);
    std::vector<int> counts(logits.size(), 0);
    for (int i = 0; i < draws; ++i) {
        const auto token = sampler.sample(logits, {});
        if (token) ++counts[static_cast<std::size_t>(*token)];
    }
    return counts;
}

std::set<TokenId> drawn(const SamplingOptions& options, const std::vector<float>& logits) {
    const std::vector<int> counts = countsOf(options, logits, 3000);
    std::set<TokenId> ids;
    for (std::size_t id = 0; id < counts.size(); ++id) {
        if (counts[id] > 0) ids.insert(static_cast<TokenId>(id));
    }
    return ids;
}

/// Logits of these probabilities.
std::vector<float> logitsOf(std::vector<double> probabilities) {
    std::vector<float> logits;
    for (const double probability : probabilities)
        logits.push_back(static_cast<float>(std::log(probability)));
    return logits;
}

/// As many tokens as a real vocabulary, with few likely ones.
std::vector<float> largeVocabulary() {
    Rng rng(11);
    std::vector<float> logits;
    for (int i = 0; i < 151936; ++i)
        logits.push_back(static_cast<float>(8.0 * rng.uniform() * rng.uniform()));
    return logits;
}

/// The tokens of top-p, by a full sort.
std::set<TokenId> nucleus(const std::vector<float>& logits, double topP) {
    std::vector<TokenId> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(
        order, std::ranges::greater{}, [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; });
    double total = 0.0;
    for (const float logit : logits)
        total += std::exp(static_cast<double>(logit));
    std::set<TokenId> kept;
    double mass = 0.0;
    for (const TokenId id : order) {
        if (mass >= topP * total) break;
        mass += std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)]));
        kept.insert(id);
    }
    return kept;
}

class TestSampler : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void takesTheBestTokenAtTemperatureZero() {
        Sampler sampler(SamplingOptions{});
        const auto token = sampler.sample(std::vector<float>{0.5F, 2.0F, -1.0F}, {});
        QVERIFY(token);
        QCOMPARE(*token, 1);
    }

    void breaksTiesToTheLowerId() {
        Sampler sampler(SamplingOptions{});
        const auto token = sampler.sample(std::vector<float>{0.5F, 2.0F, 2.0F}, {});
        QVERIFY(token);
        QCOMPARE(*token, 1);
    }

    void penalisesARepeatedTokenOnce() {
        SamplingOptions options;
        options.repetitionPenalty = 1.5;
        Sampler sampler(options);
        // Once: 3 / 1.5 = 2 beats 1.9; twice it would be 1.33.
        const auto token =
            sampler.sample(std::vector<float>{3.0F, 1.9F}, std::vector<TokenId>{0, 0, 0, -5, 77});
        QVERIFY(token);
        QCOMPARE(*token, 0);
    }

    void penalisesNegativeLogitsDownwards() {
        SamplingOptions options;
        options.repetitionPenalty = 2.0;
        Sampler sampler(options);
        const auto token = sampler.sample(std::vector<float>{-1.0F, -1.5F}, std::vector<TokenId>{0});
        QVERIFY(token);
        QCOMPARE(*token, 1);
    }

    void drawsInProportion() {
        const auto counts = countsOf(warm(), logitsOf({0.5, 0.3, 0.2}), 20000);
        QVERIFY(std::abs(counts[0] - 10000) < 300);
        QVERIFY(std::abs(counts[1] - 6000) < 300);
        QVERIFY(std::abs(counts[2] - 4000) < 300);
    }

    void sharpensWithLowTemperature() {
        SamplingOptions options = warm();
        options.temperature = 0.5;  // squares the ratio: 4 to 1
        const auto counts = countsOf(options, logitsOf({2.0 / 3.0, 1.0 / 3.0}), 20000);
        QVERIFY(std::abs(counts[0] - 16000) < 300);
    }

    void keepsTheBestKTokens() {
        SamplingOptions options = warm();
        options.topK = 2;
        QCOMPARE(drawn(options, {1.0F, 1.2F, 1.1F, 0.9F}), (std::set<TokenId>{1, 2}));
    }

    void keepsTheLowerIdsOfEqualTokensInTopK() {
        SamplingOptions options = warm();
        options.topK = 2;
        QCOMPARE(drawn(options, {1.0F, 1.0F, 1.0F, 1.0F}), (std::set<TokenId>{0, 1}));
    }

    void keepsTheFewestTokensThatReachTheMassOfTopP() {
        SamplingOptions options = warm();
        options.topP = 0.75;
        QCOMPARE(drawn(options, logitsOf({0.1, 0.5, 0.1, 0.3})), (std::set<TokenId>{1, 3}));
    }

    void appliesTopPToWhatTopKLeft() {
        SamplingOptions options = warm();
        options.topK = 2;
        options.topP = 0.6;  // 0.5 of 0.8 is above 0.6 of what is left
        QCOMPARE(drawn(options, logitsOf({0.1, 0.5, 0.1, 0.3})), (std::set<TokenId>{1}));
    }

    void dropsTokensFarBelowTheBestWithMinP() {
        SamplingOptions options = warm();
        options.minP = 0.4;
        QCOMPARE(drawn(options, logitsOf({0.15, 0.5, 0.1, 0.25})), (std::set<TokenId>{1, 3}));
        options.topP = 0.99;
        QCOMPARE(drawn(options, logitsOf({0.15, 0.5, 0.1, 0.25})), (std::set<TokenId>{1, 3}));
    }

    void agreesWithAFullSortOfALargeVocabulary() {
        const std::vector<float> logits = largeVocabulary();
        const std::set<TokenId> allowed = nucleus(logits, 0.3);
        QVERIFY(allowed.size() > 256 && allowed.size() < 50000);
        SamplingOptions options = warm();
        options.topP = 0.3;
        Sampler sampler(options);
        std::set<TokenId> seen;
        for (int i = 0; i < 200; ++i) {
            const auto token = sampler.sample(logits, {});
            QVERIFY(token);
            QVERIFY(allowed.contains(*token));
            seen.insert(*token);
        }
        QVERIFY(seen.size() > 64);  // more than the first step of the partial sort
    }

    void keepsTheBestKOfALargeVocabulary() {
        const std::vector<float> logits = largeVocabulary();
        std::vector<TokenId> order(logits.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(
            order, std::ranges::greater{}, [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; });
        for (const std::int32_t count : {1, 40, 5000}) {
            SamplingOptions options = warm();
            options.topK = count;
            Sampler sampler(options);
            const std::set<TokenId> allowed(order.begin(), order.begin() + count);
            std::set<TokenId> seen;
            for (int i = 0; i < 400; ++i) {
                const auto token = sampler.sample(logits, {});
                QVERIFY(token && allowed.contains(*token));
                seen.insert(*token);
            }
            QVERIFY(seen.size() >= std::min<std::size_t>(static_cast<std::size_t>(count), 38));
        }
    }

    void findsTheBestOfAnyLogits() {
        Rng rng(3);
        for (std::size_t length : {1U, 7U, 511U, 512U, 513U, 5000U}) {
            for (const double offset : {-30.0, -0.5, 20.0}) {
                std::vector<float> logits;
                for (std::size_t i = 0; i < length; ++i)
                    logits.push_back(static_cast<float>(offset + rng.uniform()));
                logits[length / 2] = logits[length / 3];
                const auto expected = std::ranges::max_element(logits) - logits.begin();
                QCOMPARE(bestToken(logits), std::optional(static_cast<TokenId>(expected)));
            }
        }
        QCOMPARE(bestToken(std::vector<float>{-1.0F, -0.0F, 0.0F}), std::optional<TokenId>(1));
    }

    void weighsAsTheExponentialDoes() {
        const std::vector<float> logits = largeVocabulary();
        std::vector<std::uint64_t> masses(logits.size());
        const std::uint64_t total = weigh(logits, 8.0F, 0.7, masses);
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            const double expected =
                std::exp((static_cast<double>(logits[i]) - 8.0) / 0.7) * static_cast<double>(kWholeMass);
            QVERIFY(std::abs(static_cast<double>(masses[i]) - expected) <= 2e-6 * expected + 0.5);
            sum += masses[i];
        }
        QCOMPARE(total, sum);
    }

    void weighsTheBestTokenWholeHoweverColdItIs() {
        const std::vector<float> logits{2.0F, 3.0F, -3e38F, std::nextafter(3.0F, 0.0F)};
        std::vector<std::uint64_t> masses(logits.size());
        for (const double temperature : {1e-300, 1e-9, 100.0}) {
            weigh(logits, 3.0F, temperature, masses);
            QCOMPARE(masses[1], kWholeMass);
            QCOMPARE(masses[2], std::uint64_t{0});
        }
        SamplingOptions options = warm();
        options.temperature = 1e-300;
        QCOMPARE(drawn(options, logits), (std::set<TokenId>{1}));
    }

    void drawsInOrderOfIds() {
        // The same numbers go through the tokens that are left in the same order, whatever left them.
        const std::vector<float> logits = logitsOf({0.1, 0.2, 0.3, 0.4});
        SamplingOptions everything = warm();
        SamplingOptions best = warm();
        best.topP = 0.999;
        SamplingOptions likely = warm();
        likely.minP = 0.1;
        Sampler samplers[] = {Sampler(everything), Sampler(best), Sampler(likely)};
        Rng random(everything.seed);
        for (int i = 0; i < 200; ++i) {
            const double number = random.uniform();
            const TokenId expected = number < 0.1 ? 0 : (number < 0.3 ? 1 : (number < 0.6 ? 2 : 3));
            for (Sampler& sampler : samplers) {
                const auto token = sampler.sample(logits, {});
                QVERIFY(token);
                QCOMPARE(*token, expected);
            }
        }
    }

    void takesOneRandomNumberPerToken() {
        // A decoder that goes on where a sampler is counts on it.
        const std::vector<float> logits = logitsOf({0.1, 0.2, 0.3, 0.4});
        SamplingOptions options = warm();
        options.topK = 3;
        Sampler sampler(options);
        Rng random(options.seed);
        for (int i = 0; i < 5; ++i) {
            QCOMPARE(sampler.random().state(), random.state());
            QVERIFY(sampler.sample(logits, {}));
            random.uniform();
        }
        options.temperature = 0.0;
        Sampler greedy(options);
        QVERIFY(greedy.sample(logits, {}));
        QCOMPARE(greedy.random().state(), Rng(options.seed).state());
    }

    void repeatsItselfForTheSameSeed() {
        const std::vector<float> logits = largeVocabulary();
        SamplingOptions options = warm();
        options.topP = 0.9;
        Sampler first(options);
        Sampler second(options);
        options.seed = 6;
        Sampler other(options);
        int different = 0;
        for (int i = 0; i < 20; ++i) {
            const auto token = first.sample(logits, {});
            const auto same = second.sample(logits, {});
            const auto another = other.sample(logits, {});
            QVERIFY(token && same && another);
            QCOMPARE(*token, *same);
            different += *token == *another ? 0 : 1;
        }
        QVERIFY(different > 10);
    }

    void refusesLogitsThatAreNotFinite_data() {
        QTest::addColumn<float>("value");
        QTest::newRow("NaN") << std::numeric_limits<float>::quiet_NaN();
        QTest::newRow("infinity") << std::numeric_limits<float>::infinity();
        QTest::newRow("minus infinity") << -std::numeric_limits<float>::infinity();
    }
    void refusesLogitsThatAreNotFinite() {
        QFETCH(float, value);
        const std::vector<float> logits{1.0F, value, 2.0F};
        const auto token = Sampler(SamplingOptions{}).sample(logits, {});
        QVERIFY(!token);
        QCOMPARE(token.error().code, ErrorCode::kInternal);
        QCOMPARE(token.error().message, std::string("logits are not finite"));
        QVERIFY(!greedyGap(logits));
    }

    void refusesToChooseFromNothing() { QVERIFY(!Sampler(SamplingOptions{}).sample({}, {})); }

    void measuresTheGapToTheSecondBest() {
        const auto gap = greedyGap(std::vector<float>{1.0F, 4.0F, -2.0F, 3.5F});
        QVERIFY(gap);
        QCOMPARE(gap->best, 1);
        QCOMPARE(gap->second, 3);
        QCOMPARE(gap->gap, 0.5F);
    }

    void measuresNoGapBetweenEqualTokens() {
        const auto gap = greedyGap(std::vector<float>{1.0F, 4.0F, 4.0F, 4.0F});
        QVERIFY(gap);
        QCOMPARE(gap->best, 1);
        QCOMPARE(gap->second, 2);
        QCOMPARE(gap->gap, 0.0F);
    }

    void refusesOptionsWithoutMeaning() {
        QVERIFY(checkSampling(SamplingOptions{}));
        const auto refuses = [](auto change) {
            SamplingOptions options;
            change(options);
            return !checkSampling(options);
        };
        QVERIFY(refuses([](SamplingOptions& options) { options.temperature = -0.1; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.temperature = std::nan(""); }));
        QVERIFY(refuses([](SamplingOptions& options) { options.topK = -1; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.topP = 0.0; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.topP = 1.1; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.minP = 2.0; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.repetitionPenalty = 0.0; }));
        QVERIFY(refuses([](SamplingOptions& options) { options.maxTokens = 0; }));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestSampler)
#include "tst_sampler.moc"
