#include <random>

#include <QTest>

#include "ui/chat/height_index.h"

using epi::HeightIndex;

class TestHeightIndex : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void agreesWithSumsOverAllRows() {
        std::mt19937 random(7);
        const auto draw = [&random] {
            return static_cast<int>(random() % 90) + 10;
        };
        std::vector<int> heights(130);
        for (int& height : heights)
            height = draw();
        HeightIndex index;
        index.assign(heights);
        for (int i = 0; i < 70; ++i) {
            heights.push_back(draw());
            index.append(heights.back());
            const auto changed = random() % heights.size();
            heights[changed] = draw();
            index.set(static_cast<int>(changed), heights[changed]);
        }
        int top = 0;
        for (std::size_t row = 0; row < heights.size(); ++row) {
            QCOMPARE(index.top(static_cast<int>(row)), top);
            QCOMPARE(index.rowAt(top), static_cast<int>(row));
            QCOMPARE(index.rowAt(top + heights[row] - 1), static_cast<int>(row));
            top += heights[row];
        }
        QCOMPARE(index.total(), top);
    }

    void clampsPositionsOutside() {
        HeightIndex index;
        QCOMPARE(index.rowAt(5), -1);
        index.append(10);
        index.append(10);
        QCOMPARE(index.rowAt(-5), 0);
        QCOMPARE(index.rowAt(1000), 1);
    }
};

QTEST_GUILESS_MAIN(TestHeightIndex)
#include "tst_height_index.moc"
