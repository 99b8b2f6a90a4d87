#include <set>
#include <string>
#include <vector>

#include <QtTest>

#include "core/format/cache_key.h"

namespace epi {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string keyOf(const Fields& fields) {
    std::vector<CacheKeyField> list;
    for (const auto& [name, bytes] : fields)
        list.push_back({name, std::as_bytes(std::span(bytes))});
    return cacheKey(list);
}

class TestCacheKey : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isTheSameForTheSameFields() {
        const std::string key = keyOf({{"model", "abc"}, {"history", "xyz"}});
        QCOMPARE(key, keyOf({{"model", "abc"}, {"history", "xyz"}}));
        QCOMPARE(key.size(), std::size_t{64});
        QCOMPARE(key.find_first_not_of("0123456789abcdef"), std::string::npos);
    }

    void staysWhatItWas() {
        // Changing this makes every stored cache useless; do so only together with the key scheme's number.
        QCOMPARE(keyOf({{"model", "abc"}}),
                 std::string("de202d6dbd5e155d496facad683d7d636bb42ccde871382106358ae124009717"));
    }

    void beginsWithTheConversationItBelongsTo() {
        const CacheKeyField one{"a", {}};
        const CacheKeyField two{"b", {}};
        const std::string key = cacheKey("epichat:1", std::span(&one, 1));
        QCOMPARE(key.size(), std::size_t{64});
        QCOMPARE(conversationKey("epichat:1").size(), std::size_t{16});
        QVERIFY(key.starts_with(conversationKey("epichat:1")));
        QVERIFY(cacheKey("epichat:1", std::span(&two, 1)).starts_with(conversationKey("epichat:1")));
        QVERIFY(key != cacheKey("epichat:1", std::span(&two, 1)));
        QVERIFY(conversationKey("epichat:1") != conversationKey("epichat:2"));
    }

    void differsWhereTheFieldsDiffer() {
        const std::vector<Fields> lists{{},
                                        {{"", ""}},
                                        {{"a", "bc"}},
                                        {{"ab", "c"}},
                                        {{"a", "b"}, {"c", ""}},
                                        {{"a", ""}, {"b", "c"}},
                                        {{"a", "1"}, {"b", "2"}},
                                        {{"b", "2"}, {"a", "1"}},
                                        {{"a", std::string("1\0", 2)}}};
        std::set<std::string> keys;
        for (const Fields& fields : lists)
            keys.insert(keyOf(fields));
        QCOMPARE(keys.size(), lists.size());
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCacheKey)
#include "tst_cache_key.moc"
