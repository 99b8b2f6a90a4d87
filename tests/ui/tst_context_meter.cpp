#include <QImage>
#include <QLabel>

#include "tests/ui/window_fixture.h"
#include "ui/chat/context_meter.h"
#include "ui/theme/source_plurals.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

ReplyDetails answered(std::int64_t used, std::int64_t room) {
    ReplyDetails details;
    details.historyTokens = 9000;
    details.promptTokens = 20;
    details.generatedTokens = 80;
    details.usedTokens = used;
    details.roomTokens = room;
    return details;
}

/// Share of the bar's middle line that has the accent in it.
double painted(ContextMeter& meter) {
    meter.resize(200, 12);
    const QImage image = meter.grab().toImage().convertToFormat(QImage::Format_RGB32);
    const QRgb accent = Theme::current().colors().accent.rgb();
    int count = 0;
    for (int x = 0; x < image.width(); ++x)
        count += image.pixel(x, image.height() / 2) == accent;
    return static_cast<double>(count) / image.width();
}

}  // namespace

class TestContextMeter : public QObject {
    Q_OBJECT

    SourcePlurals plurals_;

private Q_SLOTS:
    void initTestCase() {
        Theme::apply(ThemeChoice::kLight, 100);
        QCoreApplication::installTranslator(&plurals_);
    }

    void tellsWhatIsKeptNewAndFree() {
        const auto state = contextAfter(answered(1500, 500), 1024);
        QVERIFY(state);
        QCOMPARE(state->kept, 1024);
        QCOMPARE(state->fresh, 476);
        QCOMPARE(state->free, 500);
        QCOMPARE(state->total, 9100);
        QCOMPARE(state->capacity(), 2000);
        QVERIFY(!state->isNearlyFull());
        QCOMPARE(ContextMeter::shortText(*state), u"1,500 of 9,100 tokens kept · 500 free"_s);
        const QString text = ContextMeter::longText(*state);
        QVERIFY(text.contains(u"476 of them are new"_s));
        QVERIFY(text.contains(u"After 500 more tokens the oldest are compressed to the budget of 1,024."_s));
        const QString one = ContextMeter::longText(*contextAfter(answered(1025, 1), 1024));
        QVERIFY(one.contains(u"1 of them is new"_s));
        QVERIFY(one.contains(u"After 1 more token the oldest"_s));
    }

    void repliesThatSayNothingAboutItShowNothing() { QVERIFY(!contextAfter(answered(0, 0), 1024)); }

    void saysWhenLittleIsFree() {
        const auto state = contextAfter(answered(1900, 100), 0);
        QVERIFY(state->isNearlyFull());
        QVERIFY(ContextMeter::shortText(*state).endsWith(u"compressed soon"_s));
        QVERIFY(!ContextMeter::longText(*state).contains(u"budget"_s));
        // Never more than there is: a chat that is kept whole.
        ReplyDetails whole = answered(400, 1000);
        whole.historyTokens = 250;
        QCOMPARE(contextAfter(whole, 1024)->total, 400);
    }

    void paintsAsMuchAsIsKept() {
        ContextMeter meter;
        meter.show(contextAfter(answered(1000, 1000), 0));
        const double half = painted(meter);
        QVERIFY2(half > 0.4 && half < 0.55, qPrintable(QString::number(half)));
        meter.show(contextAfter(answered(1800, 200), 0));
        QVERIFY(painted(meter) > 0.8);
        QVERIFY(!meter.accessibleDescription().isEmpty());
        QVERIFY(meter.toolTip().contains(u"1,800"_s));
    }

    void theStatusLineShowsItAndAgainAfterARestart() {
        QTemporaryDir folder;
        qint64 id = 0;
        const auto isShown = [](WindowFixture& app) {
            const auto* meter = app.window.status().findChild<ContextMeter*>();
            if (!meter->isVisible()) return false;
            for (const QLabel* label : app.window.status().findChildren<QLabel*>()) {
                if (label->isVisible() && label->text().contains(u"512 free"_s)) return true;
            }
            return false;
        };
        {
            WindowFixture app(folder.path());
            QVERIFY(app.ask(u"First?"_s));
            QVERIFY(isShown(app));
            id = app.window.session()->conversation().id;
            app.window.newChat();
            QVERIFY(!isShown(app));
        }
        WindowFixture app(folder.path());
        QTRY_VERIFY(app.window.conversations().model().find(id) != nullptr);
        app.window.openConversation(id);
        QTRY_VERIFY(isShown(app));
    }
};

QTEST_MAIN(TestContextMeter)
#include "tst_context_meter.moc"
