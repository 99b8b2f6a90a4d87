#include <QAbstractButton>
#include <QAccessible>
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QPainter>
#include <QPointer>
#include <QScreen>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include "storage/records.h"
#include "ui/bridge/text.h"
#include "ui/chat/chat_finder.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/link_dialog.h"
#include "ui/chat/message_view.h"
#include "ui/theme/theme.h"

using namespace epi;
using namespace Qt::StringLiterals;

namespace {

MessageRecord message(qint64 id, Role role, const QString& text) {
    MessageRecord record;
    record.id = id;
    record.role = role;
    record.text = toUtf8(text);
    return record;
}

/// A view over a model with these messages: questions and answers in turn.
struct Chat {
    explicit Chat(const QStringList& texts) {
        std::vector<MessageRecord> records;
        for (const QString& text : texts) {
            const auto id = static_cast<qint64>(records.size()) + 1;
            records.push_back(message(id, id % 2 == 1 ? Role::kUser : Role::kAssistant, text));
        }
        model.assign(records);
        view.resize(800, 600);
        view.setModel(&model);
        view.show();
    }

    /// A point on the `index`th character of what a row shows.
    QPoint pointAt(int row, int index) {
        const QRect line = view.layoutOf(row).lineOf(index).translated(0, view.rowTop(row));
        for (int x = line.left(); x <= line.right(); ++x) {
            const QPoint point(x, line.center().y());
            if (view.layoutOf(row).positionAt(point - QPoint(0, view.rowTop(row))) == index) return point;
        }
        return line.topLeft();
    }
    QPoint pointAt(int row, const QString& text) {
        const auto at = view.layoutOf(row).body().document().shownText().indexOf(text);
        return pointAt(row, static_cast<int>(at));
    }
    void drag(QPoint from, QPoint to) {
        QWidget* viewport = view.viewport();
        QTest::mousePress(viewport, Qt::LeftButton, {}, from);
        QMouseEvent move(QEvent::MouseMove,
                         QPointF(to),
                         viewport->mapToGlobal(QPointF(to)),
                         Qt::NoButton,
                         Qt::LeftButton,
                         Qt::NoModifier);
        QCoreApplication::sendEvent(viewport, &move);
        QTest::mouseRelease(viewport, Qt::LeftButton, {}, to);
    }
    QAction* menuAction(int row, const QString& text) {
        menu.reset(view.makeMenu(row));
        QList<QAction*> actions = menu->actions();
        for (qsizetype i = 0; i < actions.size(); ++i) {
            if (QString(actions[i]->text()).remove(u'&') == text) return actions[i];
            if (actions[i]->menu() != nullptr) actions += actions[i]->menu()->actions();
        }
        return nullptr;
    }

    MessageModel model;
    MessageView view;
    std::unique_ptr<QMenu> menu;
};

QString clipboard() {
    return QApplication::clipboard()->text();
}

/// Takes the addresses that would be opened.
class Browser : public QObject {
    Q_OBJECT

public Q_SLOTS:
    void open(const QUrl& address) { opened << address.toString(); }

public:
    QStringList opened;
};

}  // namespace

