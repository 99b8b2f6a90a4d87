#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QTranslator>
#include <QXmlStreamReader>

#include "core/base/known_error.h"
#include "tests/ui/every_window.h"
#include "ui/elided_label.h"
#include "ui/first_steps.h"
#include "ui/theme/translations.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

constexpr QChar kOpen = u'⟦';
constexpr QChar kClose = u'⟧';

/// Every text in brackets and 40 % longer, so that what is not translated and what is clipped can be seen.
class PseudoTranslator final : public QTranslator {
public:
    [[nodiscard]] bool isEmpty() const override { return false; }
    [[nodiscard]] QString translate(const char*, const char* source, const char*, int) const override {
        const QString text = QString::fromUtf8(source);
        // File filters and blanks are no prose.
        if (text.contains(u"(*"_s) || text.trimmed().isEmpty()) return text;
        return kOpen + text + QString(text.size() * 2 / 5, u'~') + kClose;
    }
};

bool isProse(const QString& text) {
    static const QRegularExpression kLetters(u"[A-Za-z]{2,}"_s);
    return kLetters.match(text).hasMatch();
}

/// Data, names and keys that no translator translates.
bool isData(const QString& text) {
    static const QRegularExpression kData(
        u"^/|^ssh |^(English|Deutsch|EpiChat|Fake 1B.*|conv-1|.*\\.json|.*\\.gguf)$|"
        "^((Ctrl|Shift|Alt|Meta|F\\d+|Esc|Del|Return|Space|PgUp|PgDown|Left|Right|Up|Down|Home|End)[+, "
        "]*.*)$|"
        "Turn \\d+ of session|^(Ada|Ben)|What about gardens|^The answer is|^\\d{1,2} [A-Z][a-z]{2} \\d{4}"_s);
    return kData.match(text).hasMatch();
}

/// Texts of a widget that are prose and did not pass through the translator.
QStringList untranslated(QWidget* window) {
    QStringList found;
    const auto check = [&found](const QString& text, const QObject* of) {
        if (!isProse(text) || isData(text) || text.contains(kOpen)) return;
        found << QString::fromLatin1(of->metaObject()->className()) + u": "_s + text.left(80);
    };
    for (QWidget* widget : window->findChildren<QWidget*>()) {
        if (widget->objectName().startsWith(u"qt_"_s) || widget->inherits("QComboBoxPrivateScroller"))
            continue;
        if (const auto* label = qobject_cast<QLabel*>(widget)) check(label->text(), label);
        if (const auto* button = qobject_cast<QAbstractButton*>(widget)) check(button->text(), button);
        if (const auto* field = qobject_cast<QLineEdit*>(widget)) check(field->placeholderText(), field);
        if (const auto* box = qobject_cast<QComboBox*>(widget)) {
            for (int i = 0; i < box->count(); ++i)
                check(box->itemText(i), box);
        }
        check(widget->accessibleName(), widget);
    }
    for (const QAction* action : window->findChildren<QAction*>()) {
        if (!action->objectName().isEmpty() && !action->objectName().startsWith(u"_q_"_s))
            check(action->text(), action);
    }
    return found;
}

std::string messageOf(KnownError known) {
    const std::vector<std::string> all{"a", "b", "c", "d"};
    return makeError(ErrorCode::kNotFound, known, std::span(all).first(argumentCount(known))).message;
}

/// Labels, fields and buttons that are shown smaller than their text.
QStringList clipped(QWidget* window) {
    QStringList found;
    const auto note = [&found](const QWidget* widget, const QString& text) {
        found << QString::fromLatin1(widget->metaObject()->className()) +
                     u" %1x%2: "_s.arg(widget->width()).arg(widget->height()) + text.left(60);
    };
    for (QWidget* widget : window->findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->window() != window->window()) continue;
        if (qobject_cast<ElidedLabel*>(widget) != nullptr) continue;
        if (const auto* label = qobject_cast<QLabel*>(widget); label != nullptr && !label->text().isEmpty()) {
            const bool isClipped = label->wordWrap()
                                       ? label->heightForWidth(label->width()) > label->height() + 1
                                       : label->sizeHint().width() > label->width() + 1;
            if (isClipped) note(label, label->text());
        }
        if (const auto* box = qobject_cast<QAbstractSpinBox*>(widget)) {
            const auto* field = box->findChild<QLineEdit*>();
            const QMargins frame = field->textMargins();
            constexpr int kMargins = 2 * 2;  // that a line of text leaves besides
            const int room = field->width() - frame.left() - frame.right() - kMargins;
            if (field->fontMetrics().horizontalAdvance(field->text()) > room) note(box, field->text());
        }
        if (const auto* button = qobject_cast<QPushButton*>(widget)) {
            if (button->minimumSizeHint().width() > button->width() + 1) note(button, button->text());
        }
    }
    return found;
}

}  // namespace

class TestTranslations : public QObject {
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

