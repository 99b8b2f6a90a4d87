// Choices and numbers as the program's style draws them.

#include <QComboBox>
#include <QSpinBox>
#include <QStyleOption>
#include <QtTest>

#include "ui/theme/number_field.h"
#include "ui/theme/theme.h"

namespace epi {
namespace {

class TestFields : public QObject {
    Q_OBJECT

    static QRect partOf(const QSpinBox& box, QStyle::SubControl part) {
        QStyleOptionSpinBox option;
        option.initFrom(&box);
        option.buttonSymbols = box.buttonSymbols();
        return box.style()->subControlRect(QStyle::CC_SpinBox, &option, part, &box);
    }
    static QRect partOf(const QComboBox& box, QStyle::SubControl part) {
        QStyleOptionComboBox option;
        option.initFrom(&box);
        return box.style()->subControlRect(QStyle::CC_ComboBox, &option, part, &box);
    }
    static void addScales() {
        QTest::addColumn<int>("percent");
        QTest::addColumn<Qt::LayoutDirection>("direction");
        for (const int percent : {100, 200}) {
            QTest::addRow("%d", percent) << percent << Qt::LeftToRight;
            QTest::addRow("%d, right to left", percent) << percent << Qt::RightToLeft;
        }
    }

private Q_SLOTS:
    void arrowsGrowWithTheTextAndLeaveItRoom_data() { addScales(); }
    void arrowsGrowWithTheTextAndLeaveItRoom() {
        QFETCH(int, percent);
        QFETCH(Qt::LayoutDirection, direction);
        Theme::apply(ThemeChoice::kLight, percent);
        QSpinBox number;
        number.setLayoutDirection(direction);
        number.resize(300, 60);
        const QRect up = partOf(number, QStyle::SC_SpinBoxUp);
        const QRect down = partOf(number, QStyle::SC_SpinBoxDown);
        const QRect text = partOf(number, QStyle::SC_SpinBoxEditField);
        QCOMPARE(up.width(), 28 * percent / 100);
        QCOMPARE(down.width(), up.width());
        QCOMPARE(up.height() + down.height(), number.height());
        QVERIFY(!up.intersects(down) && !up.intersects(text) && !down.intersects(text));
        QCOMPARE(up.left() > text.left(), direction == Qt::LeftToRight);
        QVERIFY(number.rect().contains(up) && number.rect().contains(down) && number.rect().contains(text));

        QComboBox choice;
        choice.setLayoutDirection(direction);
        choice.addItem(QStringLiteral("As the desktop"));
        choice.resize(choice.sizeHint());
        const QRect arrow = partOf(choice, QStyle::SC_ComboBoxArrow);
        const QRect chosen = partOf(choice, QStyle::SC_ComboBoxEditField);
        QCOMPARE(arrow.width(), 28 * percent / 100);
        QVERIFY(!arrow.intersects(chosen));
        QVERIFY(chosen.width() >= choice.fontMetrics().horizontalAdvance(choice.currentText()));
        QVERIFY(choice.height() >= 30 * percent / 100);
    }

    void aNumberAsksForTheRoomOfItsText_data() { addScales(); }
    void aNumberAsksForTheRoomOfItsText() {
        QFETCH(int, percent);
        QFETCH(Qt::LayoutDirection, direction);
        Theme::apply(ThemeChoice::kLight, percent);
        NumberField<QSpinBox> number;
        number.setLayoutDirection(direction);
        number.setSpecialValueText(QStringLiteral("Automatisch"));
        for (const QSize& size : {number.sizeHint(), number.minimumSizeHint()}) {
            number.resize(size);
            constexpr int kMargins = 2 * 2;  // of a line of text
            const int room = partOf(number, QStyle::SC_SpinBoxEditField).width() - kMargins;
            QVERIFY2(room >= number.fontMetrics().horizontalAdvance(number.specialValueText()),
                     qPrintable(QString::number(room)));
            QVERIFY(number.height() >= 30 * percent / 100);
        }
    }

    void anArrowCountsWhereItIsDrawn() {
        Theme::apply(ThemeChoice::kLight, 200);
        QSpinBox number;
        number.resize(300, 60);
        number.show();
        QTest::mouseClick(&number, Qt::LeftButton, {}, partOf(number, QStyle::SC_SpinBoxUp).center());
        QCOMPARE(number.value(), 1);
        QTest::mouseClick(&number, Qt::LeftButton, {}, partOf(number, QStyle::SC_SpinBoxDown).center());
        QCOMPARE(number.value(), 0);
    }

    void anEdgeIsSeenInEveryTheme_data() {
        QTest::addColumn<ThemeChoice>("theme");
        QTest::newRow("light") << ThemeChoice::kLight;
        QTest::newRow("dark") << ThemeChoice::kDark;
        QTest::newRow("high contrast") << ThemeChoice::kHighContrast;
    }
    void anEdgeIsSeenInEveryTheme() {
        QFETCH(ThemeChoice, theme);
        Theme::apply(theme, 100);
        QComboBox choice;
        choice.addItem(QStringLiteral("One"));
        choice.resize(120, 32);
        const QImage drawn = choice.grab().toImage();
        const QColor expected = theme == ThemeChoice::kHighContrast ? Theme::current().colors().text
                                                                    : Theme::current().colors().border;
        QCOMPARE(drawn.pixelColor(60, 0), expected);
        QCOMPARE(drawn.pixelColor(60, 3), Theme::current().colors().raised);
    }
};

}  // namespace
}  // namespace epi

QTEST_MAIN(epi::TestFields)
#include "tst_fields.moc"
