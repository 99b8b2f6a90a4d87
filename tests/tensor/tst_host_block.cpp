// Memory beside a GPU: exactly as much as is asked for, locked while it is there, and kept for the next.

#include <cstdint>
#include <memory>
#include <vector>

#include <QtTest>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include "core/tensor/spare_blocks.h"
#include "tests/support/counting_lock.h"

#include <sys/mman.h>
#include <unistd.h>

namespace epi {
namespace {

using test::CountingLock;

const std::int64_t kPage = ::sysconf(_SC_PAGESIZE);

class TestHostBlock : public QObject {
    Q_OBJECT

    std::unique_ptr<CountingLock> locks_;

private Q_SLOTS:
    void init() { locks_ = std::make_unique<CountingLock>(); }
    void cleanup() {
        QCOMPARE(CountingLock::pieces(), std::size_t{0});
        QCOMPARE(CountingLock::mistakes(), 0);
        QCOMPARE(HostBlock::lockedBytes(), 0);
    }

    void takesWholePagesAndNoMore_data() {
        QTest::addColumn<qint64>("bytes");
        QTest::newRow("a byte") << qint64{1};
        QTest::newRow("a page") << qint64{kPage};
        QTest::newRow("a page and a byte") << qint64{kPage + 1};
        QTest::newRow("more than huge pages") << qint64{(5 << 20) + 12345};
        QTest::newRow("just above a power of two") << qint64{(32 << 20) + 1};
    }
    void takesWholePagesAndNoMore() {
        QFETCH(qint64, bytes);
        const auto block = HostBlock::allocate(bytes, CountingLock::lock());
        QVERIFY(block);
        QVERIFY(block->isLocked());
        QVERIFY(block->bytes() >= bytes && block->bytes() < bytes + kPage);
        QCOMPARE(block->bytes() % kPage, 0);
        QCOMPARE(CountingLock::bytes(), block->bytes());
        QCOMPARE(HostBlock::lockedBytes(), block->bytes());
        // All of it is there at once.
        std::vector<unsigned char> isThere(static_cast<std::size_t>(block->bytes() / kPage));
        QCOMPARE(::mincore(block->data(), static_cast<std::size_t>(block->bytes()), isThere.data()), 0);
        for (const unsigned char page : isThere)
            QVERIFY((page & 1) != 0);
        block->data()[block->bytes() - 1] = std::byte{1};
    }

    void servesAsItIsWhereLockingIsRefused() {
        CountingLock::refuse();
        const auto block = HostBlock::allocate(3 * kPage, CountingLock::lock());
        QVERIFY(block);
        QVERIFY(!block->isLocked());
        QCOMPARE(HostBlock::lockedBytes(), 0);
        HostPieces pieces(block);
        QCOMPARE(pieces.take({8}, c10::kFloat).fill_(2.0F).sum().item<float>(), 16.0F);
    }

    void refusesMoreThanTheComputerHas() {
        QVERIFY(!HostBlock::allocate(std::int64_t{1} << 50, CountingLock::lock()));
    }

    void handsOutTensorsThatKeepIt() {
        auto block = HostBlock::allocate(
            HostPieces::bytesFor(3 * 5 * 2) + HostPieces::bytesFor(0) + HostPieces::bytesFor(7 * 4),
            CountingLock::lock());
        QVERIFY(block);
        HostPieces pieces(block);
        at::Tensor halves = pieces.take({3, 5}, c10::kHalf);
        at::Tensor nothing = pieces.take({0, 5}, c10::kHalf);
        at::Tensor floats = pieces.take({7}, c10::kFloat);
        QCOMPARE(halves.sizes(), (at::IntArrayRef{3, 5}));
        QCOMPARE(nothing.numel(), 0);
        halves.fill_(1.0F);
        floats.fill_(2.0F);
        QCOMPARE(halves.sum().item<float>(), 15.0F);
        QCOMPARE(reinterpret_cast<std::uintptr_t>(floats.const_data_ptr()) % 256, std::uintptr_t{0});
        pieces = HostPieces(nullptr);
        block.reset();
        QVERIFY(HostBlock::lockedBytes() > 0);
        halves = at::Tensor();
        nothing = at::Tensor();
        QCOMPARE(floats.sum().item<float>(), 14.0F);
    }

    void throwsWhenItHasNoRoom() {
        HostPieces pieces(HostBlock::allocate(kPage, CountingLock::lock()));
        pieces.take({kPage / 2}, c10::kByte);
        QVERIFY_THROWS_EXCEPTION(c10::Error, pieces.take({kPage}, c10::kByte));
    }

    void makesOneAhead() {
        SpareBlocks spares(CountingLock::lock());
        spares.prepare(10 * kPage);
        QCOMPARE(spares.bytes(), 10 * kPage);  // counted from the beginning
        spares.wait();
        spares.prepare(10 * kPage - 1);  // fits exactly
        QCOMPARE(spares.bytes(), 10 * kPage);
        QCOMPARE(CountingLock::bytes(), 10 * kPage);
        QVERIFY(!spares.take(11 * kPage, 12 * kPage));
        QVERIFY(!spares.take(8 * kPage, 9 * kPage));
        const auto block = spares.take(9 * kPage, 10 * kPage);
        QVERIFY(block);
        QCOMPARE(block->bytes(), 10 * kPage);
        QCOMPARE(spares.bytes(), 0);
        QVERIFY(!spares.take(1, 10 * kPage));
    }

    void takesBackWhatNobodyHolds() {
        SpareBlocks spares(CountingLock::lock());
        auto block = spares.takeOrMake(2 * kPage);
        QVERIFY(block);
        const auto* const place = block->data();
        auto held = block;
        spares.giveBack(std::move(block));
        QCOMPARE(spares.bytes(), 0);
        spares.giveBack(std::move(held));
        QCOMPARE(spares.bytes(), 2 * kPage);
        QCOMPARE(spares.takeOrMake(2 * kPage)->data(), place);
        // One that is not locked is as slow the next time.
        spares.giveBack(HostBlock::allocate(kPage, {}));
        QCOMPARE(spares.bytes(), 0);
    }

    void makesNoneAheadOnceItWasRefused() {
        CountingLock::refuse();
        SpareBlocks spares(CountingLock::lock());
        spares.prepare(kPage);
        spares.wait();
        QCOMPARE(spares.bytes(), 0);
        spares.prepare(kPage);
        QCOMPARE(spares.bytes(), 0);
        const auto block = spares.takeOrMake(kPage);
        QVERIFY(block && !block->isLocked());
    }

    void freesTheLargestFirst() {
        SpareBlocks spares(CountingLock::lock());
        for (const std::int64_t pages : {3, 1, 2})
            spares.giveBack(HostBlock::allocate(pages * kPage, CountingLock::lock()));
        QCOMPARE(spares.bytes(), 6 * kPage);
        spares.shrink(3 * kPage);
        QCOMPARE(CountingLock::bytes(), 3 * kPage);
        QCOMPARE(spares.take(1, 9 * kPage)->bytes(), kPage);
        spares.prepare(20 * kPage);
        spares.shrink(0);  // also what is in the making
        spares.wait();
        QCOMPARE(spares.bytes(), 0);
        QCOMPARE(CountingLock::bytes(), 0);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestHostBlock)
#include "tst_host_block.moc"
