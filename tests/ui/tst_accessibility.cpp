#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractSlider>
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>

#include "tests/ui/every_window.h"
#include "ui/actions/action_registry.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

bool isControl(const QWidget* widget) {
    if (qobject_cast<const QScrollBar*>(widget) != nullptr) return false;
    // The field inside a spin box or a combo box is spoken with it.
    if (qobject_cast<const QAbstractSpinBox*>(widget->parentWidget()) != nullptr) return false;
    if (qobject_cast<const QComboBox*>(widget->parentWidget()) != nullptr) return false;
    // Qt's own corner button of a table names itself; headers are spoken with their cells.
    if (widget->inherits("QTableCornerButton") || widget->inherits("QHeaderView")) return false;
    // Parts of Qt's combo boxes.
    if (widget->inherits("QComboBoxListView") || widget->inherits("QComboBoxPrivateScroller")) return false;
    return qobject_cast<const QAbstractButton*>(widget) != nullptr ||
           qobject_cast<const QLineEdit*>(widget) != nullptr ||
           qobject_cast<const QComboBox*>(widget) != nullptr ||
           qobject_cast<const QAbstractSpinBox*>(widget) != nullptr ||
           qobject_cast<const QAbstractSlider*>(widget) != nullptr ||
           qobject_cast<const QAbstractItemView*>(widget) != nullptr ||
           qobject_cast<const QPlainTextEdit*>(widget) != nullptr;
}

QString spokenName(QWidget* widget) {
    QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(widget);
    return spoken != nullptr ? spoken->text(QAccessible::Name) : QString();
}

QString describeWidget(const QString& where, const QWidget* widget) {
    QString path;
    for (const QWidget* w = widget; w != nullptr; w = w->parentWidget()) {
        path.prepend(u"/"_s + QString::fromLatin1(w->metaObject()->className()));
    }
    return where + u": "_s + path;
}

}  // namespace

class TestAccessibility : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> folder_;
    std::unique_ptr<QTemporaryDir> home_;

private Q_SLOTS:
    void initTestCase() {
        Theme::apply(ThemeChoice::kLight, 100);
        home_ = std::make_unique<QTemporaryDir>();
        qputenv("XDG_DATA_HOME", home_->path().toUtf8());  // an empty models folder
    }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void everyControlHasANameAndNoLabelGuessesMarkup() {
        WindowFixture app(folder_->path());
        QStringList nameless;
        QStringList guessing;
        int controls = 0;
        QVERIFY(showEverything(app, folder_->path(), [&](const QString& where, QWidget* window) {
            for (QWidget* widget : window->findChildren<QWidget*>()) {
                if (const auto* label = qobject_cast<const QLabel*>(widget)) {
                    const bool isFixed = label->textFormat() == Qt::PlainText || label->buddy() != nullptr;
                    if (!isFixed) guessing << describeWidget(where, widget) + u" "_s + label->text();
                }
                if (!isControl(widget)) continue;
                ++controls;
                if (spokenName(widget).trimmed().isEmpty()) nameless << describeWidget(where, widget);
            }
        }));
        nameless.removeDuplicates();
        guessing.removeDuplicates();
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(u'\n')));
        QVERIFY2(guessing.isEmpty(), qPrintable(guessing.join(u'\n')));
        QVERIFY(controls > 100);
    }

    void everyActionIsReachedWithTheKeyboard() {
        WindowFixture app(folder_->path());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        app.window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&app.window));
        for (const auto& [spec, action] : app.window.actions().entries()) {
            // Those that would end the window or the test's focus are not run, only looked for.
            if (!action->isEnabled()) continue;
            CommandPalette palette(app.window.actions(), {}, &app.window);
            palette.setAttribute(Qt::WA_DeleteOnClose, false);
            palette.model().setQuery(plainTitle(action->text()) + u' ' + spec.group);
            QVERIFY2(palette.model().rowCount() > 0, qPrintable(spec.id));
            bool isFound = false;
            for (int row = 0; row < palette.model().rowCount(); ++row) {
                isFound = isFound || palette.model().at(row).title == plainTitle(action->text());
            }
            QVERIFY2(isFound, qPrintable(spec.id));
        }
    }

    void everyActionCanRunWithoutAChat() {
        WindowFixture app(folder_->path());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        for (const auto& [spec, action] : std::vector(app.window.actions().entries())) {
            if (spec.id == u"app.quit"_s) continue;
            if (action->isEnabled()) action->trigger();
            QCoreApplication::processEvents();
            for (QWidget* dialog : QApplication::topLevelWidgets()) {
                if (dialog != &app.window && dialog->isVisible()) dialog->close();
            }
        }
        QVERIFY(app.window.session() != nullptr);
    }

    void everyErrorHasAButtonThatHelps() {
        NoticeBar bar;
        const auto button = [&bar] {
            for (auto* each : bar.findChildren<QPushButton*>()) {
                if (!each->isHidden()) return each->text();
            }
            return QString();
        };
        for (const auto code : {ErrorCode::kCancelled,
                                ErrorCode::kInvalidArgument,
                                ErrorCode::kNotFound,
                                ErrorCode::kOutOfMemory,
                                ErrorCode::kCorruptData,
                                ErrorCode::kIo,
                                ErrorCode::kUnsupported,
                                ErrorCode::kInternal}) {
            bar.show(NoticeKind::kError, describe(Error{code, "layer 7: 128 keys expected, 96 found"}));
            QCOMPARE(button(), u"&Copy text"_s);
        }
        bar.show(NoticeKind::kError, u"x"_s, u"Do it"_s, [] {});
        QCOMPARE(button(), u"Do it"_s);
        bar.show(NoticeKind::kInformation, u"x"_s);
        QCOMPARE(button(), QString());
    }
};

QTEST_MAIN(TestAccessibility)
#include "tst_accessibility.moc"
