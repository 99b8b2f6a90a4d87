#include <csignal>

#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QDir>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>

#include "core/base/system_memory.h"
#include "core/format/cache_folder.h"
#include "core/format/model_facts.h"
#include "core/format/model_files.h"
#include "tests/support/tiny_model.h"
#include "tests/ui/window_fixture.h"
#include "ui/first_steps.h"
#include "ui/jobs/job_board.h"
#include "ui/jobs/jobs_popover.h"
#include "ui/models/download_dialog.h"
#include "ui/models/load_panel.h"
#include "ui/models/model_manager.h"
#include "ui/settings/settings_dialog.h"
#include "ui/theme/source_plurals.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

void write(const QString& path, qsizetype bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray(bytes, 'x'));
}

QPushButton* buttonOf(QWidget* parent, const QString& text) {
    for (auto* button : parent->findChildren<QPushButton*>()) {
        if (button->text() == text) return button;
    }
    return nullptr;
}

QCheckBox* checkBoxOf(QWidget* parent, const QString& text) {
    for (auto* box : parent->findChildren<QCheckBox*>()) {
        if (box->text() == text) return box;
    }
    return nullptr;
}

/// Whether a visible label begins with that.
bool hasText(QWidget* parent, const QString& text) {
    for (auto* label : parent->findChildren<QLabel*>()) {
        if (label->isVisible() && label->text().startsWith(text)) return true;
    }
    return false;
}

ModelFacts someFacts() {
    ModelFacts facts;
    facts.layers = 10;
    facts.kvHeads = 2;
    facts.headDim = 64;
    facts.heads = 8;
    facts.dimension = 512;
    facts.matrixValues = 100'000'000;
    facts.vectorValues = 1'000;
    return facts;
}

}  // namespace

class TestModelManager : public QObject {
    Q_OBJECT

private:
    SourcePlurals plurals_;
    std::unique_ptr<QTemporaryDir> folder_;

    /// The manager of a window, its list read, with a tiny model in a folder of its own.
    ModelManager* managerWith(WindowFixture& app) {
        QDir().mkpath(folder_->path() + u"/models"_s);
        const QString path = toQString(writeTinyModel(toUtf8(folder_->path() + u"/models"_s)).string());
        app.window.showModels();
        ModelManager* manager = app.window.modelManager();
        QSignalSpy shown(manager, &ModelManager::detailsShown);
        manager->addPlaces({folder_->path() + u"/models"_s});
        if (!QTest::qWaitFor([&] { return manager->models().rowOf(path) >= 0; })) return nullptr;
        manager->choose(path);
        if (shown.isEmpty() && !shown.wait()) return nullptr;
        return QTest::qWaitFor([&] { return manager->loadPanel().estimate().has_value(); }) ? manager
                                                                                            : nullptr;
    }

    static ModelManager* managerThatDownloads(WindowFixture& app) {
        app.window.preferences().change([](Preferences& p) { p.allowsDownloads = true; });
        app.window.showModels();
        return app.window.modelManager();
    }
    [[nodiscard]] DownloadWish wish() const {
        return {.address = QUrl(u"https://example.org/got.gguf"_s),
                .folder = folder_->path(),
                .name = u"got.gguf"_s};
    }
    /// A shell script, which knows the test's folder as $FOLDER.
    QString playedTool(const QByteArray& script) {
        const QString path = folder_->path() + u"/tool"_s;
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly)) return {};
        file.write("#!/bin/sh\nFOLDER='" + folder_->path().toUtf8() + "'\n" + script + "\n");
        file.close();
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path;
    }

