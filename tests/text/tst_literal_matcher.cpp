#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/text/literal_matcher.h"
#include "tests/support/random_text.h"

using namespace epi;

class TestLiteralMatcher : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void prefersTheLeftmostThenTheLongest() {
        LiteralMatcher matcher;
        matcher.add("<a", 1);
        matcher.add("<a><b>", 2);
        matcher.add("a><", 3);
        const auto match = matcher.find("x<a><b>", 0);
        QVERIFY(match.has_value());
        QCOMPARE(match->offset, std::size_t{1});
        QCOMPARE(match->length, std::size_t{6});
        QCOMPARE(match->value, 2);
    }

    void findsNothingInAnUnfinishedLiteral() {
        LiteralMatcher matcher;
        matcher.add("<tag>", 1);
        QVERIFY(!matcher.find("<tag <ta", 0));
        QVERIFY(!LiteralMatcher().find("anything", 0));
    }

    void agreesWithASearchOfEveryLiteral() {
        test::Random random(4);
        const auto letters = [&](std::uint32_t maxLength) {
            std::string text(1 + test::below(random, maxLength), 'a');
            for (char& letter : text)
                letter = static_cast<char>('a' + test::below(random, 3));
            return text;
        };
        for (int round = 0; round < 500; ++round) {
            std::vector<std::string> literals;
            LiteralMatcher matcher;
            for (std::uint32_t i = 0; i < 1 + test::below(random, 6); ++i) {
                literals.push_back(letters(5));
                matcher.add(literals.back(), static_cast<std::int32_t>(i));
            }
            const std::string text = letters(30);
            std::size_t offset = std::string::npos;
            std::size_t length = 0;
            for (const std::string& literal : literals) {
                const std::size_t at = text.find(literal);
                if (at == std::string::npos || at > offset) continue;
                length = at < offset ? literal.size() : std::max(length, literal.size());
                offset = at;
            }
            const auto match = matcher.find(text, 0);
            QCOMPARE(match.has_value(), offset != std::string::npos);
            if (!match) continue;
            QCOMPARE(match->offset, offset);
            QCOMPARE(match->length, length);
        }
    }
};

QTEST_GUILESS_MAIN(TestLiteralMatcher)
#include "tst_literal_matcher.moc"
