#include <QAbstractItemModelTester>
#include <QDir>
#include <QLabel>
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
#include "ui/models/load_panel.h"
#include "ui/models/model_manager.h"

using namespace epi;
using namespace epi::test;
using namespace Qt::StringLiterals;

namespace {

template <typename T>
T last(const std::vector<Command>& commands) {
    T found;
    for (const Command& command : commands) {
        if (const T* match = std::get_if<T>(&command)) found = *match;
    }
    return found;
}

void write(const QString& path, qsizetype bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray(bytes, 'x'));
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

private Q_SLOTS:
    void initTestCase() {
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
        for (int i = 0; i < 4; ++i) {
            const QString path = root + u"/%1.kv"_s.arg(i);
            write(path, 100);
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadWrite));
            const QDateTime when = QDateTime::currentDateTime().addDays(i - 10);
            QVERIFY(file.setFileTime(when, QFileDevice::FileModificationTime));
            QVERIFY(file.setFileTime(when, QFileDevice::FileAccessTime));
        }
        write(root + u"/notes.txt"_s, 1000);
        QCOMPARE(folderUse(toUtf8(root)).bytes, std::int64_t{1400});
        const auto removed = trimCacheFolder(toUtf8(root), 250);
        QVERIFY(removed);
        QCOMPARE(removed->files, std::int64_t{2});
        QVERIFY(!QFile::exists(root + u"/0.kv"_s) && !QFile::exists(root + u"/1.kv"_s));
        QVERIFY(QFile::exists(root + u"/2.kv"_s) && QFile::exists(root + u"/notes.txt"_s));
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
