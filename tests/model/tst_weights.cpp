// What loading a model checks of its tensors.

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <QTemporaryDir>
#include <QtTest>

#include "core/model/architecture.h"
#include "core/model/language_model.h"
#include "core/model/weights.h"
#include "tests/support/check_result.h"
#include "tests/support/tiny_model.h"

namespace epi {
namespace {

using test::TinyModel;
using Values = std::vector<float>;
using Shape = std::vector<std::uint64_t>;
using Change = std::function<void(ModelSpec&)>;

class TestWeights : public QObject {
    Q_OBJECT

    Result<std::unique_ptr<LanguageModel>> load(const TinyModel& model, const CancelToken& cancel = {}) {
        return LanguageModel::load({.path = test::writeTinyModel(folder_.path().toStdString(), model),
                                    .device = DeviceChoice::kCpu,
                                    .cancel = cancel});
    }
    static TinyModel edited(const std::string& tensor, const std::function<bool(Shape&, Values&)>& edit) {
        TinyModel model;
        model.edit = [=](const std::string& name, Shape& shape, Values& values) {
            return name == tensor ? edit(shape, values) : true;
        };
        return model;
    }
    static void addTensors() {
        QTest::addColumn<std::string>("tensor");
        for (const char* tensor : {"token_embd.weight",
                                   "blk.0.attn_norm.weight",
                                   "blk.1.attn_q.weight",
                                   "blk.0.attn_k.weight",
                                   "blk.1.attn_output.weight",
                                   "blk.1.ffn_gate.weight",
                                   "blk.0.ffn_down.weight",
                                   "output_norm.weight"}) {
            QTest::newRow(tensor) << std::string(tensor);
        }
    }
    void refuses(const TinyModel& model, const std::string& tensor, const std::string& what) {
        const auto loaded = load(model);
        QVERIFY2(test::failsWith(loaded, ErrorCode::kCorruptData), test::why(loaded));
        QVERIFY2(loaded.error().message.find("'" + tensor + "'") != std::string::npos, test::why(loaded));
        QVERIFY2(loaded.error().message.find(what) != std::string::npos, test::why(loaded));
    }

    QTemporaryDir folder_;

private Q_SLOTS:
    void loadsEveryArchitecture_data() {
        QTest::addColumn<std::string>("architecture");
        for (const char* architecture : {"llama", "qwen2", "gemma3"})
            QTest::newRow(architecture) << std::string(architecture);
    }
    void loadsEveryArchitecture() {
        QFETCH(std::string, architecture);
        const auto loaded = load({.architecture = architecture, .layers = 6});
        QVERIFY2(loaded, test::why(loaded));
        QCOMPARE((*loaded)->info().architecture, architecture);
        QCOMPARE((*loaded)->info().layers, 6);
        QCOMPARE((*loaded)->info().kvHeads, 2);
    }

    void namesATensorThatIsMissing_data() { addTensors(); }
    void namesATensorThatIsMissing() {
        QFETCH(std::string, tensor);
        refuses(edited(tensor, [](Shape&, Values&) { return false; }), tensor, "missing");
    }

    void namesATensorOfAnotherShape_data() { addTensors(); }
    void namesATensorOfAnotherShape() {
        QFETCH(std::string, tensor);
        const auto halve = [](Shape& shape, Values& values) {
            shape.front() /= 2;
            values.resize(values.size() / 2);
            return true;
        };
        refuses(edited(tensor, halve), tensor, "shape");
    }

    void namesATensorWithTransposedShape() {
        const auto transpose = [](Shape& shape, Values&) {
            std::swap(shape[0], shape[1]);
            return true;
        };
        refuses(edited("blk.0.attn_k.weight", transpose), "blk.0.attn_k.weight", "[16, 32]");
    }

