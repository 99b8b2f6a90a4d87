// Errors that are told by their messages.

#include <QTest>

#include "core/base/known_error.h"

using namespace epi;

namespace {

/// Of different lengths, and with what patterns have in them.
std::vector<std::string> argumentsOf(KnownError known) {
    const std::vector<std::string> some{"/models/a b", "'x' 4%", "3.2 GB", "no: that"};
    return {some.begin(), some.begin() + static_cast<std::ptrdiff_t>(argumentCount(known))};
}

}  // namespace

class TestKnownError : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachIsRecognisedByItsMessage() {
        std::size_t place = 0;
        for (const KnownError known : allKnownErrors()) {
            QCOMPARE(static_cast<std::size_t>(known), place++);
            const Error error = makeError(ErrorCode::kIo, known, argumentsOf(known));
            QCOMPARE(error.code, ErrorCode::kIo);
            const auto recognised = recogniseError(error.message);
            QVERIFY2(recognised, error.message.c_str());
            QVERIFY2(recognised->known == known, error.message.c_str());
            QVERIFY2(recognised->arguments == argumentsOf(known), error.message.c_str());
        }
    }

    void saysWhatItAlwaysSaid() {
        const Error error = makeError(
            ErrorCode::kOutOfMemory, KnownError::kBudgetTooLarge, {"65536", "12.4 GB", "3.1 GB", "8192"});
        QCOMPARE(
            error.message,
            std::string("a budget of 65536 entries needs 12.4 GB, 3.1 GB are free; a budget of 8192 fits"));
    }

    void leavesOtherMessagesAlone() {
        QVERIFY(!recogniseError(""));
        QVERIFY(!recogniseError("no model is loaded yet"));
        QVERIFY(!recogniseError("frame: no model is loaded"));
        QVERIFY(!recogniseError("the engine has not answered for 3 min"));
        QVERIFY(!recogniseError("cannot create /a: No such file or directory"));
    }
};

QTEST_APPLESS_MAIN(TestKnownError)
#include "tst_known_error.moc"