private Q_SLOTS:
    void initTestCase() {
        QCoreApplication::installTranslator(&plurals_);
        Theme::apply(ThemeChoice::kLight, 100);
        home_ = std::make_unique<QTemporaryDir>();
        qputenv("XDG_DATA_HOME", home_->path().toUtf8());  // an empty models folder, and a trash of our own
    }
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void findsModelFilesInFoldersAndByName() {
        const QString root = folder_->path();
        QDir().mkpath(root + u"/a/b/c/d/e"_s);
        write(root + u"/top.gguf"_s, 1);
        write(root + u"/a/UPPER.GGUF"_s, 2);
        write(root + u"/a/b/c/deep.gguf"_s, 3);
        write(root + u"/a/b/c/d/e/deeper.gguf"_s, 4);
        write(root + u"/notes.txt"_s, 5);
        const std::vector<std::filesystem::path> places{
            toUtf8(root), toUtf8(root + u"/top.gguf"_s), "/no/such"};
        const auto files = findModelFiles(places);
        QStringList names;
        for (const ModelFile& file : files)
            names << toQString(file.path.filename().string());
        QCOMPARE(names, (QStringList{u"UPPER.GGUF"_s, u"deep.gguf"_s, u"top.gguf"_s}));
        QCOMPARE(files.front().bytes, 2);
    }

    void theEstimateFollowsBudgetAndEpisodes() {
        const ModelFacts facts = someFacts();
        const LoadEstimate one = estimateLoad(facts, {.budget = 1024, .episodes = 1});
        QCOMPARE(one.weights, std::int64_t{400'004'000});
        // 1,024 entries of K and V of 64 floats for 10 layers with 2 heads.
        QCOMPARE(one.caches, std::int64_t{1024} * 2 * 64 * 4 * 10 * 2);
        const LoadEstimate four = estimateLoad(facts, {.budget = 1024, .episodes = 4});
        QCOMPARE(four.caches, 4 * one.caches);
        QCOMPARE(four.weights, one.weights);
        const LoadEstimate half =
            estimateLoad(facts, {.isExact = false, .budget = 1024, .episodes = 4, .isOnGpu = true});
        QCOMPARE(half.caches * 2, four.caches);
        QCOMPARE(half.weights, std::int64_t{200'004'000});
        ModelFacts stored = facts;
        stored.matrixBytes = 56'250'000;
        const LoadEstimate blocks = estimateLoad(stored, {.isExact = false, .budget = 1024, .episodes = 4});
        QCOMPARE(blocks.weights, std::int64_t{56'254'000});
    }

    void memoryIsReadFromTheSystem() {
        const auto read =
            systemMemoryFrom("MemTotal:       2048 kB\nMemFree: 1 kB\nMemAvailable:   1024 kB\n");
        QVERIFY(read);
        QCOMPARE(read->totalBytes, std::int64_t{2048} << 10);
        QCOMPARE(read->availableBytes, std::int64_t{1024} << 10);
        QVERIFY(!systemMemoryFrom("nothing"));
        QVERIFY(systemMemory());
    }

    void cachesAreTrimmedOldestFirst() {
        const QString root = folder_->path();
        const auto pathOf = [&](int i) {
            return root + u"/%1.passages"_s.arg(i, 64, 10, QChar(u'0'));
        };
        for (int i = 0; i < 4; ++i) {
            const QString path = pathOf(i);
            write(path, 100);
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadWrite));
            const QDateTime when = QDateTime::currentDateTime().addDays(i - 10);
            QVERIFY(file.setFileTime(when, QFileDevice::FileModificationTime));
        }
        write(root + u"/notes.txt"_s, 1000);
        QCOMPARE(folderUse(toUtf8(root)).bytes, std::int64_t{1400});
        const auto removed = trimCacheFolder(toUtf8(root), 250);
        QVERIFY(removed);
        QCOMPARE(removed->files, std::int64_t{2});
        QVERIFY(!QFile::exists(pathOf(0)) && !QFile::exists(pathOf(1)));
        QVERIFY(QFile::exists(pathOf(2)) && QFile::exists(root + u"/notes.txt"_s));
        QCOMPARE(trimCacheFolder(toUtf8(root), 250)->files, std::int64_t{0});
    }

    void showsWhatIsInAFileAndLoadsItWithItsDefaults() {
        WindowFixture app(folder_->path());
        ModelManager* manager = managerWith(app);
        QVERIFY(manager != nullptr);
        const QAbstractItemModelTester tester(&manager->models(),
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        QVERIFY2(manager->detailsText().contains(u"Architecture: "_s), qPrintable(manager->detailsText()));
        QVERIFY(manager->detailsText().contains(u"Parameters: "_s));
        QVERIFY(manager->detailsText().contains(u"Licence: "_s));
        for (auto* button : manager->findChildren<QPushButton*>()) {
            if (button->text() == u"&Load"_s) button->click();
        }
        const auto load = last<LoadModel>(app.engine->posted());
        QVERIFY2(load.model.ends_with("/models/tiny/tiny.gguf"), load.model.c_str());
        QCOMPARE(app.window.preferences().current().model, toQString(load.model));
        QVERIFY(app.window.preferences().current().models.contains(toQString(load.model)));
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
    }

    void saysWhetherTheModelOrTheCachesAreTooLarge() {
        LoadPanel panel;
        panel.setModel(someFacts(), {}, MemoryOptions{.budget = 4096});
        panel.setFreeMemory(qint64{8} << 30);
        QCOMPARE(panel.verdict(), u"Fits."_s);
        panel.setFreeMemory(panel.estimate()->weights / 2);
        QVERIFY2(panel.verdict().startsWith(u"The model itself needs"_s), qPrintable(panel.verdict()));
        const LoadEstimate need = *panel.estimate();
        panel.setFreeMemory(need.weights + need.scratch + need.caches / 2);
        QVERIFY2(panel.verdict().startsWith(u"The model fits, but not with these caches"_s),
                 qPrintable(panel.verdict()));
        QVERIFY2(panel.verdict().contains(QLocale().toString(2048)), qPrintable(panel.verdict()));
    }

    void theLegendsSquaresFollowTheScale() {
        LoadPanel panel;
        const auto sides = [&panel] {
            QList<int> found;
            for (const QLabel* label : panel.findChildren<QLabel*>()) {
                if (const QPixmap square = label->pixmap(); !square.isNull()) found << square.width();
            }
            return found;
        };
        const auto restore = qScopeGuard([] { Theme::apply(ThemeChoice::kLight, 100); });
        panel.show();
        const int side = Theme::current().px(12);
        QCOMPARE(sides(), (QList<int>{side, side, side}));
        Theme::apply(ThemeChoice::kLight, 200);
        QTRY_COMPARE(sides(), (QList<int>{2 * side, 2 * side, 2 * side}));
    }

    void aChecksumRunsAsAJobAndIsShown() {
        WindowFixture app(folder_->path());
        ModelManager* manager = managerWith(app);
        QVERIFY(manager != nullptr);
        manager->checkChosen();
        QCOMPARE(app.window.jobs().jobs().size(), std::size_t{1});
        QTRY_VERIFY(manager->detailsText().contains(u"SHA-256: "_s));
        QVERIFY(app.window.jobs().jobs().empty());
    }

    void aRemovedModelIsInTheTrash() {
        WindowFixture app(folder_->path());
        ModelManager* manager = managerWith(app);
        QVERIFY(manager != nullptr);
        manager->removeChosen();
        if (manager->noticeText().contains(u"could not"_s)) QSKIP("this file system has no trash");
        QTRY_COMPARE(manager->models().rowCount(), 0);
        QVERIFY(!QFile::exists(folder_->path() + u"/models/tiny/tiny.gguf"_s));
    }

    void aFileThatIsNoModelIsRefusedInWords() {
        WindowFixture app(folder_->path());
        app.window.showModels();
        ModelManager* manager = app.window.modelManager();
        manager->addPlaces({u"/somewhere/notes.txt"_s});
        QCOMPARE(manager->noticeText(), u"No model files (*.gguf): notes.txt"_s);
        write(folder_->path() + u"/broken.gguf"_s, 64);
        QSignalSpy shown(manager, &ModelManager::detailsShown);
        manager->addPlaces({folder_->path() + u"/broken.gguf"_s});
        QVERIFY(shown.wait());
        QVERIFY2(manager->detailsText().startsWith(u"This file cannot be used."_s),
                 qPrintable(manager->detailsText()));
    }

    void downloadsAreOffUntilTheyAreAllowed() {
        WindowFixture app(folder_->path());
        app.window.showModels();
        ModelManager* manager = app.window.modelManager();
        QVERIFY(!app.window.preferences().current().allowsDownloads);
        QVERIFY(manager->askForDownload() == nullptr);
        auto* button = buttonOf(manager, u"Do&wnload…"_s);
        QVERIFY(button != nullptr && !button->isVisible());
        QVERIFY(hasText(manager, u"Downloads are off."_s));
        app.window.showSettings(SettingsSection::kGeneral);
        auto* allow = checkBoxOf(&app.window, u"&Allow downloads of models"_s);
        QVERIFY(allow != nullptr && !allow->isChecked());
        allow->click();
        QVERIFY(app.window.preferences().current().allowsDownloads);
        QVERIFY(button->isVisible());
        QVERIFY(!hasText(manager, u"Downloads are off."_s));
        allow->click();
        QVERIFY(!button->isVisible());
    }

    void saysBeforeWhatADownloadWillDo() {
        DownloadDialog dialog(folder_->path(), nullptr);
        QPushButton* button = buttonOf(&dialog, u"&Download"_s);
        QVERIFY(!button->isEnabled());
        const auto problemOf = [&](const QString& address) {
            dialog.addressField().setText(address);
            return dialog.wish() ? QString() : dialog.summaryText();
        };
        QVERIFY(problemOf(u"nothing"_s).contains(u"begins with https://"_s));
        QVERIFY(problemOf(u"http://example.org/m.gguf"_s).contains(u"only https"_s));
        QVERIFY(problemOf(u"https://me:secret@example.org/m.gguf"_s).contains(u"password"_s));
        QVERIFY(problemOf(u"https://example.org/..%2f..%2fetc"_s).contains(u"another folder"_s));
        QVERIFY(problemOf(u"https://example.org/page"_s).contains(u"does not end in .gguf"_s));
        QVERIFY(!button->isEnabled());
        QCOMPARE(problemOf(u"  https://bücher.example/a/m%20x.gguf?download=true#top \n"_s), QString());
        QVERIFY(button->isEnabled());
        QVERIFY2(dialog.summaryText().startsWith(
                     u"Connects to xn--bcher-kva.example and stores m_x.gguf in "_s + folder_->path()),
                 qPrintable(dialog.summaryText()));
        QVERIFY(dialog.summaryText().contains(u"Without a SHA-256"_s));
        QCOMPARE(dialog.wish()->name, u"m_x.gguf"_s);
        QCOMPARE(dialog.nameField().placeholderText(), u"m_x.gguf"_s);
        dialog.checksumField().setText(u"abc"_s);
        QVERIFY(dialog.summaryText().contains(u"has 3 characters"_s));
        dialog.checksumField().setText(u" "_s + QString(64, u'A'));
        QCOMPARE(dialog.wish()->sha256, QString(64, u'a'));
        QVERIFY(!dialog.summaryText().contains(u"Without a SHA-256"_s));
        dialog.nameField().setText(u"../up.gguf"_s);
        QVERIFY(!dialog.wish());
        dialog.nameField().setText(u"mine.gguf"_s);
        QCOMPARE(dialog.wish()->name, u"mine.gguf"_s);
        write(folder_->path() + u"/mine.gguf.part"_s, 2000);
        dialog.nameField().setText(u"mine.ggu"_s);
        dialog.nameField().setText(u"mine.gguf"_s);
        QVERIFY(dialog.summaryText().contains(u"are there from before"_s));
        write(folder_->path() + u"/mine.gguf"_s, 1);
        dialog.nameField().setText(u"mine.ggu"_s);
        dialog.nameField().setText(u"mine.gguf"_s);
        QVERIFY(dialog.summaryText().contains(u"among your models already"_s));
    }

    void aDownloadRunsAsAJobAndItsModelIsChosen() {
        // Stands for the program: it says what the program says, and what it was called with.
        const QString tool = playedTool(
            "read -r URL; printf '%s\\n' \"$@\" \"$URL\" > \"$FOLDER/arguments\"\n"
            "echo "
            "'{\"progress\":{\"phase\":\"downloading\",\"done\":500,\"total\":1000,\"per_second\":100}}'\n"
            "while [ ! -e \"$FOLDER/go\" ]; do sleep 0.02; done\n"
            "mkdir -p \"$2\" && printf GGUF > \"$2/$4\"\n"
            "echo '{\"done\":{\"file\":\"'$2/$4'\",\"bytes\":4,\"sha256\":\"abc\"}}'\n");
        WindowFixture app(folder_->path(), {}, {.command = {tool}});
        ModelManager* manager = managerThatDownloads(app);
        DownloadDialog* dialog = manager->askForDownload();
        QVERIFY(dialog != nullptr);
        dialog->addressField().setText(u"https://example.org/got.gguf?a=b"_s);
        QSignalSpy ended(manager, &ModelManager::downloadEnded);
        buttonOf(dialog, u"&Download"_s)->click();
        QTRY_VERIFY(!app.window.jobs().jobs().empty() && app.window.jobs().jobs().front().progress);
        const JobBoard::Job job = app.window.jobs().jobs().front();
        QCOMPARE(job.title, u"Download of got.gguf"_s);
        QCOMPARE(progressText(*job.progress), u"Downloading · 500 bytes of 1,000 bytes"_s);
        QCOMPARE(rateText(*job.progress), u"100 bytes/s · about 5 s left"_s);
        write(folder_->path() + u"/go"_s, 1);
        QVERIFY(ended.wait());
        QCOMPARE(manager->noticeText(), u"got.gguf (4 bytes) was fetched. Its SHA-256, to compare: abc"_s);
        QVERIFY(app.window.jobs().jobs().empty());
        const QString models = home_->path() + u"/epichat/models"_s;
        QTRY_VERIFY(manager->models().rowOf(models + u"/got.gguf"_s) >= 0);
        QTRY_VERIFY(manager->detailsText().startsWith(u"This file cannot be used."_s));
        QFile arguments(folder_->path() + u"/arguments"_s);
        QVERIFY(arguments.open(QIODevice::ReadOnly));
        QCOMPARE(arguments.readAll().split('\n'),
                 (QList<QByteArray>{"--to",
                                    models.toUtf8(),
                                    "--name",
                                    "got.gguf",
                                    "--json-progress",
                                    "-",
                                    "https://example.org/got.gguf?a=b",
                                    ""}));
        QVERIFY(QFile::remove(models + u"/got.gguf"_s));
    }

    void aDownloadIsStoppedByItsJob() {
        const QString tool = playedTool(
            "trap 'echo "
            "\"{\\\"error\\\":{\\\"code\\\":\\\"cancelled\\\",\\\"message\\\":\\\"cancelled\\\"}}\"; "
            "exit 130' TERM\n"
            "echo '{\"progress\":{\"phase\":\"downloading\",\"done\":1,\"total\":2}}'\n"
            "while :; do sleep 0.02; done\n");
        WindowFixture app(folder_->path(), {}, {.command = {tool}});
        ModelManager* manager = managerThatDownloads(app);
        QSignalSpy ended(manager, &ModelManager::downloadEnded);
        manager->download(wish());
        QTRY_VERIFY(!app.window.jobs().jobs().empty() && app.window.jobs().jobs().front().progress);
        manager->close();
        app.window.jobs().jobs().front().cancel();
        QVERIFY(ended.wait());
        QVERIFY2(manager->noticeText().startsWith(u"The download of got.gguf was stopped."_s),
                 qPrintable(manager->noticeText()));
        QCOMPARE(app.window.notice().text(), manager->noticeText());  // where the manager is closed
        QVERIFY(app.window.jobs().jobs().empty());
    }

    void aDownloadThatFailsSaysWhy_data() {
        QTest::addColumn<QByteArray>("script");
        QTest::addColumn<QString>("text");
        QTest::newRow("an error")
            << QByteArray(
                   "echo '{\"error\":{\"code\":\"not_found\",\"message\":\"no <b>such</b> "
                   "file\"}}'; exit 3")
            << u"got.gguf was not fetched: no <b>such</b> file."_s;
        QTest::newRow("it dies") << QByteArray("echo words >&2; kill -KILL $$")
                                 << u"got.gguf was not fetched: the download "
                                    "program stopped: signal 9 (killed): words."_s;
        QTest::newRow("it says nothing") << QByteArray("exit 0")
                                         << u"got.gguf was not fetched: the "
                                            "download program stopped: exit code 0."_s;
        QTest::newRow("it babbles") << QByteArray(
                                           "echo no json; head -c 200000 /dev/zero | tr '\\0' x; exit 1")
                                    << u"got.gguf was not fetched: the download "
                                       "program stopped: exit code 1."_s;
    }
    void aDownloadThatFailsSaysWhy() {
        QFETCH(QByteArray, script);
        WindowFixture app(folder_->path(), {}, {.command = {playedTool(script)}});
        ModelManager* manager = managerThatDownloads(app);
        QSignalSpy ended(manager, &ModelManager::downloadEnded);
        manager->download(wish());
        QVERIFY(ended.wait());
        QTEST(manager->noticeText(), "text");
        QVERIFY(app.window.jobs().jobs().empty());
    }

    void aMissingProgramIsReported() {
        WindowFixture app(folder_->path(), {}, {.command = {u"/no/such/program"_s}});
        ModelManager* manager = managerThatDownloads(app);
        QSignalSpy ended(manager, &ModelManager::downloadEnded);
        manager->download(wish());
        QVERIFY(ended.wait());
        QVERIFY2(manager->noticeText().contains(u"/no/such/program"_s), qPrintable(manager->noticeText()));
    }

    void closingTheWindowEndsItsDownloads() {
        const QString tool = playedTool("echo $$ > \"$FOLDER/pid\"; exec sleep 1000\n");
        {
            WindowFixture app(folder_->path(), {}, {.command = {tool}});
            managerThatDownloads(app)->download(wish());
            QTRY_VERIFY(QFile(folder_->path() + u"/pid"_s).size() > 0);
        }
        QFile file(folder_->path() + u"/pid"_s);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(::kill(file.readAll().trimmed().toInt(), 0), -1);
    }

    void quittingAsksWhileSomethingIsFetched() {
        WindowFixture app(folder_->path(), {}, {.command = {playedTool("exec sleep 1000\n")}});
        managerThatDownloads(app)->download(wish());
        QVERIFY(!app.window.close());
        auto* question = app.window.findChild<QMessageBox*>();
        QVERIFY(question != nullptr);
        QCOMPARE(question->text(), u"A model is being downloaded."_s);
        buttonOf(question, u"&Stop and quit"_s)->click();
        QVERIFY(!app.window.isVisible());
    }

    void theChatSurvivesAnotherModel() {
        WindowFixture app(folder_->path());
        QVERIFY(app.ask(u"What is the answer?"_s));
        ModelManager* manager = managerWith(app);
        QVERIFY(manager != nullptr);
        Q_EMIT
        manager->loadRequested(u"another"_s);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        QCOMPARE(app.messages().rowCount(), 2);
        QCOMPARE(app.lastMessage().text, u"The answer is forty-two."_s);
    }

    void aModelThatCannotBeLoadedLeavesTheOneBefore() {
        WindowFixture app(folder_->path());
        app.window.showModels();
        // While the first is still being loaded, or after it: the engine has it either way.
        for (int i = 0; i < 2; ++i) {
            QSignalSpy failed(&app.client, &EngineClient::modelFailed);
            Q_EMIT
            app.window.modelManager()->loadRequested(QString::fromLatin1(kDamagedModel));
            QVERIFY(failed.wait());
            QCOMPARE(app.client.state(), EngineClient::State::kReady);
            QVERIFY(app.client.model().has_value());
            QVERIFY2(app.window.notice().text().startsWith(u"The model was not loaded"_s),
                     qPrintable(app.window.notice().text()));
            // Neither a restart of the engine nor one of the program tries it again.
            QCOMPARE(app.window.preferences().current().model, QString());
        }
        QSignalSpy greeted(&app.client, &EngineClient::greeted);
        app.engine->crash("killed", true);
        QVERIFY(greeted.wait());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        QVERIFY(app.ask(u"What is the answer?"_s));
        QCOMPARE(app.lastMessage().state, MessageState::kComplete);
    }

    void jobsShowTheirProgressAndCanBeCancelled() {
        JobBoard board;
        QWidget window;
        JobsPopover popover(board, &window);
        bool isCancelled = false;
        const int first = board.begin(u"First"_s, [&] { isCancelled = true; });
        const int second = board.begin(u"Second"_s);
        QCOMPARE(popover.rows().size(), std::size_t{2});
        board.advance(first, Progress{.phase = "reading", .done = 5, .total = 10, .unit = "tokens"});
        QVERIFY(popover.rows()[0]->text().startsWith(u"First · "_s));
        for (auto* button : popover.rows()[0]->findChildren<QPushButton*>())
            button->click();
        QVERIFY(isCancelled);
        QVERIFY(popover.rows()[1]->findChild<QPushButton*>()->isHidden());
        board.end(first);
        board.end(second);
        board.end(second);
        QVERIFY(popover.rows().empty());
        board.advance(first, {});
    }

    void theFirstStepsLeadUntilThereIsAModelAndAChat() {
        FakeScript script;
        script.hasModel = false;
        WindowFixture app(folder_->path(), script);
        QTRY_COMPARE(app.client.state(), EngineClient::State::kNoModel);
        FirstSteps& steps = app.window.firstSteps();
        QCOMPARE(steps.titleText(), u"Welcome to EpiChat"_s);
        QVERIFY(steps.isVisible());
        bool isAsked = false;
        for (auto* button : steps.findChildren<QPushButton*>()) {
            if (button->text() != u"&Models…"_s) continue;
            button->click();
            isAsked = true;
        }
        QVERIFY(isAsked && app.window.modelManager() != nullptr && app.window.modelManager()->isVisible());
    }

private:
    std::unique_ptr<QTemporaryDir> home_;
};

QTEST_MAIN(TestModelManager)
#include "tst_model_manager.moc"