    void namesATensorThatHoldsWhatIsNoNumber_data() { addTensors(); }
    void namesATensorThatHoldsWhatIsNoNumber() {
        QFETCH(std::string, tensor);
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
            const auto spoil = [bad](Shape&, Values& values) {
                values.back() = bad;
                return true;
            };
            refuses(edited(tensor, spoil), tensor, "not finite");
        }
    }

    void givesEachContentItsOwnFingerprint() {
        const auto one = load({});
        const auto same = load({});
        const auto nudge = [](Shape&, Values& values) {
            values[5] += 1e-3F;
            return true;
        };
        const auto other = load(edited("blk.1.ffn_up.weight", nudge));
        const auto otherContext = load({.trainedContext = 512});
        QVERIFY(one && same && other && otherContext);
        QCOMPARE((*one)->info().fingerprint, (*same)->info().fingerprint);
        QVERIFY((*one)->info().fingerprint != (*other)->info().fingerprint);
        QVERIFY((*one)->info().fingerprint != (*otherContext)->info().fingerprint);
    }

    void givesEachWayToComputeItsOwnFingerprint_data() {
        QTest::addColumn<Change>("change");
        const auto row = [](const char* name, Change change) {
            QTest::newRow(name) << std::move(change);
        };
        row("the scale of queries", [](ModelSpec& spec) { spec.layers[1].attention.scale *= 1.15; });
        row("a window", [](ModelSpec& spec) { spec.layers[1].attention.window = 24; });
        row("the base of the rotation", [](ModelSpec& spec) { spec.layers[0].attention.rotary.base = 1e6; });
        row("the factor of positions",
            [](ModelSpec& spec) { spec.layers[0].attention.rotary.linearFactor = 8.0; });
        row("a rescaled rotation",
            [](ModelSpec& spec) { spec.layers[0].attention.rotary.llama3 = Llama3RotaryScaling(); });
        row("the pairs of the rotation",
            [](ModelSpec& spec) { spec.layers[1].attention.rotary.pairing = RotarySpec::Pairing::kHalves; });
        row("a norm", [](ModelSpec& spec) { spec.layers[0].feedForward.inputNorm.epsilon = 1e-6; });
        row("the activation", [](ModelSpec& spec) {
            spec.layers[0].feedForward.activation = FeedForwardSpec::Activation::kGeluTanh;
        });
        row("the scale of the embedding", [](ModelSpec& spec) { spec.embeddingScale = 2.0; });
        row("where a weight is used", [](ModelSpec& spec) {
            std::swap(spec.layers[0].attention.key.weight, spec.layers[0].attention.value.weight);
        });
    }
    void givesEachWayToComputeItsOwnFingerprint() {
        QFETCH(Change, change);
        const auto file = GgufFile::open(test::writeTinyModel(folder_.path().toStdString()));
        QVERIFY2(file, test::why(file));
        auto spec = describeModel(*file);
        QVERIFY2(spec, test::why(spec));
        const auto before = Weights::load(*file, *spec, {}, {}, {});
        const auto same = Weights::load(*file, *spec, {}, {}, {});
        change(*spec);
        const auto after = Weights::load(*file, *spec, {}, {}, {});
        QVERIFY2(before && same && after, test::why(after));
        QCOMPARE(same->fingerprint(), before->fingerprint());
        QVERIFY(after->fingerprint() != before->fingerprint());
    }

    void stopsWhenItIsCancelled() {
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY(test::failsWith(load({}, cancel), ErrorCode::kCancelled));
    }

    void reportsProgressUpToTheEnd() {
        std::int64_t last = 0;
        std::int64_t total = -1;
        const auto loaded = LanguageModel::load({.path = test::writeTinyModel(folder_.path().toStdString()),
                                                 .device = DeviceChoice::kCpu,
                                                 .progress = [&](std::int64_t done, std::int64_t all) {
                                                     QVERIFY(done > last);
                                                     last = done;
                                                     total = all;
                                                 }});
        QVERIFY2(loaded, test::why(loaded));
        QCOMPARE(last, total);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestWeights)
#include "tst_weights.moc"