class TestMessageView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        Theme::apply(ThemeChoice::kLight, 100);
        // The first view of the process, which is the only one of the program.
        Chat chat({u"one"_s, u"two"_s, u"three"_s, u"four"_s, u"five"_s, u"six"_s});
        QCOMPARE(QAccessible::queryAccessibleInterface(&chat.view)->role(), QAccessible::List);
        chat.view.activateWindow();
        chat.view.setFocus();
        QTRY_VERIFY(chat.view.hasFocus());
        for (int row = 0; row < 6; ++row)
            chat.view.setCurrentRow(row);
    }
    void init() { QApplication::clipboard()->clear(); }

    void repliesAreMarkdownAndQuestionsAreAsTheyWereTyped() {
        Chat chat({u"**not bold**"_s, u"**bold**"_s});
        QCOMPARE(chat.view.layoutOf(0).body().document().shownText(), u"**not bold**"_s);
        QCOMPARE(chat.view.layoutOf(1).body().document().shownText(), u"bold"_s);
        chat.view.setShowsSource(1, true);
        QCOMPARE(chat.view.layoutOf(1).body().document().shownText(), u"**bold**"_s);
        chat.view.setShowsSource(1, false);
        QCOMPARE(chat.view.layoutOf(1).body().document().shownText(), u"bold"_s);
    }

    void aSelectionReachesOverMessagesAndBlocks() {
        Chat chat({u"first question"_s, u"# Title\n\n- **one**\n- two\n\nend"_s, u"second question"_s});
        chat.drag(chat.pointAt(0, u"question"_s), chat.pointAt(2, u" question"_s));
        QCOMPARE(chat.view.selectedText(), u"question\n\nTitle\n\n• one\n• two\n\nend\n\nsecond"_s);
        QCOMPARE(chat.view.selectedSource(), u"question\n\n# Title\n\n- **one**\n- two\n\nend\n\nsecond"_s);
        QTest::keyClick(&chat.view, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(clipboard(), chat.view.selectedText());
        chat.view.copyAsMarkdown();
        QCOMPARE(clipboard(), chat.view.selectedSource());
        // Backwards is the same.
        const QString forwards = chat.view.selectedText();
        chat.drag(chat.pointAt(2, u" question"_s), chat.pointAt(0, u"question"_s));
        QCOMPARE(chat.view.selectedText(), forwards);
    }

    void everythingCanBeSelectedAndAWordByTwoClicks() {
        Chat chat({u"one"_s, u"*two* three"_s});
        QTest::keyClick(&chat.view, Qt::Key_A, Qt::ControlModifier);
        QCOMPARE(chat.view.selectedText(), u"one\n\ntwo three"_s);
        QTest::mouseDClick(chat.view.viewport(), Qt::LeftButton, {}, chat.pointAt(1, u"hree"_s));
        QCOMPARE(chat.view.selectedText(), u"three"_s);
        QTest::mousePress(chat.view.viewport(), Qt::LeftButton, {}, chat.pointAt(1, u"hree"_s));
        QCOMPARE(chat.view.selectedText(), u"two three"_s);  // a third click: the block
    }

    void aSelectionOutlivesAnotherWidthAndTheme() {
        Chat chat({u"one question"_s, u"An **answer** that is a little longer. "_s.repeated(30)});
        chat.view.setCurrentRow(1);
        chat.view.select({.anchor = {0, 4}, .cursor = {1, 9}});
        const QString before = chat.view.selectedText();
        QCOMPARE(before, u"question\n\nAn answer"_s);
        chat.view.resize(500, 600);
        QCOMPARE(chat.view.selectedText(), before);
        Theme::apply(ThemeChoice::kDark, 150);
        const auto back = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        QCOMPARE(chat.view.selectedText(), before);
        QCOMPARE(chat.view.currentRow(), 1);
    }

    void withoutASelectionTheCurrentMessageIsCopied() {
        Chat chat({u"one"_s, u"*two*"_s});
        chat.view.setCurrentRow(1);
        chat.view.copy();
        QCOMPARE(clipboard(), u"two"_s);
        chat.view.copyAsMarkdown();
        QCOMPARE(clipboard(), u"*two*"_s);
    }

    void codeIsCopiedByItsButtonAndFromTheMenu() {
        Chat chat({u"?"_s, u"Run:\n\n```sh\nls -l\n\nexit\n```\n\nand\n\n```\nb && c\n```\n"_s});
        const MessageBody& body = chat.view.layoutOf(1).body();
        QCOMPARE(body.blockCount(), 4);
        const QPoint topLeft = chat.view.layoutOf(1).text().topLeft() + QPoint(0, chat.view.rowTop(1));
        QPoint button;
        for (int y = 0; y < body.height() && button.isNull(); y += 2) {
            const QPoint point(body.width() - 20, y);
            if (body.spotAt(point).isButton) button = point;
        }
        QVERIFY(!button.isNull());
        QTest::mouseClick(chat.view.viewport(), Qt::LeftButton, {}, topLeft + button);
        QCOMPARE(clipboard(), u"ls -l\n\nexit"_s);
        QVERIFY(chat.view.selectedText().isEmpty());
        QAction* second = chat.menuAction(1, u"b  c"_s);  // its "&&" without the marks of letters
        QVERIFY(second != nullptr);
        second->trigger();
        QCOMPARE(clipboard(), u"b && c"_s);
    }

    void aLinkIsOpenedOnlyAfterAClickAndAConfirmation() {
        Browser browser;
        QDesktopServices::setUrlHandler(u"https"_s, &browser, "open");
        const auto reset = qScopeGuard([] { QDesktopServices::unsetUrlHandler(u"https"_s); });
        Chat chat({u"?"_s, u"See [the docs](https://аpple.com/x) and [this](javascript:alert(1))."_s});
        const auto box = [] {
            return qobject_cast<QMessageBox*>(QApplication::activeModalWidget());
        };
        QTest::mouseClick(chat.view.viewport(), Qt::LeftButton, {}, chat.pointAt(1, u"docs"_s));
        QVERIFY(box() != nullptr);
        QCOMPARE(box()->textFormat(), Qt::PlainText);
        QCOMPARE(box()->informativeText(), u"https://xn--pple-43d.com/x"_s);  // not what it imitates
        QVERIFY(browser.opened.isEmpty());
        QTest::keyClick(box(), Qt::Key_Escape);
        QTRY_VERIFY(box() == nullptr);
        QVERIFY(browser.opened.isEmpty());
        QTest::mouseClick(chat.view.viewport(), Qt::LeftButton, {}, chat.pointAt(1, u"docs"_s));
        QVERIFY(box() != nullptr);
        const QPointer<QMessageBox> asked = box();
        for (QAbstractButton* button : asked->buttons()) {
            if (asked && asked->buttonRole(button) == QMessageBox::AcceptRole) button->click();
        }
        QCOMPARE(browser.opened.size(), 1);
        QTRY_VERIFY(box() == nullptr);
        QTest::mouseClick(chat.view.viewport(), Qt::LeftButton, {}, chat.pointAt(1, u"his"_s));
        QVERIFY(box() != nullptr);
        for (QAbstractButton* button : box()->buttons())
            QVERIFY(box()->buttonRole(button) != QMessageBox::AcceptRole);
        box()->close();
        QCOMPARE(browser.opened.size(), 1);
    }

    void aTipSaysWhereALinkLeads() {
        QCOMPARE(linkTip(u"https://example.org/a"_s), u"https://example.org/a"_s);
        const QString endless = linkTip(u"https://example.org/"_s + QString(10'000, u'a'));
        QVERIFY(endless.size() < 500);
        for (const QString& line : endless.split(u'\n'))
            QVERIFY(line.size() < 80);
        QCOMPARE(linkTip(u"file:///etc/passwd"_s), u"Is not opened: file:///etc/passwd"_s);
        QVERIFY(!Qt::mightBeRichText(linkTip(u"javascript:<img src='file:///a'>"_s)));
        QVERIFY(!Qt::mightBeRichText(linkTip(u"https://a.example/<b>x</b>"_s)));
    }

    void theTintFollowsTheSourceToWhatIsShown() {
        markdown::Document document(u"a **bc** d &amp; e"_s, markdown::Syntax::kMarkdown);
        const markdown::StyledText& text = document.sections()[0].blocks[0].text;
        QCOMPARE(text.text, u"a bc d & e"_s);
        // Tokens: "a **b", "c** d &am", "p; e".
        const std::vector<TintRun> runs{{0, 5, 1}, {5, 14, 3}, {14, 18, 0}};
        const auto formats = formatsOf({.selection = {}, .tint = &runs}, text);
        QString levels(text.length(), u' ');
        for (const auto& range : formats) {
            const QColor ground = range.format.background().color();
            const ThemeColors& colors = Theme::current().colors();
            const QChar level = range.format.background().style() == Qt::NoBrush ? u'0'
                                : ground == colors.retained[1]                   ? u'1'
                                : ground == colors.retained[3]                   ? u'3'
                                                                                 : u'?';
            for (int i = range.start; i < range.start + range.length; ++i)
                levels[i] = level;
        }
        QCOMPARE(levels, u"1113333000"_s);
    }

    void textFromRightToLeftBeginsAtTheRight() {
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        body.setText(u"مرحبا بالعالم، هذه فقرة.\n\nleft to right"_s);
        const int y = body.lineOf(0).center().y();
        QCOMPARE(body.positionAt({599, y}), 0);
        QVERIFY(body.positionAt({0, y}) > 10);
        const int below = static_cast<int>(body.document().shownText().indexOf(u"left"_s));
        QCOMPARE(body.positionAt({0, body.lineOf(below).center().y()}), below);
    }

    void onlyTheLastBlockOfAGrowingReplyIsLaidOutAgain() {
        MessageBody body(markdown::Syntax::kMarkdown, 600);
        const QString head = u"# Title\n\nA paragraph.\n\n- one\n- two\n\n```\ncode\n```\n\n"_s;
        body.setText(head + u"The last paragraph"_s);
        std::vector<const BlockLayout*> before;
        for (int i = 0; i < body.blockCount(); ++i)
            before.push_back(body.layoutOf(i));
        body.setText(head + u"The last paragraph grows"_s);
        QCOMPARE(body.blockCount(), static_cast<int>(before.size()));
        for (int i = 0; i + 1 < body.blockCount(); ++i)
            QCOMPARE(body.layoutOf(i), before[static_cast<std::size_t>(i)]);
        QVERIFY(body.layoutOf(body.blockCount() - 1) != before.back());
        QCOMPARE(body.document().shownText().right(5), u"grows"_s);
    }

    void aReplyThatGrewLooksLikeOneThatWasThere() {
        const QString text =
            u"# Title\n\nSome **bold** text.\n\n1. one\n2. two\n   - inner\n\n```py\na = 1\n\nb = "
            u"2\nc\nd\ne\nf\ng\nh\ni\n```\n\n"
            "| a | b |\n|---|--:|\n| 1 | 2 |\n| three | four |\n\n> quote\n> more\n\nend"_s;
        MessageBody grown(markdown::Syntax::kMarkdown, 500);
        for (qsizetype end = 0; end <= text.size(); end += 3)
            grown.setText(text.left(end));
        grown.setText(text);
        MessageBody whole(markdown::Syntax::kMarkdown, 500);
        whole.setText(text);
        QCOMPARE(grown.height(), whole.height());
        const auto picture = [](const MessageBody& body) {
            QImage image(500, body.height(), QImage::Format_ARGB32_Premultiplied);
            image.fill(Qt::white);
            QPainter painter(&image);
            body.paint(painter, {}, {.clip = image.rect()});
            return image;
        };
        QCOMPARE(picture(grown), picture(whole));
    }

    void aGrowingReplyIsShownOncePerFrame() {
        Chat chat({u"?"_s, u""_s});
        chat.model.update(1, u"a"_s, MessageState::kStreaming, {});
        QTest::qWait(40);
        const auto shown = [&] {
            return chat.view.layoutOf(1).body().document().source();
        };
        chat.model.appendText(1, u"b"_s);
        QCOMPARE(shown(), u"ab"_s);  // the first change of a frame at once
        for (int i = 0; i < 10; ++i)
            chat.model.appendText(1, u"c"_s);
        QCOMPARE(shown(), u"ab"_s);
        QTRY_COMPARE(shown(), u"abcccccccccc"_s);
        chat.model.appendText(1, u"d"_s);
        chat.model.update(1, u"end"_s, MessageState::kComplete, {});
        QCOMPARE(shown(), u"end"_s);  // what is not text that grows does not wait
    }

    void ofAVeryLongMessageOnlyWhatIsInSightIsLaidOut() {
        QString text;
        for (int i = 0; i < 60'000; ++i)
            text += u"Line %1 of what was pasted, long enough to be broken once in a while. "_s.arg(i) +
                    (i % 3 == 0 ? u"It goes on and on and on, far over the edge.\n"_s : u"\n"_s);
        Chat chat({u"first"_s, u"second"_s, text, u"# Title\n\nend"_s});
        const auto laidOut = [&] {
            int count = 0;
            const MessageBody& body = chat.view.layoutOf(2).body();
            for (int i = 0; i < body.blockCount(); ++i)
                count += body.layoutOf(i) != nullptr ? 1 : 0;
            return count;
        };
        QVERIFY(chat.view.layoutOf(2).body().blockCount() > 1'000);
        QVERIFY2(laidOut() < 20, qPrintable(QString::number(laidOut())));  // by showing the chat
        chat.view.scrollToRow(2);
        QVERIFY(laidOut() > 0 && laidOut() < 20);
        const auto at = static_cast<int>(text.indexOf(u"Line 30000 "_s));
        chat.view.scrollToPosition({2, at});
        const QRect line = chat.view.layoutOf(2).lineOf(at).translated(0, chat.view.rowTop(2));
        QVERIFY(line.height() < 40);
        QVERIFY(chat.view.viewport()->rect().contains(line.center()));
        // What is in sight stays in its place while what is above becomes exact.
        const QPoint middle(400, 300);
        const auto positionAt = [&] {
            return chat.view.layoutOf(2).positionAt(middle - QPoint(0, chat.view.rowTop(2)));
        };
        for (int i = 0; i < 40; ++i) {
            const int before = positionAt();
            chat.view.verticalScrollBar()->setValue(chat.view.verticalScrollBar()->value() - 44);
            const int distance = before - positionAt();
            QVERIFY2(distance > 0 && distance < 600, qPrintable(QString::number(distance)));
        }
        QVERIFY(laidOut() < 40);
        chat.view.scrollToEnd();
        QCOMPARE(chat.view.verticalScrollBar()->value(), chat.view.verticalScrollBar()->maximum());
        QVERIFY(chat.view.rowTop(3) < chat.view.viewport()->height());
    }

    void whatIsDrawnPieceByPieceIsWhatIsThere() {
        QStringList texts;
        for (int i = 0; i < 30; ++i)
            texts << u"Message %1.\n\n"_s.arg(i) + u"Words of it. "_s.repeated(i % 40) +
                         u"\n\n```\ncode\n```"_s;
        Chat chat(texts);
        QVERIFY(QTest::qWaitForWindowExposed(&chat.view));
        // The window's pixels, and all of it drawn at once.
        const auto isEqual = [&] {
            const QImage pixels = chat.view.screen()->grabWindow(chat.view.winId()).toImage();
            const QImage whole = chat.view.grab().toImage();
            return !pixels.isNull() && pixels.convertToFormat(QImage::Format_RGB32) ==
                                           whole.convertToFormat(QImage::Format_RGB32);
        };
        // What was not drawn stays undrawn; what is yet to be drawn takes a frame, or more on a busy machine.
        const auto differs = [&] {
            return !QTest::qWaitFor(isEqual, 3'000);
        };
        QVERIFY(!differs());
        for (const int step : {-40, -300, 25, 2'000, -7, 90}) {
            QScrollBar* bar = chat.view.verticalScrollBar();
            bar->setValue(bar->value() + step);
            QVERIFY2(!differs(), qPrintable(QString::number(step)));
        }
        chat.view.scrollToEnd();
        MessageRecord reply = message(1'000, Role::kAssistant, {});
        reply.state = MessageState::kStreaming;
        const int row = chat.model.append(itemOf(reply));
        chat.view.setCurrentRow(row);
        chat.view.setFocus();
        const QString text =
            u"# Title\n\nSome **bold** text\nof lines.\n\n- one\n- two\n\n> quoted\n>\n> "
            u"more\n\n```py\na\nb\n```\n\n|a|b|\n"
            "|---|---|\n|1|2|\n|3|4|\n\nThe end of it is a paragraph that is a little longer than the others."_s;
        for (qsizetype at = 0; at < text.size(); at += 5) {
            chat.model.appendText(row, text.mid(at, 5));
            if (at % 20 == 0) QVERIFY2(!differs(), qPrintable(text.left(at + 5)));
        }
        QVERIFY(chat.view.followsEnd());
        chat.model.update(row, text, MessageState::kStopped, {});
        QVERIFY(!differs());
    }

    void screenReadersReadTheMessages() {
        Chat chat({u"*one*"_s, u"some **bold** text"_s});
        QAccessibleInterface* list = QAccessible::queryAccessibleInterface(&chat.view);
        QVERIFY(list != nullptr);
        QCOMPARE(list->role(), QAccessible::List);
        QCOMPARE(list->text(QAccessible::Name), u"Messages"_s);
        QVERIFY(list->childCount() >= 2);
        QAccessibleInterface* reply = list->child(1);
        QCOMPARE(list->child(1), reply);
        QCOMPARE(reply->role(), QAccessible::ListItem);
        QCOMPARE(reply->text(QAccessible::Name), u"Assistant: some bold text"_s);
        QCOMPARE(list->child(0)->text(QAccessible::Name), u"You: *one*"_s);
        QCOMPARE(reply->parent(), list);
        QCOMPARE(list->indexOfChild(reply), 1);
        QCOMPARE(list->childAt(reply->rect().center().x(), reply->rect().center().y()), reply);
        QVERIFY(!reply->state().offscreen);
        auto* text = reply->textInterface();
        QVERIFY(text != nullptr);
        QCOMPARE(text->text(5, 9), u"bold"_s);
        QCOMPARE(text->characterCount(), 14);
        QCOMPARE(text->offsetAtPoint(text->characterRect(0).topLeft()), 0);
        text->setSelection(0, 5, 9);
        QCOMPARE(chat.view.selectedText(), u"bold"_s);
        QCOMPARE(text->selectionCount(), 1);
        QCOMPARE(list->child(0)->textInterface()->selectionCount(), 0);
        // The button that is in the view is still found.
        bool isButtonFound = false;
        for (int i = 2; i < list->childCount(); ++i)
            isButtonFound = isButtonFound || list->child(i)->role() != QAccessible::ListItem;
        QVERIFY(isButtonFound);
        // What is gone is told to be so.
        chat.model.assign({});
        QVERIFY(!reply->isValid());
        QVERIFY(reply->text(QAccessible::Name).isEmpty());
    }

    void findsWhatIsShownAndStepsThroughIt() {
        Chat chat(
            {u"An apple."_s, u"Two **app**les, `APPLE`s"_s, u"none"_s, u"[apple](https://apple.example)"_s});
        QWidget page;
        FindBar bar(&chat.view, &page);
        page.show();
        bar.open();
        QTest::keyClicks(&bar.field(), u"apple"_s);
        QTRY_COMPARE(bar.finder().hitCount(), 4);  // also where markup stands within; not in an address
        QCOMPARE(bar.countText(), u"1 of 4"_s);
        QVERIFY((bar.finder().current() == ChatFinder::Hit{0, 0}));
        QTest::keyClick(&bar.field(), Qt::Key_Return);
        QVERIFY((bar.finder().current() == ChatFinder::Hit{1, 0}));
        bar.step(true);
        QVERIFY((bar.finder().current() == ChatFinder::Hit{1, 1}));
        QCOMPARE(bar.countText(), u"3 of 4"_s);
        bar.step(true);
        bar.step(true);
        QVERIFY((bar.finder().current() == ChatFinder::Hit{0, 0}));
        QTest::keyClick(&bar.field(), Qt::Key_Return, Qt::ShiftModifier);
        QVERIFY((bar.finder().current() == ChatFinder::Hit{3, 0}));
        QCOMPARE(chat.view.currentRow(), 3);
        chat.model.update(2, u"apple"_s, MessageState::kComplete, {});
        QCOMPARE(bar.countText(), u"5 of 5"_s);
        // Another chat is marked, and stays where it is.
        MessageModel other;
        other.assign({message(1, Role::kUser, u"nothing"_s), message(2, Role::kAssistant, u"an apple"_s)});
        chat.view.setModel(&other);
        QTRY_COMPARE(bar.countText(), u"– of 1"_s);
        QCOMPARE(chat.view.currentRow(), -1);
        bar.step(true);
        QCOMPARE(bar.countText(), u"1 of 1"_s);
        chat.view.setModel(&chat.model);
        QTest::keyClick(&chat.view, Qt::Key_Escape);
        QVERIFY(bar.isHidden());
        bar.open();
        bar.field().setText(u"pear"_s);
        QTRY_COMPARE(bar.countText(), u"No hits"_s);
        QTest::keyClick(&bar.field(), Qt::Key_Escape);
        QVERIFY(bar.isHidden());
        QCOMPARE(bar.finder().hitCount(), 0);
    }

    void hitsAreMarkedAndTheCurrentOneMore() {
        markdown::Document document(u"an apple and an apple"_s, markdown::Syntax::kMarkdown);
        const auto hits = findIn(document.source(), markdown::Syntax::kMarkdown, u"APPLE"_s);
        QCOMPARE(hits.size(), std::size_t{2});
        const auto formats = formatsOf({.selection = {}, .hits = &hits, .currentHit = 1},
                                       document.sections()[0].blocks[0].text);
        QCOMPARE(formats.size(), 2);
        QCOMPARE(formats[0].start, 3);
        QCOMPARE(formats[0].format.background().color(), Theme::current().colors().found);
        QCOMPARE(formats[1].format.background().color(), Theme::current().colors().foundCurrent);
        QVERIFY(formats[1].format.fontUnderline() ||
                formats[1].format.underlineStyle() != QTextCharFormat::NoUnderline);
    }

    void aHitFarBelowComesIntoSight() {
        QStringList texts;
        for (int i = 0; i < 400; ++i)
            texts << u"Message %1.\n\n"_s.arg(i) + u"Words. "_s.repeated(i % 50);
        texts[301] = u"x\n\n"_s.repeated(200) + u"needle"_s + u"\n\ny"_s.repeated(100);
        Chat chat(texts);
        chat.view.scrollToRow(0);
        ChatFinder finder;
        chat.view.setFinder(&finder);
        finder.setModel(&chat.model);
        connect(&finder, &ChatFinder::currentChanged, &chat.view, [&] {
            chat.view.scrollToPosition(finder.currentPosition());
        });
        finder.search(u"needle"_s, 0);
        QTRY_COMPARE(finder.hitCount(), 1);
        const ChatPosition hit = finder.currentPosition();
        QCOMPARE(hit.row, 301);
        const QRect line = chat.view.layoutOf(301).lineOf(hit.position).translated(0, chat.view.rowTop(301));
        QVERIFY(chat.view.viewport()->rect().contains(line.center()));
        chat.view.setFinder(nullptr);
    }

    void searchingALongChatDoesNotHoldUpTheWindow() {
        std::vector<MessageRecord> records;
        for (int i = 0; i < 20'000; ++i) {
            records.push_back(message(i + 1,
                                      i % 2 == 0 ? Role::kUser : Role::kAssistant,
                                      u"**Message** %1 about `gardens`\n\n- and\n- rivers"_s.arg(i)));
        }
        MessageModel model;
        model.assign(records);
        ChatFinder finder;
        finder.setModel(&model);
        QSignalSpy steps(&finder, &ChatFinder::changed);
        finder.search(u"rivers"_s, 10'000);
        // Nothing is found before the window goes on, and it goes on often while all is searched.
        QVERIFY(finder.isSearching());
        QCOMPARE(finder.hitCount(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(!finder.isSearching(), 60'000);
        QVERIFY2(steps.count() > 20, qPrintable(QString::number(steps.count())));
        QCOMPARE(finder.hitCount(), 20'000);
        QVERIFY((finder.current() == ChatFinder::Hit{10'000, 0}));
        QCOMPARE(finder.currentNumber(), 10'001);
    }
};

QTEST_MAIN(TestMessageView)
#include "tst_message_view.moc"
