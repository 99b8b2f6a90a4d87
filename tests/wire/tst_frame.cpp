#include <random>
#include <string>
#include <vector>

#include <QtTest>

#include "core/wire/frame.h"

using namespace epi;

namespace {

std::string bytesOf(const Frame& frame) {
    auto bytes = encodeFrame(frame);
    return bytes ? *bytes : std::string();
}

std::vector<Frame> manyFrames() {
    std::vector<Frame> frames{
        {1, "", {}}, {2, "{}", {}}, {255, "", {0, 255, 10}}, {7, "{\"a\":1}", {1, 2, 3}}};
    frames.push_back({9, std::string(70'000, 'x'), std::vector<std::uint8_t>(100'000, 5)});
    frames.push_back({10, "last", {}});
    return frames;
}

std::string u32(std::uint32_t value) {
    std::string bytes;
    for (unsigned shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<char>((value >> shift) & 0xFF));
    return bytes;
}

ErrorCode errorCodeOf(const std::string& bytes) {
    FrameDecoder decoder;
    decoder.feed(bytes);
    const auto frame = decoder.next();
    return frame ? ErrorCode::kCancelled : frame.error().code;
}

}  // namespace

class TestFrame : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void writesLittleEndianLengths() {
        QCOMPARE(bytesOf({3, "ab", {9}}), std::string("\x08\0\0\0\x03\x02\0\0\0ab\x09", 12));
    }

    void givesTheSameFramesForEveryPortionSize() {
        const std::vector<Frame> frames = manyFrames();
        std::string stream;
        for (const Frame& frame : frames)
            stream += bytesOf(frame);
        for (const std::size_t portion : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, stream.size()}) {
            FrameDecoder decoder;
            std::vector<Frame> decoded;
            for (std::size_t at = 0; at < stream.size(); at += portion) {
                decoder.feed(std::span(stream).subspan(at, std::min(portion, stream.size() - at)));
                for (auto frame = decoder.next(); frame && *frame; frame = decoder.next())
                    decoded.push_back(**frame);
            }
            QVERIFY(decoded == frames);
            QVERIFY(!decoder.isInsideFrame());
        }
    }

    void givesTheSameFramesForRandomPortions() {
        const std::vector<Frame> frames = manyFrames();
        std::string stream;
        for (const Frame& frame : frames)
            stream += bytesOf(frame);
        std::mt19937 random(20);
        for (int round = 0; round < 200; ++round) {
            FrameDecoder decoder;
            std::vector<Frame> decoded;
            for (std::size_t at = 0; at < stream.size();) {
                const std::size_t portion = std::min<std::size_t>(random() % 9000, stream.size() - at);
                decoder.feed(std::span(stream).subspan(at, portion));
                at += portion;
                for (auto frame = decoder.next(); frame && *frame; frame = decoder.next())
                    decoded.push_back(**frame);
            }
            QVERIFY(decoded == frames);
        }
    }

    void waitsForTheRestOfATruncatedFrame() {
        const std::string bytes = bytesOf({3, "header", {1, 2}});
        for (std::size_t length = 1; length < bytes.size(); ++length) {
            FrameDecoder decoder;
            decoder.feed(std::span(bytes).first(length));
            const auto frame = decoder.next();
            QVERIFY(frame && !*frame);
            QVERIFY(decoder.isInsideFrame());
        }
    }

    void refusesALengthBeyondTheLimitBeforeTheFrameArrives() {
        QCOMPARE(errorCodeOf(u32(kMaxFrameBytes + 1)), ErrorCode::kCorruptData);
        QCOMPARE(errorCodeOf(u32(0xFFFFFFFF)), ErrorCode::kCorruptData);
    }

    void refusesALengthThatHoldsNoKind() {
        QCOMPARE(errorCodeOf(u32(4)), ErrorCode::kCorruptData);
        QCOMPARE(errorCodeOf(u32(0)), ErrorCode::kCorruptData);
    }

    void refusesAHeaderLongerThanItsFrame() {
        QCOMPARE(errorCodeOf(u32(10) + '\1' + u32(6)), ErrorCode::kCorruptData);
    }

    void refusesAHeaderBeyondTheLimit() {
        QCOMPARE(errorCodeOf(u32(kMaxFrameBytes) + '\1' + u32(kMaxHeaderBytes + 1)), ErrorCode::kCorruptData);
    }

    void namesBothLengthsInTheError() {
        FrameDecoder decoder;
        decoder.feed(std::span(std::string_view("HTTP")));
        const auto frame = decoder.next();
        QVERIFY(!frame);
        QCOMPARE(frame.error().message, std::string("frame of 1347703880 bytes, at most 67108864 allowed"));
    }

    void staysRefusedOnceMalformed() {
        FrameDecoder decoder;
        decoder.feed(std::span(std::string_view("HTTP")));
        QVERIFY(!decoder.next());
        decoder.feed(bytesOf({1, "", {}}));
        QVERIFY(!decoder.next());
    }

    void takesTheLargestFrame() {
        const Frame frame{1,
                          std::string(kMaxHeaderBytes, 'h'),
                          std::vector<std::uint8_t>(kMaxFrameBytes - kMaxHeaderBytes - 5, 1)};
        FrameDecoder decoder;
        decoder.feed(bytesOf(frame));
        const auto decoded = decoder.next();
        QVERIFY(decoded && *decoded);
        QVERIFY(**decoded == frame);
    }

    void refusesToWriteWhatItWouldNotRead() {
        const auto longHeader = encodeFrame({1, std::string(kMaxHeaderBytes + 1, 'h'), {}});
        QVERIFY(!longHeader);
        QCOMPARE(longHeader.error().code, ErrorCode::kInvalidArgument);
        QVERIFY(!encodeFrame({1, "", std::vector<std::uint8_t>(kMaxFrameBytes, 1)}));
    }
};

QTEST_GUILESS_MAIN(TestFrame)
#include "tst_frame.moc"
