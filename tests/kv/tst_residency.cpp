#include <string>
#include <vector>

#include <QtTest>

#include "core/kv/residency.h"

namespace epi {
namespace {

using Keys = std::vector<std::string>;

std::vector<ResidencyPolicy::Similarity> similarities(double a, double b, double c) {
    return {{"a", a}, {"b", b}, {"c", c}};
}

class TestResidency : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void staysWithinItsCapacity() {
        ResidencyPolicy policy(100);
        std::uint32_t state = 1;
        for (int i = 0; i < 500; ++i) {
            state = state * 1664525U + 1013904223U;
            policy.request(std::string(1, static_cast<char>('a' + state / 65536 % 8)), 30);
            QVERIFY(policy.usedBytes() <= 100);
        }
        const ResidencyPolicy::Counters& counters = policy.counters();
        QCOMPARE(counters.hits + counters.faults, 500);
        QVERIFY(counters.hits > 0 && counters.evictions > 0);
        QCOMPARE(counters.faultBytes, counters.faults * 30);
    }

    void keepsTheOneThatIsAskedEvenWhenItIsTooLarge() {
        ResidencyPolicy policy(100);
        QCOMPARE(policy.request("a", 60), Keys{});
        QCOMPARE(policy.request("b", 500), Keys{"a"});
        QVERIFY(policy.isResident("b"));
        QCOMPARE(policy.request("c", 40), Keys{"b"});
    }

    void dropsTheLeastRecentlyUsedOfThoseNotExpected() {
        ResidencyPolicy policy(90);
        policy.request("a", 30);
        policy.request("b", 30);
        policy.request("c", 30);
        // All are marked, so a new phase begins, and "a" was used longest ago.
        QCOMPARE(policy.request("d", 30), Keys{"a"});
        QCOMPARE(policy.request("e", 30), Keys{"b"});
    }

    void sparesWhatTheQueryWasSimilarTo() {
        ResidencyPolicy policy(90);
        policy.request("a", 30);
        policy.request("b", 30);
        policy.request("c", 30);
        policy.observe(similarities(0.3, 0.1, 0.2), "d");
        QVERIFY(policy.isExpected("a") && policy.isExpected("c") && !policy.isExpected("b"));
        QCOMPARE(policy.request("d", 30), Keys{"b"});
    }

    void learnsWhatFollowsWhat() {
        ResidencyPolicy policy(1000);
        const std::vector<ResidencyPolicy::Similarity> none;
        for (int i = 0; i < 2; ++i) {
            policy.observe(none, "a");
            policy.observe(none, "z");
        }
        QVERIFY(!policy.isExpected("z"));
        policy.observe(none, "a");
        QVERIFY(policy.isExpected("z"));
    }

    void followsLruWhenItsPredictionsCostMore() {
        // "x" and "y" are asked again and again, but the predictions are for items that are asked once.
        ResidencyPolicy policy(90);
        bool hasFollowed = false;
        for (int round = 0; round < 40; ++round) {
            const std::string once = "once " + std::to_string(round);
            const std::vector<ResidencyPolicy::Similarity> wrong{
                {once, 0.9}, {"once " + std::to_string(round - 1), 0.8}, {"x", 0.0}, {"y", 0.0}};
            for (const std::string& key : {std::string("x"), std::string("y"), once}) {
                policy.observe(wrong, key);
                policy.request(key, 30);
                hasFollowed = hasFollowed || policy.counters().followsLru;
            }
        }
        QVERIFY(hasFollowed);
        QVERIFY(policy.counters().faults > policy.counters().lruFaults);
        QVERIFY(policy.counters().faults < 2 * policy.counters().lruFaults);
    }

    void forgetsAtOnceWhatIsDiscarded() {
        ResidencyPolicy policy(90);
        policy.request("a", 60);
        policy.discard("a");
        QCOMPARE(policy.usedBytes(), 0);
        QVERIFY(policy.fits(90));
        QCOMPARE(policy.request("b", 90), Keys{});
        policy.discard("unknown");
    }

    void countsNothingForWhatIsAdmittedAhead() {
        ResidencyPolicy policy(90);
        policy.admit("a", 60);
        QCOMPARE(policy.counters().faults, 0);
        QCOMPARE(policy.request("a", 60), Keys{});
        QCOMPARE(policy.counters().hits, 1);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestResidency)
#include "tst_residency.moc"
