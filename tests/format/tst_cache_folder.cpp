// What leaves a folder of caches, and when.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/format/cache_file.h"
#include "core/format/cache_folder.h"
#include "tests/support/check_result.h"

namespace epi {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFileBytes = 100;

class TestCacheFolder : public QObject {
    Q_OBJECT

private:
    static std::string key(char digit) { return std::string(64, digit); }
    [[nodiscard]] fs::path folder() const { return folder_->path().toStdString(); }
    /// Unused for so many days.
    void write(const std::string& name, int days) {
        std::ofstream(folder() / name) << std::string(kFileBytes, 'x');
        fs::last_write_time(folder() / name,
                            fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder()))
            names.push_back(entry.path().filename().string());
        std::ranges::sort(names);
        return names;
    }

    std::unique_ptr<QTemporaryDir> folder_;

private Q_SLOTS:
    void init() { folder_ = std::make_unique<QTemporaryDir>(); }

    void allFilesOfAMemoryCountAndGoTogether() {
        // Used last when any of its files was.
        write(key('a') + ".memory", 2);
        write(key('a') + "-0.kv", 9);
        write(key('b') + ".memory", 5);
        for (const char* suffix : {".groups", "-0.kv", "-0.grown", "-0.turns", "-0.part"})
            write(key('b') + suffix, 8);
        write(key('c') + ".passages", 1);
        write("notes.txt", 20);
        const auto fits = trimCacheFolder(folder(), 9 * kFileBytes);
        QVERIFY2(fits, test::why(fits));
        QCOMPARE(fits->files, std::int64_t{0});
        const auto removed = trimCacheFolder(folder(), 9 * kFileBytes - 1);
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(removed->files, std::int64_t{6});
        QCOMPARE(removed->bytes, 6 * kFileBytes);
        QCOMPARE(
            names(),
            (std::vector{
                key('a') + "-0.kv", key('a') + ".memory", key('c') + ".passages", std::string("notes.txt")}));
    }

    void whatIsInUseStays() {
        write(key('a') + ".memory", 5);
        write(key('b') + ".passages", 1);
        const auto removed = trimCacheFolder(folder(), 0, key('a'));
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(names(), std::vector{key('a') + ".memory"});
    }

    void ofAConversationThatGoesOnWhatIsOlderGoes_data() {
        QTest::addColumn<bool>("isMemoryKept");
        QTest::newRow("with its memory") << false;
        QTest::newRow("but its memory as it was built") << true;
    }
    void ofAConversationThatGoesOnWhatIsOlderGoes() {
        QFETCH(bool, isMemoryKept);
        const std::string memory = key('a').substr(0, 16) + std::string(48, 'b');
        const std::string other = key('a').substr(0, 16) + std::string(48, 'c');
        const auto writeCache = [&](const std::string& name, const nlohmann::json& notes) {
            QVERIFY(writeCacheFile(folder() / name, {.key = name, .metadata = {{"notes", notes}}}, {}));
            fs::last_write_time(folder() / name, fs::file_time_type::clock::now() - std::chrono::hours(24));
        };
        writeCache(memory + ".memory", {});
        writeCache(memory + "-0.kv", {{"boundary", 1}});
        const std::vector<std::string> asBuilt = names();
        writeCache(memory + "-1.kv", {{"copied_at", 1}});  // taken from another episode
        writeCache(memory + "-2.kv", {{"episode", 1}});    // of a later question
        for (const char* suffix : {".groups", "-0.grown", "-0.turns", "-0.part"})
            write(memory + suffix, 1);
        for (const char* suffix : {".memory", "-0.kv", ".passages"})
            write(other + suffix, 1);
        const std::vector<std::string> later{other + "-1.kv", key('d') + ".memory"};
        write(later[0], 0);  // written since
        write(later[1], 1);  // of another conversation
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        const std::int64_t time =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - std::chrono::hours(1)).count();
        const std::vector keys{outdatedKey(isMemoryKept ? memory : memory.substr(0, 16), time)};
        const auto removed = removeCaches(folder(), keys);
        QVERIFY2(removed, test::why(removed));
        std::vector<std::string> left = later;
        if (isMemoryKept) left.insert(left.end(), asBuilt.begin(), asBuilt.end());
        std::ranges::sort(left);
        QCOMPARE(names(), left);
        QCOMPARE(removed->files, isMemoryKept ? std::int64_t{9} : std::int64_t{11});
    }

    void refusesWhatIsNoKey_data() {
        QTest::addColumn<std::string>("key");
        for (const std::string& bad :
             {std::string("x"), std::string("+12"), key('a') + "+", key('a') + "+12x", key('a') + "+-1"})
            QTest::newRow(bad.c_str()) << bad;
    }
    void refusesWhatIsNoKey() {
        QFETCH(std::string, key);
        QVERIFY(test::failsWith(removeCaches(folder(), std::vector{key}), ErrorCode::kInvalidArgument));
    }

    void whatAKilledWriterLeftGoes() {
        write(".epichat-new", 0);
        write(".epichat-old", 2);
        const auto removed = trimCacheFolder(folder(), 1 << 20);
        QVERIFY2(removed, test::why(removed));
        QCOMPARE(names(), std::vector<std::string>{".epichat-new"});
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCacheFolder)
#include "tst_cache_folder.moc"
