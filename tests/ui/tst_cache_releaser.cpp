// What the window has removed of chats that were deleted for ever.

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <QTemporaryDir>
#include <QtTest>

#include "core/base/paths.h"
#include "core/format/cache_key.h"
#include "tests/ui/window_fixture.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

class TestCacheReleaser : public QObject {
    Q_OBJECT

private:
    /// A chat in the database, and a file of its memory; the key of both.
    std::string addChat(Store& store) {
        const std::int64_t id = *store.createConversation({});
        const std::string key = conversationKey(store.conversation(id)->uid);
        fs::create_directories(paths::episodeCaches());
        std::ofstream(fileOf(key)) << "what was said";
        return key;
    }
    static fs::path fileOf(const std::string& key) {
        return paths::episodeCaches() / (key + std::string(48, '0') + ".memory");
    }
    [[nodiscard]] fs::path database() const { return folder_->path().toStdString() + "/epichat.db"; }
    /// All keys the engine was told.
    static std::vector<std::string> released(const test::WindowFixture& app) {
        std::vector<std::string> keys;
        for (const Command& command : app.engine->posted()) {
            if (const auto* release = std::get_if<Release>(&command))
                keys.insert(keys.end(), release->keys.begin(), release->keys.end());
        }
        return keys;
    }
    static std::vector<std::string> pending(StoreClient& store) {
        const auto keys = store.runAndWait([](Store& opened) { return opened.releasedCaches(); });
        return keys ? *keys : std::vector<std::string>{"?"};
    }

    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void init() {
        folder_ = std::make_unique<QTemporaryDir>();
        qputenv("XDG_CACHE_HOME", folder_->path().toUtf8());
    }

    void removesTheCachesOfAChatThatIsDeleted() {
        std::string deleted;
        std::string kept;
        {
            auto store = Store::open(database());
            QVERIFY(store);
            deleted = addChat(*store);
            kept = addChat(*store);
        }
        test::WindowFixture app(folder_->path());
        QTRY_COMPARE(app.client.state(), EngineClient::State::kReady);
        app.store.write([](Store& store) { return store.deleteConversation(1); });
        Q_EMIT
        app.window.conversations().deleted(1);
        QTRY_COMPARE(released(app), std::vector{deleted});
        QVERIFY(!fs::exists(fileOf(deleted)));
        QVERIFY(fs::exists(fileOf(kept)));
        QTRY_VERIFY(pending(app.store).empty());
    }

    void removesThemAtTheNextStartAndTellsTheEngine() {
        std::string deleted;
        {
            auto store = Store::open(database());
            QVERIFY(store);
            deleted = addChat(*store);
            QVERIFY(store->deleteConversation(1));
        }
        test::WindowFixture app(folder_->path());
        QTRY_VERIFY(!fs::exists(fileOf(deleted)));
        QTRY_COMPARE(released(app), std::vector{deleted});
        QTRY_VERIFY(pending(app.store).empty());
    }
};

}  // namespace
}  // namespace epi

QTEST_MAIN(epi::TestCacheReleaser)
#include "tst_cache_releaser.moc"