    void everyTextIsTranslatableAndHasRoomToGrow() {
        PseudoTranslator pseudo;
        QCoreApplication::installTranslator(&pseudo);
        const auto remove = qScopeGuard([&] { QCoreApplication::removeTranslator(&pseudo); });
        WindowFixture app(folder_->path());
        QStringList texts;
        QStringList cut;
        QVERIFY(showEverything(app, folder_->path(), [&](const QString& where, QWidget* window) {
            QTest::qWait(50);  // for the layout, which takes longer on a busy machine
            QStringList stillCut;
            (void)QTest::qWaitFor([&] { return (stillCut = clipped(window)).isEmpty(); }, 3000);
            for (const QString& text : untranslated(window))
                texts << where + u": "_s + text;
            for (const QString& text : stillCut)
                cut << where + u": "_s + text;
        }));
        QVERIFY2(texts.isEmpty(), qPrintable(texts.join(u'\n')));
        QVERIFY2(cut.isEmpty(), qPrintable(cut.join(u'\n')));
    }

    void inEnglishKnownErrorsAreSaidAsTheEngineDoes() {
        for (const KnownError known : allKnownErrors()) {
            QCOMPARE(messageText(messageOf(known)), toQString(messageOf(known)));
        }
    }

    void theGermanTextsAreComplete() {
        QFile file(QStringLiteral(EPI_SOURCE_DIR "/resources/translations/epichat_de.ts"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QXmlStreamReader xml(&file);
        static const QRegularExpression kPlace(u"%(\\d+|n)"_s);
        const auto placesOf = [](const QString& text) {
            QStringList places;
            for (auto match = kPlace.globalMatch(text); match.hasNext();)
                places << match.next().captured();
            places.removeDuplicates();
            places.sort();
            return places;
        };
        int messages = 0;
        QString source;
        while (!xml.atEnd()) {
            xml.readNext();
            if (!xml.isStartElement()) continue;
            if (xml.name() == "source"_L1) source = xml.readElementText();
            if (xml.name() != "translation"_L1) continue;
            ++messages;
            QVERIFY2(!xml.attributes().hasAttribute("type"_L1), qPrintable(u"not finished: "_s + source));
            const QString text = xml.readElementText(QXmlStreamReader::IncludeChildElements);
            QVERIFY2(!text.trimmed().isEmpty() || source.trimmed().isEmpty(), qPrintable(source));
            QCOMPARE(placesOf(text), placesOf(source));
        }
        QVERIFY(!xml.hasError());
        QVERIFY(messages > 300);
    }

    void theWindowSpeaksGerman() {
        installTranslations(*QCoreApplication::instance(), u"de"_s);
        FakeScript script;
        script.modelNotices = {makeNotice(NoticeCode::kDefaultModel, {"fake-1b"}),
                               makeNotice(NoticeCode::kNoDriver)};
        WindowFixture app(folder_->path(), script);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        QCOMPARE(
            app.window.notice().text(),
            u"fake-1b ist das Standardmodell auf diesem Computer. Antworten werden auf der CPU berechnet, "
            "weil kein NVIDIA-Treiber gefunden wurde."_s);
        QCOMPARE(app.window.actions().find(u"chat.new"_s)->text(), u"&Neuer Chat"_s);
        QCOMPARE(app.window.firstSteps().titleText(), u"Willkommen bei EpiChat"_s);
        QCOMPARE(app.window.status().engineText(), u"Bereit"_s);
        QVERIFY(app.import(writeConversation(folder_->path(), 3)));
        QVERIFY2(app.window.notice().text().startsWith(u"1 Gespräch aus "_s),
                 qPrintable(app.window.notice().text()));
        QCOMPARE(QLocale().language(), QLocale::German);
        QCOMPARE(MessageLayout::tr("Stopped by you."), u"Von Ihnen angehalten."_s);
    }

    void nothingBehindAColonIsEnglish() {
        installTranslations(*QCoreApplication::instance(), u"de"_s);
        for (const KnownError known : allKnownErrors())
            QVERIFY2(messageText(messageOf(known)) != toQString(messageOf(known)), messageOf(known).c_str());
        QCOMPARE(describe(makeError(ErrorCode::kNotFound, KnownError::kNoModelLoaded, {})),
                 u"Nicht gefunden: Es ist kein Modell geladen."_s);
        QCOMPARE(describe(Error{ErrorCode::kIo, "cannot open /a: No such file or directory"}),
                 u"Lesen oder Schreiben schlug fehl: „cannot open /a: No such file or directory“."_s);
        const std::string embedder =
            makeError(ErrorCode::kNotFound, KnownError::kNoSuchEmbedder, {"x", "/m", "y"}).message;
        QCOMPARE(
            describe(std::vector{makeNotice(NoticeCode::kNoEmbedder, {embedder})}),
            u"Ein Gedächtnis aus Episoden braucht ein Modell, das Sätze einbettet: In /m ist kein Modell "
            "„x“, das Sätze einbettet; „./run.sh models get y“ holt eines."_s);
        QCOMPARE(deviceText("CPU, 2 threads", 2), u"CPU, 2 Threads"_s);
        QCOMPARE(deviceText("NVIDIA H200", 0), u"NVIDIA H200"_s);
    }
};

QTEST_MAIN(TestTranslations)
#include "tst_translations.moc"
