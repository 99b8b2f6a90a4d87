// What fits and can be told apart at any size of text and window, in any theme.

#include <algorithm>
#include <initializer_list>
#include <memory>

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QPlainTextEdit>
#include <QRadioButton>
#include <QScopeGuard>
#include <QScrollArea>
#include <QScrollBar>
#include <QSlider>
#include <QSpinBox>

#include "tests/support/tiny_model.h"
#include "tests/ui/every_window.h"
#include "ui/chat/edit_banner.h"
#include "ui/memory/memory_form.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

class TestAppearance : public QObject {
    Q_OBJECT

private:
    QTemporaryDir home_;
    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void initTestCase() {
        Theme::apply(ThemeChoice::kLight, 100);
        // A models folder with one model. Set before there are threads, which may be reading the environment.
        (void)writeTinyModel(toUtf8(home_.path()) + "/epichat/models", {}, "a-model-with-a-rather-long-name");
        qputenv("XDG_DATA_HOME", home_.path().toUtf8());
    }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void nothingIsScrolledSidewaysAtTwiceTheSizeOnASmallScreen() {
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        WindowFixture app(folder_->path());
        app.window.setAppearance(ThemeChoice::kLight, 200);
        QStringList wide;
        QVERIFY(showEverything(app, folder_->path(), [&](const QString& where, QWidget* window) {
            if (window != &app.window) window->resize(1024, 700);
            QTest::qWait(100);
            if (window != &app.window && window->width() > 1024)
                wide << where + u": %1 pixels"_s.arg(window->width());
            for (const auto* area : window->findChildren<QScrollArea*>()) {
                const int beyond = area->horizontalScrollBar()->maximum();
                if (area->isVisible() && area->window() == window->window() && beyond > 0)
                    wide << where + u": by %1"_s.arg(beyond);
            }
        }));
        QVERIFY2(wide.isEmpty(), qPrintable(wide.join(u'\n')));
    }

    void theConversationIsTheWidestPartAtAnySize() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        app.window.showMemoryPanel(true);
        app.window.resize(1360, 860);
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        app.window.setAppearance(ThemeChoice::kLight, 200);
        QTRY_VERIFY2(app.window.page().width() > app.window.memoryPanel().width() &&
                         app.window.page().width() > app.window.conversations().width(),
                     qPrintable(u"%1, %2, %3"_s.arg(app.window.conversations().width())
                                    .arg(app.window.page().width())
                                    .arg(app.window.memoryPanel().width())));
    }

    void panelsComeBackToTheirWidthsWithTheTextsSize() {
        WindowFixture app(folder_->path());
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        app.window.showMemoryPanel(true);
        app.window.resize(1360, 860);
        QTest::qWait(50);
        const auto widths = [&] {
            return std::pair(app.window.conversations().width(), app.window.memoryPanel().width());
        };
        const auto before = widths();
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        app.window.setAppearance(ThemeChoice::kLight, 200);
        QTRY_VERIFY(widths() != before);
        app.window.setAppearance(ThemeChoice::kLight, 100);
        QTRY_COMPARE(widths(), before);
    }

    void controlsHaveAnEdgeInHighContrast() {
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        Theme::apply(ThemeChoice::kHighContrast, 100);
        QCheckBox check;
        QRadioButton radio;
        QComboBox choice;
        QSpinBox number;
        QSlider slider(Qt::Horizontal);
        slider.setMaximum(100);
        slider.setValue(100);  // its knob away from the left half
        QPlainTextEdit text;
        for (QWidget* control :
             std::initializer_list<QWidget*>{&check, &radio, &choice, &number, &slider, &text}) {
            control->resize(control->sizeHint().expandedTo({24, 24}));
            const QImage image = control->grab().toImage();
            // Somewhere in the left half is a line of the text's colour.
            int brightest = 0;
            for (int x = 0; x < image.width() / 2; ++x)
                for (int y = image.height() / 4; y < image.height() * 3 / 4; ++y)
                    brightest = std::max(brightest, image.pixelColor(x, y).lightness());
            QVERIFY2(brightest > 200, control->metaObject()->className());
        }
    }

    void theSmallestWindowStillHasItsButtons() {
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"First?"_s));
        app.window.showMemoryPanel(true);
        app.window.resize(1, 1);
        QTest::qWait(50);
        ChatPage& page = app.window.page();
        const QPushButton* send = button(page.composer(), u"Send"_s);
        QVERIFY(send != nullptr);
        const int right = send->mapTo(&page, QPoint(send->width(), 0)).x();
        QVERIFY2(right <= page.width(), qPrintable(u"%1 of %2"_s.arg(right).arg(page.width())));
        QVERIFY2(app.window.width() <= 700, qPrintable(QString::number(app.window.width())));
        // At twice the size there is room on a small screen once the panel is closed.
        app.window.setAppearance(ThemeChoice::kLight, 200);
        app.window.showMemoryPanel(false);
        QTest::qWait(50);
        app.window.resize(1, 1);
        QTest::qWait(50);
        QVERIFY2(app.window.width() <= 1024, qPrintable(QString::number(app.window.width())));
    }

    void bannersHaveTheRoomTheyAskFor() {
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        WindowFixture app(folder_->path());
        ChatPage& page = app.window.page();
        QVERIFY(app.ask(u"First?"_s));
        app.window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&app.window));
        app.window.showMemoryPanel(true);
        app.window.resize(760, 450);
        page.beginEdit(0);
        const auto* said = page.editBanner().findChild<QLabel*>();
        QTest::qWait(50);  // for the layout
        QTRY_VERIFY2(said->isVisible() && said->height() >= said->heightForWidth(said->width()),
                     qPrintable(QString::number(said->height())));
        page.editBanner().cancel();
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        app.window.setAppearance(ThemeChoice::kLight, 200);
        app.window.resize(1800, 1100);
        const auto* form = page.buildBanner().findChild<MemoryForm*>();
        QTRY_VERIFY(form->isVisible());
        QTest::qWait(50);  // for the layout
        QTRY_VERIFY2(form->height() >= form->minimumSizeHint().height(),
                     qPrintable(QString::number(form->height())));
    }

    void whatIsDisabledLooksSoInHighContrast() {
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        Theme::apply(ThemeChoice::kHighContrast, 100);
        QPushButton named(u"Name"_s);
        QSpinBox number;
        number.setRange(0, 9'999);
        number.setValue(8'888);
        QComboBox choice;
        choice.addItem(u"Choice"_s);
        for (QWidget* control : std::initializer_list<QWidget*>{&named, &number, &choice}) {
            control->resize(control->sizeHint());
            // Of the text, which a border may outshine.
            const auto brightest = [&] {
                const QImage image = control->grab().toImage();
                int lightness = 0;
                for (int x = 6; x < image.width() / 2; ++x)
                    for (int y = 6; y < image.height() - 6; ++y)
                        lightness = std::max(lightness, image.pixelColor(x, y).lightness());
                return lightness;
            };
            QVERIFY2(brightest() > 230, control->metaObject()->className());
            control->setEnabled(false);
            // Still at 7:1 on black.
            QVERIFY2(brightest() < 200 && brightest() > 130, control->metaObject()->className());
        }
    }
};

QTEST_MAIN(TestAppearance)
#include "tst_appearance.moc"
