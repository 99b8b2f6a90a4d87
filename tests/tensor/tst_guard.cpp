#include <QTest>

#include "core/tensor/guard.h"

namespace epi {

class TestGuard : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void outOfMemoryIsToldInOneSentence() {
        QCOMPARE(outOfMemoryText(
                     "embedding",
                     "CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of "
                     "139.80 GiB of which 3.12 MiB is free. If reserved but unallocated memory is large "
                     "try setting PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True."),
                 "embedding: not enough memory for 2.00 MiB more");
        QCOMPARE(outOfMemoryText("reading", "out of memory, tried to allocate 4096 bytes"),
                 "reading: not enough memory for 4096 bytes more");
        QCOMPARE(outOfMemoryText("reading", "out of memory"), "reading: not enough memory");
    }

    void anExceptionOfTheAllocatorIsAnErrorOfItsKind() {
        const auto done = guarded("reading", []() -> Result<void> {
            TORCH_CHECK_WITH(
                OutOfMemoryError, false, "CUDA out of memory. Tried to allocate 1.00 GiB. GPU 0 has");
            return {};
        });
        QVERIFY(!done);
        QCOMPARE(done.error().code, ErrorCode::kOutOfMemory);
        QCOMPARE(done.error().message, "reading: not enough memory for 1.00 GiB more");
    }
};

}  // namespace epi

QTEST_APPLESS_MAIN(epi::TestGuard)
#include "tst_guard.moc"
