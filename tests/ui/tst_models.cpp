#include <cmath>

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>
#include <QTextLayout>

#include "ui/bridge/text.h"
#include "ui/chat/message_layout.h"
#include "ui/chat/message_model.h"
#include "ui/chat/reply_details_dialog.h"
#include "ui/chat/retained_tint.h"
#include "ui/conversations/conversation_model.h"
#include "ui/conversations/search_delegate.h"
#include "ui/memory/episode_model.h"
#include "ui/memory/job_strip.h"
#include "ui/theme/source_plurals.h"
#include "ui/theme/text_lines.h"
#include "ui/theme/theme.h"

using namespace epi;
using namespace Qt::StringLiterals;

namespace {

MessageRecord message(std::int64_t id, Role role, const std::string& text) {
    MessageRecord record;
    record.id = id;
    record.role = role;
    record.text = text;
    return record;
}

ConversationRecord conversation(std::int64_t id, const std::string& title) {
    ConversationRecord record;
    record.id = id;
    record.title = title;
    return record;
}

double luminance(const QColor& color) {
    const auto linear = [](double channel) {
        return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

}  // namespace

class TestModels : public QObject {
    Q_OBJECT

    SourcePlurals plurals_;

private Q_SLOTS:
    void initTestCase() { QCoreApplication::installTranslator(&plurals_); }

    void messageModelKeepsTheRulesOfModels() {
        MessageModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.assign({message(1, Role::kUser, "a"), message(2, Role::kAssistant, "b")});
        const int row = model.append(itemOf(message(3, Role::kUser, "c")));
        model.appendText(row, QStringLiteral("d"));
        model.setEpisodes({{.index = 0, .turnIds = {1}}, {.index = 2, .turnIds = {3}}});
        QCOMPARE(model.data(model.index(row), Qt::DisplayRole).toString(), QStringLiteral("cd"));
        QCOMPARE(model.at(row).episode, 2);
        QCOMPARE(model.rowOf(2), 1);
    }

    void conversationModelKeepsTheRulesOfModels() {
        ConversationModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.assign({conversation(1, "first"), conversation(2, "second")});
        model.setHidden(1, true);
        QCOMPARE(model.rowCount(), 1);
        QCOMPARE(model.rowOf(2), 0);
        QSignalSpy renamed(&model, &ConversationModel::renamed);
        QVERIFY(!model.setData(model.index(0), QStringLiteral("  "), Qt::EditRole));
        QVERIFY(model.setData(model.index(0), QStringLiteral(" new  name "), Qt::EditRole));
        QCOMPARE(renamed.first().at(1).toString(), QStringLiteral("new name"));
        model.setHidden(1, false);
        QCOMPARE(model.rowCount(), 2);
    }

    void episodeModelKeepsTheRulesOfModels() {
        EpisodeModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.assign({{.conversationId = 1,
                       .index = 0,
                       .segments = 2,
                       .turnIds = {5, 6},
                       .representatives = {"about\ngardens"},
                       .keptEntries = 10,
                       .cacheKey = "k"}});
        QCOMPARE(model.index(0).data().toString(), QStringLiteral("about gardens"));
        QCOMPARE(model.index(0).data(EpisodeModel::kFirstTurnRole).toLongLong(), 5);
    }

    void partsThatDoNotFitBeginALine() {
        const QFontMetricsF metrics(Theme::current().font(TextSize::kSmall));
        const QStringList parts{u"8 messages"_s, u"23,040 entries kept"_s, u"2 segments"_s};
        const auto width = [&](const QString& text) {
            return std::ceil(metrics.horizontalAdvance(text));
        };
        const QString whole = parts.join(u" · "_s);
        QCOMPARE(joinParts(parts, u" · "_s, metrics, width(whole)), whole);
        QCOMPARE(joinParts(parts, u" · "_s, metrics, width(whole) - 1),
                 u"8 messages · 23,040 entries kept\u20282 segments"_s);
        QCOMPARE(joinParts(parts, u" · "_s, metrics, 1), parts.join(QChar::LineSeparator));
    }

    void anEpisodesCardIsAsHighAsItsDetailsNeed() {
        EpisodeModel model;
        model.assign({{.conversationId = 1,
                       .index = 0,
                       .segments = 2,
                       .turnIds = {5, 6},
                       .representatives = {"gardens"},
                       .keptEntries = 23'040,
                       .cacheKey = "k",
                       .name = "rye"}});
        const EpisodeDelegate delegate;
        const auto heightAt = [&](int width) {
            QStyleOptionViewItem option;
            option.rect = QRect(0, 0, width, 0);
            return delegate.sizeHint(option, model.index(0)).height();
        };
        const QFontMetricsF small(Theme::current().font(TextSize::kSmall));
        const QString details = model.index(0).data(EpisodeModel::kDetailsRole).toString();
        const int around = Theme::current().px(8) + Theme::current().px(12);
        const int whole = static_cast<int>(std::ceil(small.horizontalAdvance(details))) + 2 * around;
        QCOMPARE(heightAt(2 * whole), heightAt(whole));
        QVERIFY(heightAt(whole - 2) > heightAt(whole) + small.height() / 2);
    }

    void onlyTheLastLineOfAQuoteIsCut() {
        const QString text = QStringLiteral(
            "Berth 41. It is the last one on the left, and the ferry leaves in twenty minutes from there.");
        QTextLayout layout(text, Theme::current().font(TextSize::kInterface));
        const QFontMetricsF metrics(layout.font());
        for (qreal width = 60; width < 2 * metrics.horizontalAdvance(text); width += 7) {
            layout.setText(text);
            layOutLines(layout, width, 3);
            QVERIFY(layout.lineCount() <= 3);
            const bool isCut = layout.text() != text;
            QVERIFY(text.startsWith(isCut ? layout.text().chopped(1) : layout.text()));
            QCOMPARE(isCut, layout.text().endsWith(u'…'));
            int shown = 0;
            for (int i = 0; i < layout.lineCount(); ++i) {
                const QTextLine line = layout.lineAt(i);
                QVERIFY(line.naturalTextWidth() <= width);
                QCOMPARE(line.textStart(), shown);
                shown += line.textLength();
                const bool isLast = i + 1 == layout.lineCount();
                QVERIFY(isLast || layout.text()[shown - 1] == u' ');
            }
            QCOMPARE(shown, layout.text().size());
        }
    }

    void aHitShowsWhatWasFoundHoweverNarrow() {
        const QString text =
            QStringLiteral("…the ferry leaves in twenty minutes from berth 41 and is never late");
        const auto begin = static_cast<int>(text.indexOf(QStringLiteral("berth")));
        QTextLayout layout;
        layout.setFont(Theme::current().font(TextSize::kSmall));
        const qreal wide = QFontMetricsF(layout.font()).horizontalAdvance(text);
        for (qreal width = 60; width < wide; width += 7) {
            layOutMarked(layout, text, {{begin, begin + 5}}, width, 2);
            QVERIFY(layout.lineCount() <= 2);
            QVERIFY(layout.text().startsWith(u'…') && layout.text().contains(QStringLiteral("berth")));
            QVERIFY(layout.text().endsWith(u'…') || layout.text().endsWith(QStringLiteral("late")));
            const QTextLayout::FormatRange mark = layout.formats().constFirst();
            QCOMPARE(layout.text().mid(mark.start, mark.length), QStringLiteral("berth"));
        }
        layOutMarked(layout, text, {{begin, begin + 5}}, wide, 2);
        QCOMPARE(layout.text(), text);
    }

    void aHitHasTheDateOfItsSession() {
        SearchModel model;
        SearchResults results;
        results.messages = {{.messageId = 1,
                             .conversationId = 7,
                             .speaker = "Nora",
                             .session = "3 March 2025",
                             .createdAtMs = 1'796'000'000'000},
                            {.messageId = 2, .conversationId = 7, .createdAtMs = 1'796'000'000'000}};
        model.assign(results, {{7, QStringLiteral("The harbour")}});
        QCOMPARE(model.at(0).details, QStringLiteral("Nora · 3 March 2025"));
        QVERIFY2(model.at(1).details.endsWith(QStringLiteral(" 2026")), qPrintable(model.at(1).details));
    }

    void tintRunsCountInUtf16() {
        Trace trace;
        trace.retainedShare = {255, 255, 0, 70};
        // a, é (2 bytes), 😀 (4 bytes, 2 units), z
        const Trace::TurnTokens turn{.turnId = 1, .firstToken = 0, .byteEnds = {1, 3, 7, 8}};
        const auto runs = tintRuns(trace, turn, "a\xc3\xa9\xf0\x9f\x98\x80z");
        QCOMPARE(runs.size(), std::size_t{3});
        QCOMPARE(runs[0].end, 2);
        QCOMPARE(runs[0].level, 4);
        QCOMPARE(runs[1].end, 4);
        QCOMPARE(runs[1].level, 0);
        QCOMPARE(runs[2].end, 5);
        QCOMPARE(runs[2].level, 2);
    }

    void tintStopsWhereTheTraceIsWrong() {
        Trace trace;
        trace.retainedShare = {255, 255};
        QCOMPARE(tintRuns(trace, {.turnId = 1, .firstToken = 0, .byteEnds = {1, 99}}, "abc").size(),
                 std::size_t{1});
        QCOMPARE(tintRuns(trace, {.turnId = 1, .firstToken = 0, .byteEnds = {2, 1}}, "abc").back().end, 2);
        QVERIFY(tintRuns(trace, {.turnId = 1, .firstToken = 2, .byteEnds = {1}}, "abc").empty());
        QVERIFY(tintRuns(trace, {.turnId = 1, .firstToken = -1, .byteEnds = {1}}, "abc").empty());
    }

    void detailsOfAReplySurviveJson() {
        ReplyDetails details;
        details.episode = 3;
        details.similarity = 0.625;
        details.keptTokens = 1024;
        details.historyTokens = 20'000;
        details.generatedTokens = 40;
        details.decodeSeconds = 2.0;
        details.error = QStringLiteral("a \"quoted\" reason");
        const ReplyDetails read = ReplyDetails::fromJson(details.toJson());
        QCOMPARE(read.episode, details.episode);
        QCOMPARE(read.similarity, details.similarity);
        QCOMPARE(read.keptTokens, details.keptTokens);
        QCOMPARE(read.tokensPerSecond(), 20.0);
        QCOMPARE(read.error, details.error);
        QVERIFY(!ReplyDetails::fromJson("no json").episode);
    }

    void aReplyFromTheWholeChatSpeaksOfNoEpisode() {
        MessageItem reply;
        reply.role = Role::kAssistant;
        reply.details.episode = 0;
        reply.details.similarity = 1.0;
        reply.details.similarities = {1.0};
        reply.details.keptTokens = 21;
        reply.details.historyTokens = 21;
        QCOMPARE(MessageLayout::chipText(reply), QStringLiteral("The whole chat · 21 tokens"));
        QVERIFY(!ReplyReport::text(reply).contains(QStringLiteral("pisode")));
        reply.details.historyTokens = 42;
        QCOMPARE(MessageLayout::chipText(reply), QStringLiteral("The whole chat · 21 of 42 tokens kept"));
        reply.details.similarities = {1.0, 0.5};
        QCOMPARE(MessageLayout::chipText(reply),
                 QStringLiteral("Episode 1 · match 1.00 · 21 of 42 tokens kept"));
        QVERIFY(ReplyReport::text(reply).contains(QStringLiteral("episode 1")));
    }

    void progressIsNeverInvented() {
        Progress progress{.phase = "reading", .unit = "tokens"};
        QCOMPARE(progressText(progress), QStringLiteral("Building memory"));
        QCOMPARE(rateText(progress), QString());
        progress = {.phase = "reading",
                    .done = 50,
                    .total = 100,
                    .unit = "tokens",
                    .episode = 1,
                    .episodes = 4,
                    .perSecond = 5.0};
        QCOMPARE(progressText(progress),
                 QStringLiteral("Building memory · episode 2 of 4 · 50 of 100 tokens"));
        QCOMPARE(rateText(progress), QStringLiteral("5.0 tokens/s · about 10 s left"));
        // One cache that serves several episodes is not one of them.
        progress.episode = -1;
        QCOMPARE(progressText(progress),
                 QStringLiteral("Reading the history · one cache for 4 episodes · 50 of 100 tokens"));
        progress.episodes = 1;
        QCOMPARE(progressText(progress), QStringLiteral("Reading the history · 50 of 100 tokens"));
        progress = {.phase = "answering", .done = 0, .total = 1, .unit = "questions"};
        QCOMPARE(progressText(progress), QStringLiteral("Answering · 0 of 1 question"));
    }

    void aNoticeOfAnotherVersionIsToldInItsOwnWords() {
        const std::vector<Notice> notices{
            {.code = NoticeCode::kOther, .arguments = {}, .text = "the sun shines"},
            makeNotice(NoticeCode::kNoPlugin, {"libepi_cuda.so"})};
        QCOMPARE(describe(notices),
                 QStringLiteral("The sun shines. Answers are computed on the CPU, because libepi_cuda.so is "
                                "not installed."));
    }

    void aHeaderShowsIdsThatPeopleGive() {
        MessageItem item;
        item.createdAtMs = 1'700'000'000'000;
        item.sourceId = QStringLiteral("D5:13");
        QCOMPARE(MessageLayout::headerText(item), QStringLiteral("D5:13"));
        // What programs make up says nothing to anybody.
        item.sourceId = QStringLiteral("bbb2682f-b4f7-49f8-b842-5352f8b6e3c0");
        QVERIFY2(MessageLayout::headerText(item).contains(QStringLiteral("Nov")),
                 qPrintable(MessageLayout::headerText(item)));
    }

    void aJobSaysNothingTwice() {
        QCOMPARE(jobText(QStringLiteral("Answering in “Boats”"), {.phase = "answering", .unit = {}}),
                 QStringLiteral("Answering in “Boats”"));
        QCOMPARE(jobText(QStringLiteral("Evaluation"),
                         {.phase = "answering", .done = 1, .total = 2, .unit = "questions"}),
                 QStringLiteral("Evaluation · Answering · 1 of 2 questions"));
    }

    void textIsReadableInBothThemes_data() {
        QTest::addColumn<int>("choice");
        QTest::newRow("light") << static_cast<int>(ThemeChoice::kLight);
        QTest::newRow("dark") << static_cast<int>(ThemeChoice::kDark);
        QTest::newRow("high contrast") << static_cast<int>(ThemeChoice::kHighContrast);
    }
    void textIsReadableInBothThemes() {
        QFETCH(int, choice);
        Theme::apply(static_cast<ThemeChoice>(choice), 100);
        const ThemeColors& colors = Theme::current().colors();
        for (const QColor& ground : {colors.background, colors.surface, colors.raised, colors.accentSoft}) {
            QVERIFY(contrast(colors.text, ground) >= 7.0);
            QVERIFY(contrast(colors.secondaryText, ground) >= 4.5);
        }
        QVERIFY(contrast(colors.error, colors.errorSoft) >= 4.5);
        QVERIFY(contrast(colors.warning, colors.warningSoft) >= 4.5);
        QVERIFY(contrast(colors.onAccent, colors.accent) >= 4.5);
        for (const QColor& tint : colors.retained)
            QVERIFY(contrast(colors.text, tint) >= 4.5);
        QVERIFY(contrast(colors.text, colors.found) >= 4.5);
        QVERIFY(contrast(Theme::textOn(colors.foundCurrent), colors.foundCurrent) >= 4.5);
        QVERIFY(contrast(colors.text, colors.hover) >= 7.0);  // behind code within text
        for (int episode = 0; episode < 8; ++episode) {
            const QColor fill = Theme::episodeColor(episode);
            QVERIFY(contrast(Theme::textOn(fill), fill) >= 4.5);
        }
    }

    void aLayoutGrowsWithItsTextAndFindsPositions() {
        Theme::apply(ThemeChoice::kLight, 100);
        MessageItem item;
        item.role = Role::kAssistant;
        item.text = QStringLiteral("one");
        const MessageSurroundings surroundings{.width = 600};
        const MessageLayout brief(item, surroundings);
        item.text = QStringLiteral("one\ntwo\nthree <b>not bold</b>");
        const MessageLayout tall(item, surroundings);
        QVERIFY(tall.height() > brief.height());
        QCOMPARE(tall.positionAt(tall.text().topLeft()), 0);
        QCOMPARE(tall.positionAt(tall.text().bottomRight()), static_cast<int>(item.text.size()));
    }
};

QTEST_MAIN(TestModels)
#include "tst_models.moc"
