#include <QtTest>

#include "core/download/resume.h"

using namespace epi;

namespace {

const std::string kAddress = addressDigest("https://example.org/m.gguf");

PartRecord record(std::string validator = "\"v1\"") {
    return {kAddress, std::move(validator), 1000};
}

Answer whole(std::uint64_t bytes, std::string etag = "\"v1\"") {
    return {.status = 200, .bodyBytes = bytes, .etag = std::move(etag)};
}

Answer rest(std::string range) {
    return {.status = 206, .bodyBytes = 600, .range = std::move(range), .etag = "\"v1\""};
}

constexpr RangeRequest kAll{};
const RangeRequest kRest{400, "\"v1\"", 1000};

ErrorCode codeOf(const Result<std::optional<Body>>& judged) {
    return judged ? ErrorCode::kInternal : judged.error().code;
}

}  // namespace

class TestResume : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aRecordIsReadAsItWasWritten() {
        const auto read = partRecordFromJsonText(toJsonText(record("\"ä \\ \"")));
        QVERIFY(read);
        QVERIFY(*read == record("\"ä \\ \""));
    }

    void aDamagedRecordIsRefused() {
        const std::string good = toJsonText(record());
        for (std::size_t length = 0; length + 2 < good.size(); ++length)
            QVERIFY(!partRecordFromJsonText(good.substr(0, length)));
        QVERIFY(!partRecordFromJsonText(R"({"address": "a", "validator": "v", "total_bytes": 0})"));
        QVERIFY(!partRecordFromJsonText(R"({"address": "a", "validator": "v", "total_bytes": -5})"));
        QVERIFY(!partRecordFromJsonText(R"({"address": "a", "validator": 7, "total_bytes": 5})"));
    }

    void goesOnOnlyWhereThatIsSafe() {
        QCOMPARE(planRequest(record(), kAddress, 400).firstByte, std::uint64_t{400});
        QCOMPARE(planRequest(record(), kAddress, 400).validator, std::string("\"v1\""));
        QCOMPARE(planRequest(record(), kAddress, 1000).firstByte, std::uint64_t{1000});
        QCOMPARE(planRequest(std::nullopt, kAddress, 400).firstByte, std::uint64_t{0});
        QCOMPARE(planRequest(record(), addressDigest("https://example.org/other"), 400).firstByte,
                 std::uint64_t{0});
        QCOMPARE(planRequest(record(""), kAddress, 400).firstByte, std::uint64_t{0});
        QCOMPARE(planRequest(record(), kAddress, 0).firstByte, std::uint64_t{0});
        QCOMPARE(planRequest(record(), kAddress, 1001).firstByte, std::uint64_t{0});
    }

    void allOfAFile() {
        const auto judged = judgeAnswer(kAll, whole(1000), "host");
        QVERIFY(judged && *judged);
        QCOMPARE((*judged)->firstByte, std::uint64_t{0});
        QCOMPARE((*judged)->totalBytes, std::uint64_t{1000});
        QCOMPARE((*judged)->validator, std::string("\"v1\""));
    }

    void aWeakTagIsNone() {
        Answer answer = whole(1000, "W/\"v1\"");
        QCOMPARE((*judgeAnswer(kAll, answer, "host"))->validator, std::string());
        answer.lastModified = "Sat, 28 Nov 2026 10:00:00 GMT";
        QCOMPARE((*judgeAnswer(kAll, answer, "host"))->validator, answer.lastModified);
    }

    void theRestOfAFile() {
        const auto judged = judgeAnswer(kRest, rest("bytes 400-999/1000"), "host");
        QVERIFY(judged && *judged);
        QCOMPARE((*judged)->firstByte, std::uint64_t{400});
        QCOMPARE((*judged)->totalBytes, std::uint64_t{1000});
    }

    void anotherFileInsteadOfTheRest() {
        const auto judged = judgeAnswer(kRest, whole(700, "\"v2\""), "host");
        QVERIFY(judged && *judged);
        QCOMPARE((*judged)->firstByte, std::uint64_t{0});
        QCOMPARE((*judged)->totalBytes, std::uint64_t{700});
        QCOMPARE((*judged)->validator, std::string("\"v2\""));
    }

    void asksAgainWhereTheRestIsNotWhatWasAskedFor_data() {
        QTest::addColumn<std::string>("range");
        for (const char* range : {"bytes 0-999/1000",
                                  "bytes 399-999/1000",
                                  "bytes 400-998/1000",
                                  "bytes 400-1000/1000",
                                  "bytes 400-1999/2000",
                                  "bytes 400-999/*",
                                  "bytes */1000",
                                  "bytes 400-999/1000 ",
                                  "bytes 400-99999999999999999999/1000",
                                  "bytes -400-999/1000",
                                  "items 400-999/1000",
                                  ""}) {
            QTest::addRow("'%s'", range) << std::string(range);
        }
    }
    void asksAgainWhereTheRestIsNotWhatWasAskedFor() {
        QFETCH(std::string, range);
        const auto judged = judgeAnswer(kRest, rest(range), "host");
        QVERIFY(judged);
        QVERIFY(!*judged);
    }

    void asksAgainWhereThereIsNoRest() {
        const auto judged = judgeAnswer(kRest, {.status = 416}, "host");
        QVERIFY(judged && !*judged);
        QCOMPARE(codeOf(judgeAnswer(kAll, {.status = 416}, "host")), ErrorCode::kIo);
        QCOMPARE(codeOf(judgeAnswer(kAll, rest("bytes 400-999/1000"), "host")), ErrorCode::kIo);
    }

    void refusalsAreToldApart() {
        QCOMPARE(codeOf(judgeAnswer(kAll, {.status = 404}, "host")), ErrorCode::kNotFound);
        QCOMPARE(codeOf(judgeAnswer(kRest, {.status = 410}, "host")), ErrorCode::kNotFound);
        QCOMPARE(codeOf(judgeAnswer(kAll, {.status = 503}, "host")), ErrorCode::kIo);
        QCOMPARE(codeOf(judgeAnswer(kAll, {.status = 204}, "host")), ErrorCode::kIo);
        QCOMPARE(codeOf(judgeAnswer(kAll, {.status = 200}, "host")), ErrorCode::kUnsupported);
        QCOMPARE(codeOf(judgeAnswer(kAll, whole(0), "host")), ErrorCode::kUnsupported);
        Answer encoded = whole(1000);
        encoded.encoding = "br";
        QCOMPARE(codeOf(judgeAnswer(kAll, encoded, "host")), ErrorCode::kUnsupported);
    }

    void theDiskKeepsRoomForTheChats() {
        constexpr std::uint64_t kReserve = std::uint64_t{256} << 20;
        QVERIFY(checkSpace(1000, kReserve + 1000, "/models"));
        const auto checked = checkSpace(1001, kReserve + 1000, "/models");
        QVERIFY(!checked);
        QCOMPARE(checked.error().code, ErrorCode::kIo);
        QVERIFY2(
            checked.error().message.find("268,436,456 bytes free, and 1,001 are needed") != std::string::npos,
            checked.error().message.c_str());
        QVERIFY(!checkSpace(0, kReserve - 1, "/models"));
        QVERIFY(!checkSpace(~std::uint64_t{0}, ~std::uint64_t{0}, "/models"));
    }
};

QTEST_GUILESS_MAIN(TestResume)
#include "tst_resume.moc"
