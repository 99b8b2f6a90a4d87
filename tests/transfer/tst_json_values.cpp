// Foreign JSON, value by value, within limits.

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "core/transfer/json_values.h"
#include "tests/support/check_result.h"

using namespace epi;

namespace {

struct Reading_ {
    Result<void> end;
    std::vector<std::string> paths;
};

class TemporaryJson {
public:
    explicit TemporaryJson(const QByteArray& bytes) {
        QFile out(path());
        if (out.open(QIODevice::WriteOnly)) out.write(bytes);
    }
    [[nodiscard]] QString path() const { return folder_.filePath(QStringLiteral("values.json")); }
    [[nodiscard]] Reading_ read(const JsonValueLimits& limits = {}, const CancelToken& cancel = {}) const {
        Reading_ reading;
        auto file = File::openForReading(path().toStdString());
        if (!file) return {file.error(), {}};
        reading.end = forEachJsonValue(
            *file,
            [&reading](const JsonReader& value) -> Result<Reading> {
                reading.paths.push_back(value.path());
                return Reading::kGoOn;
            },
            cancel,
            {},
            limits);
        return reading;
    }

private:
    QTemporaryDir folder_;
};

}  // namespace

class TestJsonValues : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesElementsOneByOne() {
        const auto reading = TemporaryJson(R"([{"a": [1]}, [], [[2]], "x", 3, null])").read();
        QVERIFY2(reading.end, test::why(reading.end));
        QCOMPARE(reading.paths, (std::vector<std::string>{"[0]", "[1]", "[2]", "[3]", "[4]", "[5]"}));
    }

    void givesTheOneValueThatAFileIs() {
        for (const char* text : {R"({"a": [1, {"b": []}]})", "7", "\xEF\xBB\xBF{}"}) {
            const auto reading = TemporaryJson(text).read();
            QVERIFY2(reading.end, test::why(reading.end));
            QCOMPARE(reading.paths.size(), std::size_t{1});
        }
        QVERIFY(TemporaryJson("[]").read().paths.empty());
    }

    void keepsWhatItBuilds() {
        TemporaryJson json(R"([{"a": {"b": [1, "zwei", {"c": null}], "d": true}, "e": -2.5}])");
        auto file = File::openForReading(json.path().toStdString());
        QVERIFY(file);
        const auto end = forEachJsonValue(*file, [](const JsonReader& value) -> Result<Reading> {
            EPI_TRY_ASSIGN(const JsonReader a, value.at("a"));
            EPI_TRY_ASSIGN(const JsonReader b, a.at("b"));
            EPI_TRY_ASSIGN(const auto elements, b.elements());
            EPI_TRY_ASSIGN(const std::string text, elements.at(1).string());
            EPI_TRY_ASSIGN(const JsonReader e, value.at("e"));
            EPI_TRY_ASSIGN(const double number, e.number());
            EPI_TRY_ASSIGN(const JsonReader d, a.at("d"));
            if (text != "zwei" || number != -2.5 || !d.isTrue()) return value.error("another value");
            return Reading::kEnough;
        });
        QVERIFY2(end, test::why(end));
    }

    void refusesBombs_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("depth") << QByteArray(1'000'000, '[');
        QTest::newRow("objects in depth") << QByteArray(R"({"a":)").repeated(200'000);
        QTest::newRow("empty arrays") << "[[" + QByteArray("[],").repeated(3'000'000) + "[]]]";
        QTest::newRow("keys") << R"([{"k":1)" + QByteArray(R"(,"k":1)").repeated(2'100'000) + "}]";
    }
    void refusesBombs() {
        QFETCH(QByteArray, bytes);
        const auto reading = TemporaryJson(bytes).read();
        QVERIFY(test::failsWith(reading.end, ErrorCode::kUnsupported));
        QVERIFY(reading.paths.empty());
    }

    void refusesAnEndlessText() {
        JsonValueLimits limits;
        limits.maxStringBytes = 1 << 20;
        const auto reading = TemporaryJson("[1, \"" + QByteArray(4 << 20, 'a') + "\"]").read(limits);
        QVERIFY(test::failsWith(reading.end, ErrorCode::kUnsupported));
        QCOMPARE(reading.paths.size(), std::size_t{1});
    }

    void saysWhereAFileStopsBeingJson_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("cut off") << QByteArray("[1, {\"a\": ");
        QTest::newRow("NaN") << QByteArray("[1, NaN]");
        QTest::newRow("1e400") << QByteArray("[1, 1e400]");
        QTest::newRow("lone surrogate") << QByteArray(R"([1, "\ud800"])");
        QTest::newRow("not UTF-8") << QByteArray("[1, \"\xff\"]");
        QTest::newRow("zero byte") << QByteArray("[1, 2]\0[3]", 10);
        QTest::newRow("UTF-16") << QByteArray("\xFF\xFE[\0", 4);
        QTest::newRow("something behind") << QByteArray("[1] 2");
    }
    void saysWhereAFileStopsBeingJson() {
        QFETCH(QByteArray, bytes);
        const auto reading = TemporaryJson(bytes).read();
        QVERIFY(test::failsWith(reading.end, ErrorCode::kCorruptData));
        QVERIFY2(QByteArray(test::why(reading.end)).contains("byte"), test::why(reading.end));
    }

    void stopsWhenCancelled() {
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY(test::failsWith(TemporaryJson("[1]").read({}, cancel).end, ErrorCode::kCancelled));
    }
};

QTEST_GUILESS_MAIN(TestJsonValues)
#include "tst_json_values.moc"
