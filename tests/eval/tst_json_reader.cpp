#include <QtTest>

#include "core/base/json_reader.h"

using namespace epi;

namespace {

JsonDocument parsed(std::string_view text) {
    auto document = JsonDocument::parse(text);
    if (!document) qFatal("%s", document.error().message.c_str());
    return *std::move(document);
}

template <typename T>
QString messageOf(const Result<T>& result) {
    return result ? QString("no error") : QString::fromStdString(result.error().message);
}

}  // namespace

class TestJsonReader : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesThePathOfAWrongType() {
        const JsonDocument document = parsed(R"([0, {"conversation": {"session_2": [{"text": 7}]}}])");
        const auto conversation = (*document.root().elements())[1].at("conversation");
        const auto turn = (*conversation->at("session_2")->elements())[0];
        QCOMPARE(messageOf(turn.at("text")->string()),
                 QString("[1].conversation.session_2[0].text: string expected, number found"));
        QCOMPARE(messageOf(turn.elements()),
                 QString("[1].conversation.session_2[0]: array expected, object found"));
        QCOMPARE(messageOf(turn.at("speaker")),
                 QString("[1].conversation.session_2[0]: key 'speaker' missing"));
    }

    void tellsAMissingMemberFromAWrongParent() {
        const JsonDocument document = parsed(R"({"a": []})");
        const auto missing = document.root().find("b");
        QVERIFY(missing);
        QVERIFY(!missing->has_value());
        QCOMPARE(messageOf(document.root().at("a")->find("b")), QString("a: object expected, array found"));
    }

    void checksTheRangeOfWholeNumbers_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("isAccepted");
        QTest::newRow("least") << "-2" << true;
        QTest::newRow("most") << "5" << true;
        QTest::newRow("below") << "-3" << false;
        QTest::newRow("above") << "6" << false;
        QTest::newRow("2^63") << "9223372036854775808" << false;
        QTest::newRow("2^64 + 1") << "18446744073709551617" << false;
        QTest::newRow("fraction") << "1.5" << false;
        QTest::newRow("whole fraction") << "1.0" << false;
        QTest::newRow("text") << "\"1\"" << false;
        QTest::newRow("boolean") << "true" << false;
    }
    void checksTheRangeOfWholeNumbers() {
        QFETCH(QString, text);
        QFETCH(bool, isAccepted);
        const auto value = parsed(text.toStdString()).root().integer(-2, 5);
        QCOMPARE(value.has_value(), isAccepted);
    }

    void refusesWhatIsNoJson_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray("");
        QTest::newRow("cut off") << QByteArray("[1, {\"a\": ");
        QTest::newRow("trailing text") << QByteArray("[] x");
        QTest::newRow("not a number") << QByteArray("[NaN]");
        QTest::newRow("too large a number") << QByteArray("[1e400]");
        QTest::newRow("not UTF-8") << QByteArray("[\"\xff\"]");
        QTest::newRow("lone surrogate") << QByteArray("[\"\\ud800\"]");
        QTest::newRow("zero byte") << QByteArray("[1]\0[2]", 7);
        QTest::newRow("UTF-16") << QByteArray("\xff\xfe[\0]\0", 6);
    }
    void refusesWhatIsNoJson() {
        QFETCH(QByteArray, text);
        const auto document = JsonDocument::parse({text.constData(), static_cast<std::size_t>(text.size())});
        QVERIFY(!document);
        QCOMPARE(document.error().code, ErrorCode::kCorruptData);
        QVERIFY2(messageOf(document).contains("byte"), qPrintable(messageOf(document)));
    }

    void refusesADepthBomb() {
        for (const char* open : {"[", "{\"a\":"}) {
            std::string bomb;
            for (int i = 0; i < 1'000'000; ++i)
                bomb += open;
            const auto document = JsonDocument::parse(bomb);
            QVERIFY(!document);
            QCOMPARE(document.error().code, ErrorCode::kUnsupported);
            QVERIFY2(messageOf(document).contains("128 levels"), qPrintable(messageOf(document)));
        }
    }

    void acceptsTheDeepestAllowedText() {
        const JsonLimits limits{.maxDepth = 3};
        QVERIFY(JsonDocument::parse("[[[]]]", limits));
        QVERIFY(!JsonDocument::parse("[[[[]]]]", limits));
        QVERIFY(JsonDocument::parse("[[[]], [[]]]", limits));
    }

    void refusesMoreValuesAndBytesThanAllowed() {
        QVERIFY(JsonDocument::parse("[1,2]", JsonLimits{.maxValues = 3}));
        const auto values = JsonDocument::parse("[1,2,[]]", JsonLimits{.maxValues = 3});
        QVERIFY(!values);
        QCOMPARE(values.error().code, ErrorCode::kUnsupported);
        const auto bytes = JsonDocument::parse("[1,2]", JsonLimits{.maxBytes = 4});
        QVERIFY(!bytes);
        QCOMPARE(bytes.error().code, ErrorCode::kUnsupported);
    }

    void showsForeignKeysWithoutControlCharacters() {
        const JsonDocument document = parsed("{\"a\\u001b[2J\": 1}");
        const auto members = document.root().members();
        QVERIFY(members);
        const QString message = messageOf(members->front().value.string());
        QVERIFY2(!message.contains(QChar(0x1b)), qPrintable(message));
    }
};

QTEST_GUILESS_MAIN(TestJsonReader)
#include "tst_json_reader.moc"
