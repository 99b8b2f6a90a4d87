#include <array>

#include <QFile>
#include <QtTest>

#include "storage/migrations.h"
#include "storage/store.h"
#include "tests/storage/raw_sqlite.h"

using namespace epi;
using test::databaseIn;

namespace {

constexpr std::array kTwoSteps{
    Migration{
        1, "CREATE TABLE a (x INTEGER) STRICT; PRAGMA application_id = 1162889539; PRAGMA user_version = 1;"},
    Migration{2,
              "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO missing VALUES (1); PRAGMA user_version = 2;"},
};

QByteArray bytesOf(const std::filesystem::path& file) {
    QFile opened(QString::fromStdString(file.string()));
    return opened.open(QIODevice::ReadOnly) ? opened.readAll() : QByteArray();
}

}  // namespace

class TestMigrations : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void schemaFilesAreNumberedWithoutGaps() {
        std::int64_t expected = 0;
        for (const Migration& migration : allMigrations()) {
            QCOMPARE(migration.version, ++expected);
        }
        QVERIFY(expected > 0);
    }

    void makesTheSchemaFromNothing() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        test::RawSqlite raw(databaseIn(*folder_));
        QCOMPARE(raw.text("PRAGMA user_version").toLongLong(), allMigrations().back().version);
        QCOMPARE(raw.text("PRAGMA journal_mode"), QString("wal"));
        QCOMPARE(raw.text("PRAGMA integrity_check"), QString("ok"));
        QCOMPARE(raw.text("SELECT group_concat(name, ' ') FROM (SELECT name FROM pragma_table_list "
                          "WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name)"),
                 QString("answers conversations episodes folders messages pins questions released_caches "
                         "runs settings tags"));
        QCOMPARE(raw.text("SELECT group_concat(name, ' ') FROM (SELECT name FROM pragma_table_list "
                          "WHERE type = 'virtual' ORDER BY name)"),
                 QString("message_stems message_words title_words"));
        QCOMPARE(raw.text("SELECT count(*) FROM pragma_table_list WHERE type = 'table' "
                          "AND name NOT LIKE 'sqlite%' AND strict = 0"),
                 QString("0"));
    }

    void keepsTheSchemaWhenOpenedAgain() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        const QString before = test::RawSqlite(databaseIn(*folder_)).text("PRAGMA schema_version");
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        QCOMPARE(test::RawSqlite(databaseIn(*folder_)).text("PRAGMA schema_version"), before);
    }

    void releasesTheCachesOfEarlierNames() {
        const std::string key(64, 'a');
        {
            auto store = Store::open(databaseIn(*folder_));
            QVERIFY(store);
            const std::int64_t conversation = *store->createConversation({});
            const std::vector<EpisodeRecord> episodes{{.index = 0, .cacheKey = key + "-0"},
                                                      {.index = 1, .cacheKey = key + "-1"}};
            QVERIFY(store->saveEpisodes(conversation, episodes, {.tokens = 100}));
        }
        QVERIFY(test::RawSqlite(databaseIn(*folder_))
                    .execute("DROP TABLE released_caches; ALTER TABLE conversations DROP COLUMN "
                             "memory_last_message; PRAGMA user_version = 8"));
        auto store = Store::open(databaseIn(*folder_));
        QVERIFY(store);
        QCOMPARE(*store->releasedCaches(), std::vector{key});
    }

    void rollsBackAStepThatFails() {
        auto database = Database::open(databaseIn(*folder_), Database::Access::kReadWrite);
        QVERIFY(database);
        const auto migrated = migrate(*database, kTwoSteps);
        QVERIFY(!migrated);
        QVERIFY2(test::messageOf(migrated.error()).contains("missing"), migrated.error().message.c_str());
        const auto version = database->integer("PRAGMA user_version");
        QVERIFY(version);
        QCOMPARE(*version, std::int64_t{1});
        const auto tables = database->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'b'");
        QVERIFY(tables);
        QCOMPARE(*tables, std::int64_t{0});
    }

    void refusesANewerSchemaAndChangesNothing() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("PRAGMA user_version = 99"));
        const QByteArray before = bytesOf(databaseIn(*folder_));
        const auto store = Store::open(databaseIn(*folder_));
        QVERIFY(!store);
        QCOMPARE(store.error().code, ErrorCode::kUnsupported);
        QVERIFY2(test::messageOf(store.error()).contains("99"), store.error().message.c_str());
        QVERIFY(bytesOf(databaseIn(*folder_)) == before);
    }

    void refusesTheDatabaseOfAnotherProgramAndChangesNothing() {
        QVERIFY(test::RawSqlite(databaseIn(*folder_)).execute("CREATE TABLE theirs (x)"));
        const QByteArray before = bytesOf(databaseIn(*folder_));
        const auto store = Store::open(databaseIn(*folder_));
        QVERIFY(!store);
        QCOMPARE(store.error().code, ErrorCode::kUnsupported);
        QVERIFY(bytesOf(databaseIn(*folder_)) == before);
    }

    void namesAFileThatIsNoDatabaseAndKeepsIt() {
        const QByteArray garbage(8192, 'x');
        QFile file(QString::fromStdString(databaseIn(*folder_).string()));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(garbage) == garbage.size());
        file.close();
        const auto store = Store::open(databaseIn(*folder_));
        QVERIFY(!store);
        QCOMPARE(store.error().code, ErrorCode::kCorruptData);
        QVERIFY2(test::messageOf(store.error()).contains("epichat.db"), store.error().message.c_str());
        QVERIFY(bytesOf(databaseIn(*folder_)) == garbage);
    }

    void namesATruncatedDatabaseAndKeepsIt() {
        { QVERIFY(Store::open(databaseIn(*folder_))); }
        QFile file(QString::fromStdString(databaseIn(*folder_).string()));
        const qint64 half = file.size() / 2 / 4096 * 4096;
        QVERIFY(file.resize(half));
        const auto store = Store::open(databaseIn(*folder_));
        QVERIFY(!store);
        QCOMPARE(store.error().code, ErrorCode::kCorruptData);
        QVERIFY2(test::messageOf(store.error()).contains("epichat.db"), store.error().message.c_str());
        QCOMPARE(file.size(), half);
    }

private:
    std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestMigrations)
#include "tst_migrations.moc"
