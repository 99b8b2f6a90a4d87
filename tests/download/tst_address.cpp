#include <QtTest>

#include "core/download/address.h"

using namespace epi;

class TestAddress : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void onlyHttpsIsFetchedAndHttpFromThisComputer_data() {
        QTest::addColumn<std::string>("scheme");
        QTest::addColumn<std::string>("host");
        QTest::addColumn<bool>("isAllowed");
        const auto row = [](const char* scheme, const char* host, bool isAllowed) {
            QTest::addRow("%s %s", scheme, host) << std::string(scheme) << std::string(host) << isAllowed;
        };
        row("https", "example.org", true);
        row("https", "127.0.0.1", true);
        row("http", "127.0.0.1", true);
        row("http", "127.9.9.9", true);
        row("http", "localhost", true);
        row("http", "[::1]", true);
        row("http", "example.org", false);
        row("http", "127.example.org", false);
        row("http", "localhost.example.org", false);
        row("http", "10.0.0.1", false);
        row("http", "[::2]", false);
        row("ftp", "localhost", false);
        row("file", "localhost", false);
        row("", "example.org", false);
        row("https", "", false);
    }
    void onlyHttpsIsFetchedAndHttpFromThisComputer() {
        QFETCH(std::string, scheme);
        QFETCH(std::string, host);
        const auto checked = checkAddress({.scheme = scheme, .host = host, .path = "/m.gguf"});
        QTEST(checked.has_value(), "isAllowed");
        if (!checked) QCOMPARE(checked.error().code, ErrorCode::kInvalidArgument);
    }

    void noPasswordIsTaken() {
        const auto checked =
            checkAddress({.scheme = "https", .host = "example.org", .path = "/m.gguf", .hasUser = true});
        QVERIFY(!checked);
        QVERIFY(checked.error().message.find("password") != std::string::npos);
    }

    void noRedirectLeadsFromTheNetworkToThisComputer() {
        const AddressParts far{.scheme = "https", .host = "example.org", .path = "/"};
        const AddressParts other{.scheme = "https", .host = "cdn.example.org", .path = "/"};
        const AddressParts plain{.scheme = "http", .host = "cdn.example.org", .path = "/"};
        const AddressParts own{.scheme = "http", .host = "127.0.0.1", .path = "/"};
        const AddressParts ownSafe{.scheme = "https", .host = "localhost", .path = "/"};
        QVERIFY(checkRedirect(far, other));
        QVERIFY(!checkRedirect(far, plain));
        QVERIFY(!checkRedirect(far, own));
        QVERIFY(!checkRedirect(far, ownSafe));
        QVERIFY(checkRedirect(own, ownSafe));
        QVERIFY(checkRedirect(own, far));
        QVERIFY(!checkRedirect(own, plain));
    }

    void theNameIsTheLastSegmentMadeHarmless_data() {
        QTest::addColumn<std::string>("path");
        QTest::addColumn<std::string>("name");  // empty: refused
        const auto row = [](const char* path, const char* name) {
            QTest::addRow("%s", path) << std::string(path) << std::string(name);
        };
        row("/a/b/Qwen2.5-0.5B_q4+k.gguf", "Qwen2.5-0.5B_q4+k.gguf");
        row("/UPPER.GGUF", "UPPER.GGUF");
        row("/with%20space.gguf", "with_space.gguf");
        row("/100%.gguf", "100_.gguf");
        row("/%zz.gguf", "_zz.gguf");
        row("/%C3%A9.gguf", "__.gguf");
        row("/%E2%80%AEfugg.gguf", "___fugg.gguf");
        row("/$(reboot);'\".gguf", "__reboot____.gguf");
        row("/a%2fb.gguf", "");
        row("/..%2f..%2fetc", "");
        row("/..%5c..%5cm.gguf", "");
        row("/m.gguf%00", "");
        row("/%2e%2e", "");
        row("/.hidden.gguf", "");
        row("/.gguf", "");
        row("/-rf.gguf", "");
        row("/m.safetensors", "");
        row("/m.gguf.exe", "");
        row("/folder/", "");
        row("", "");
    }
    void theNameIsTheLastSegmentMadeHarmless() {
        QFETCH(std::string, path);
        const auto name = modelFileNameOf(path);
        QTEST(name ? *name : std::string(), "name");
        if (!name) QCOMPARE(name.error().code, ErrorCode::kInvalidArgument);
    }

    void aNameThatIsTooLongIsRefused() {
        QVERIFY(checkedModelFileName(std::string(195, 'x') + ".gguf"));
        const auto name = checkedModelFileName(std::string(196, 'x') + ".gguf");
        QVERIFY(!name);
        QVERIFY2(name.error().message.find("201 bytes") != std::string::npos, name.error().message.c_str());
    }
};

QTEST_GUILESS_MAIN(TestAddress)
#include "tst_address.moc"
