// What describeModel says about good and about damaged metadata.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/format/gguf.h"
#include "core/model/architecture.h"
#include "tests/support/check_result.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

using test::TinyModel;

constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kFloat32 = 6;
constexpr std::uint32_t kString = 8;

class TestArchitecture : public QObject {
    Q_OBJECT

    Result<ModelSpec> describe(const TinyModel& model) {
        EPI_TRY_ASSIGN(const GgufFile file,
                       GgufFile::open(test::writeTinyModel(folder_.path().toStdString(), model)));
        return describeModel(file);
    }
    /// A key written as this number must be refused by name.
    void refuses(const std::string& architecture, const TinyModel::Key& key) {
        TinyModel model{.architecture = architecture, .otherKeys = {key}};
        const auto spec = describe(model);
        QVERIFY2(!spec, (key.name + " was accepted").c_str());
        QVERIFY2(spec.error().code == ErrorCode::kCorruptData || spec.error().code == ErrorCode::kUnsupported,
                 test::why(spec));
        QVERIFY2(spec.error().message.find(key.name) != std::string::npos, test::why(spec));
    }

    QTemporaryDir folder_;

private Q_SLOTS:
    void listsEveryFileOfTheFolder() {
        std::vector<std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(EPI_SOURCE_DIR) /
                                                                     "core/model/architectures")) {
            if (entry.path().extension() == ".cpp") files.push_back(entry.path().stem().string());
        }
        std::vector<std::string> listed;
        for (const Architecture* architecture : allArchitectures()) {
            listed.emplace_back(architecture->id);
            QVERIFY(!architecture->summary.empty());
        }
        std::ranges::sort(files);
        std::ranges::sort(listed);
        QVERIFY(!files.empty());
        QCOMPARE(listed, files);
    }

    void namesTheKnownOnesWhenItMeetsAnother() {
        TinyModel model;
        model.architecture = "mamba";
        const auto spec = describe(model);
        QVERIFY(test::failsWith(spec, ErrorCode::kUnsupported));
        QVERIFY(spec.error().message.find("'mamba'") != std::string::npos);
        for (const Architecture* architecture : allArchitectures()) {
            QVERIFY2(spec.error().message.find(architecture->id) != std::string::npos, test::why(spec));
        }
    }

    void describesALlama() {
        const auto spec = describe({});
        QVERIFY2(spec, test::why(spec));
        QCOMPARE(spec->architecture, std::string("llama"));
        QCOMPARE(spec->layers.size(), std::size_t{2});
        QCOMPARE(spec->output.weight, spec->embedding);
        const AttentionSpec& attention = spec->layers[1].attention;
        QCOMPARE(attention.query.weight, std::string("blk.1.attn_q.weight"));
        QVERIFY(attention.query.bias.empty());
        QCOMPARE(attention.heads, 4);
        QCOMPARE(attention.kvHeads, 2);
        QCOMPARE(attention.headDim, 8);
        QVERIFY(attention.rotary.pairing == RotarySpec::Pairing::kNeighbours);
        QVERIFY(!attention.window);
    }

    void describesAQwen2() {
        const auto spec = describe({.architecture = "qwen2"});
        QVERIFY2(spec, test::why(spec));
        const AttentionSpec& attention = spec->layers[0].attention;
        QCOMPARE(attention.query.bias, std::string("blk.0.attn_q.bias"));
        QCOMPARE(attention.key.bias, std::string("blk.0.attn_k.bias"));
        QCOMPARE(attention.value.bias, std::string("blk.0.attn_v.bias"));
        QVERIFY(attention.output.bias.empty());
        QVERIFY(attention.rotary.pairing == RotarySpec::Pairing::kHalves);
    }

    void describesAQwen3() {
        const auto spec = describe({.architecture = "qwen3"});
        QVERIFY2(spec, test::why(spec));
        const AttentionSpec& attention = spec->layers[1].attention;
        QVERIFY(attention.queryNorm && attention.keyNorm && !attention.outputNorm);
        QCOMPARE(attention.queryNorm->weight, std::string("blk.1.attn_q_norm.weight"));
        QVERIFY(attention.query.bias.empty());
        QVERIFY(attention.rotary.pairing == RotarySpec::Pairing::kHalves);
    }

    void givesGemma3AWindowInFiveLayersOfSix() {
        const auto spec = describe({.architecture = "gemma3", .layers = 12});
        QVERIFY2(spec, test::why(spec));
        for (std::size_t index = 0; index < spec->layers.size(); ++index) {
            const AttentionSpec& attention = spec->layers[index].attention;
            const bool isGlobal = index == 5 || index == 11;
            QCOMPARE(attention.window.has_value(), !isGlobal);
            QCOMPARE(attention.window.value_or(24), 24);
            QVERIFY(attention.queryNorm && attention.keyNorm && attention.outputNorm);
            QVERIFY(spec->layers[index].feedForward.activation == FeedForwardSpec::Activation::kGeluTanh);
        }
    }

    void scalesTheQueriesOfTheLargestGemma3ByAnotherLength_data() {
        QTest::addColumn<int>("layers");
        QTest::addColumn<double>("length");
        QTest::newRow("4B") << 34 << 16.0;
        QTest::newRow("12B") << 48 << 16.0;
        QTest::newRow("27B") << 62 << 12.0;  // dimension / heads
    }
    void scalesTheQueriesOfTheLargestGemma3ByAnotherLength() {
        QFETCH(int, layers);
        QFETCH(double, length);
        TinyModel model{.architecture = "gemma3", .layers = layers, .dimension = 48};
        model.otherKeys = {{"gemma3.attention.key_length", kUint32, test::bytesOf(std::uint32_t{16})},
                           {"gemma3.attention.value_length", kUint32, test::bytesOf(std::uint32_t{16})}};
        model.edit = [](const std::string&, auto&, auto&) {
            return false;
        };
        const auto spec = describe(model);
        QVERIFY2(spec, test::why(spec));
        for (const LayerSpec& layer : spec->layers) {
            QCOMPARE(layer.attention.headDim, 16);
            QCOMPARE(layer.attention.scale, 1.0 / std::sqrt(length));
        }
    }

    void readsLlama3RotaryScaling() {
        TinyModel model;
        model.otherKeys = {{"llama.rope.scaling.type", kString, test::ggufString("llama3")},
                           {"llama.rope.scaling.factor", kFloat32, test::bytesOf(32.0F)}};
        const auto spec = describe(model);
        QVERIFY2(spec, test::why(spec));
        QVERIFY(spec->layers[0].attention.rotary.llama3.has_value());
        QCOMPARE(spec->layers[0].attention.rotary.llama3->factor, 32.0);
    }

    void refusesARotaryScalingItDoesNotKnow() {
        TinyModel model;
        model.otherKeys = {{"llama.rope.scaling.type", kString, test::ggufString("yarn")}};
        const auto spec = describe(model);
        QVERIFY(test::failsWith(spec, ErrorCode::kUnsupported));
        QVERIFY(spec.error().message.find("llama.rope.scaling.type") != std::string::npos);
        QVERIFY(spec.error().message.find("yarn") != std::string::npos);
    }

    void refusesCountsOutOfRangeByName_data() {
        QTest::addColumn<std::string>("architecture");
        QTest::addColumn<std::string>("key");
        for (const char* architecture : {"llama", "qwen2", "qwen3", "gemma3"}) {
            for (const char* key : {"block_count",
                                    "embedding_length",
                                    "attention.head_count",
                                    "attention.head_count_kv",
                                    "attention.key_length",
                                    "context_length"}) {
                QTest::addRow("%s.%s", architecture, key) << std::string(architecture) << std::string(key);
            }
        }
        QTest::newRow("gemma3.attention.sliding_window")
            << std::string("gemma3") << std::string("attention.sliding_window");
        QTest::newRow("llama.rope.dimension_count")
            << std::string("llama") << std::string("rope.dimension_count");
    }
    void refusesCountsOutOfRangeByName() {
        QFETCH(std::string, architecture);
        QFETCH(std::string, key);
        const std::string name = architecture + "." + key;
        for (const std::int32_t value : {0, -1, 1'000'000'000, std::numeric_limits<std::int32_t>::max()}) {
            refuses(architecture, {name, kInt32, test::bytesOf(value)});
            if (QTest::currentTestFailed()) return;
        }
        refuses(architecture, {name, kUint32, test::bytesOf(std::numeric_limits<std::uint32_t>::max())});
        refuses(architecture, {name, kString, test::ggufString("2")});
    }

    void refusesNumbersThatAreNotPositiveByName_data() {
        QTest::addColumn<std::string>("architecture");
        QTest::addColumn<std::string>("key");
        for (const char* architecture : {"llama", "qwen2", "qwen3", "gemma3"}) {
            for (const char* key : {"attention.layer_norm_rms_epsilon", "rope.freq_base"}) {
                QTest::addRow("%s.%s", architecture, key) << std::string(architecture) << std::string(key);
            }
        }
    }
    void refusesNumbersThatAreNotPositiveByName() {
        QFETCH(std::string, architecture);
        QFETCH(std::string, key);
        for (const float value :
             {0.0F, -1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
            refuses(architecture, {architecture + "." + key, kFloat32, test::bytesOf(value)});
            if (QTest::currentTestFailed()) return;
        }
    }

    void refusesScalingFactorsThatAreNotPositiveByName_data() {
        QTest::addColumn<std::string>("key");
        for (const char* key : {"factor", "low_freq_factor", "high_freq_factor", "original_context_length"}) {
            QTest::newRow(key) << "llama.rope.scaling." + std::string(key);
        }
    }
    void refusesScalingFactorsThatAreNotPositiveByName() {
        QFETCH(std::string, key);
        for (const float value : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN()}) {
            TinyModel model;
            model.otherKeys = {{"llama.rope.scaling.type", kString, test::ggufString("llama3")},
                               {key, kFloat32, test::bytesOf(value)}};
            const auto spec = describe(model);
            QVERIFY2(!spec, (key + " was accepted").c_str());
            QVERIFY2(spec.error().message.find(key) != std::string::npos, test::why(spec));
        }
    }

    void refusesHeadsThatDoNotGroup() {
        refuses("llama", {"llama.attention.head_count", kUint32, test::bytesOf(std::uint32_t{3})});
    }

    void refusesADimensionThatHeadsCannotShare() {
        refuses("llama", {"llama.embedding_length", kUint32, test::bytesOf(std::uint32_t{30})});
    }

    void namesAKeyThatIsMissing_data() {
        QTest::addColumn<std::string>("key");
        for (const char* key : {"block_count",
                                "embedding_length",
                                "attention.head_count",
                                "context_length",
                                "attention.layer_norm_rms_epsilon"}) {
            QTest::newRow(key) << "llama." + std::string(key);
        }
    }
    void namesAKeyThatIsMissing() {
        QFETCH(std::string, key);
        TinyModel model;
        model.leftOutKey = key;
        const auto spec = describe(model);
        QVERIFY2(!spec, (key + " was not missed").c_str());
        QVERIFY2(spec.error().message.find(key) != std::string::npos, test::why(spec));
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestArchitecture)
#include "tst_architecture.moc"
