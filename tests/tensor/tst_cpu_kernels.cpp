// Every set of kernels against the scalar reference, on random blocks of every type.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <QtTest>

#include "core/tensor/cpu/kernels.h"
#include "core/tensor/cpu/matrix_product.h"
#include "core/tensor/cpu/vector_operations.h"

namespace epi::cpu {
namespace {

constexpr std::int64_t kRows = 7;  // four together and three alone

/// Uniform in [-1, 1), with one value in 50 ten times as large, as activations have.
std::vector<float> randomValues(std::mt19937& random, std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) {
        value = static_cast<float>(random()) / 2147483648.0F - 1.0F;
        if (random() % 50 == 0) value *= 10.0F;
    }
    return values;
}

std::uint16_t halfOf(float value) {
    std::uint16_t half = 0;
    kPortableKernels.toHalf(&value, 1, &half);
    return half;
}

/// Where the blocks of a type hold halves, which random bytes must not make infinite.
std::vector<std::int64_t> halvesOf(TensorType type) {
    switch (type) {
        case TensorType::kQ4_1:
        case TensorType::kQ5_1:
        case TensorType::kQ4_K:
        case TensorType::kQ5_K:
            return {0, 2};
        case TensorType::kQ2_K:
            return {80, 82};
        case TensorType::kQ3_K:
            return {108};
        case TensorType::kQ6_K:
            return {208};
        default:
            return {0};
    }
}

struct RandomMatrix {
    std::vector<std::byte> bytes;
    BlockMatrix matrix;

    RandomMatrix(std::mt19937& random, TensorType type, std::int64_t columns) {
        const BlockLayout layout = *blockLayout(static_cast<std::uint32_t>(type));
        const std::int64_t rowBytes = columns / layout.valuesPerBlock * layout.bytesPerBlock;
        bytes.resize(static_cast<std::size_t>(kRows * rowBytes));
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(random());
        const auto put = [&](std::size_t at, auto value) {
            std::memcpy(bytes.data() + at, &value, sizeof value);
        };
        const auto small = [&] {
            return static_cast<float>(random() % 2000) / 1000.0F - 1.0F;
        };
        for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(layout.bytesPerBlock)) {
            if (type == TensorType::kF32) {
                put(at, small());
            } else if (type == TensorType::kBF16) {
                put(at, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(small()) >> 16));
            } else {
                for (const std::int64_t half : halvesOf(type))
                    put(at + static_cast<std::size_t>(half), halfOf(small()));
            }
        }
        matrix = {
            .type = type, .rows = kRows, .columns = columns, .rowBytes = rowBytes, .blocks = bytes.data()};
    }
};

/// Sum of |w x| per row: what rounding errors of the sum are measured against.
std::vector<double> magnitudes(const BlockMatrix& matrix, const ActivationRow& x) {
    std::vector<double> sums;
    std::vector<float> weights(static_cast<std::size_t>(matrix.columns));
    for (std::int64_t row = 0; row < matrix.rows; ++row) {
        dequantize(matrix.type,
                   {matrix.blocks + row * matrix.rowBytes, static_cast<std::size_t>(matrix.rowBytes)},
                   weights);
        double sum = 0.0;
        for (std::size_t i = 0; i < weights.size(); ++i)
            sum += std::abs(static_cast<double>(weights[i]) * static_cast<double>(x.values[i]));
        sums.push_back(sum);
    }
    return sums;
}

struct AttentionResult {
    std::vector<float> maxima, sums, outputs;

    AttentionResult(const Kernels& kernels,
                    const std::vector<float>& queries,
                    const std::vector<std::uint16_t>& keys,
                    const std::vector<std::uint16_t>& values,
                    std::int64_t group,
                    std::int64_t headDim)
        : maxima(static_cast<std::size_t>(group)),
          sums(static_cast<std::size_t>(group)),
          outputs(static_cast<std::size_t>(group * headDim)) {
        std::vector<float> scratch(static_cast<std::size_t>(attentionScratch(group, headDim)));
        kernels.attend({.queries = queries.data(),
                        .keys = keys.data(),
                        .values = values.data(),
                        .entries = static_cast<std::int64_t>(keys.size()) / headDim,
                        .group = group,
                        .headDim = headDim,
                        .maxima = maxima.data(),
                        .sums = sums.data(),
                        .outputs = outputs.data(),
                        .scratch = scratch.data()});
    }
};

class TestCpuKernels : public QObject {
    Q_OBJECT

    static void addKernels() {
        QTest::addColumn<const Kernels*>("kernels");
        for (const Kernels* kernels : allKernels())
            QTest::newRow(kernels->name) << kernels;
    }
    static void skipUnsupported(const Kernels& kernels) {
        if (kernels.isSupported()) return;
        QSKIP((std::string("this CPU has no ") + kernels.name).c_str());
    }

private Q_SLOTS:
    void choosesTheFastestThatRuns() {
        QVERIFY(bestKernels().isSupported());
        QCOMPARE(allKernels().front(), &kPortableKernels);
        for (const Kernels* kernels : allKernels()) {
            if (kernels->isSupported() && kernels != &bestKernels()) {
                const auto all = allKernels();
                QVERIFY(std::find(all.begin(), all.end(), kernels) <
                        std::find(all.begin(), all.end(), &bestKernels()));
            }
        }
    }

    void quantizesLikeTheReference_data() { addKernels(); }
    void quantizesLikeTheReference() {
        QFETCH(const Kernels*, kernels);
        skipUnsupported(*kernels);
        if (!kernels->isSupported()) return;
        std::mt19937 random(3);
        std::vector<float> x = randomValues(random, 4 * 32 + 5);
        std::fill_n(x.begin() + 32, 32, 0.0F);
        x[70] = 1e30F;
        Activations expected;
        Activations found;
        expected.set(kPortableKernels, x, true);
        found.set(*kernels, x, true);
        const QuantizedRow& a = expected.row().quantized;
        const QuantizedRow& b = found.row().quantized;
        for (std::size_t i = 0; i < 4 * 32; ++i)
            QCOMPARE(b.values[i], a.values[i]);
        for (std::size_t i = 0; i < 4; ++i) {
            QCOMPARE(b.scales[i], a.scales[i]);
            QCOMPARE(b.sums[i], a.sums[i]);
            QVERIFY(std::abs(x[32 * i] - static_cast<float>(b.values[32 * i]) * b.scales[i]) <=
                    0.5001F * b.scales[i]);
        }
        for (std::size_t i = 0; i < 8; ++i)
            QCOMPARE(b.halfSums[i], a.halfSums[i]);
    }

    void multipliesLikeTheReference_data() {
        QTest::addColumn<const Kernels*>("kernels");
        QTest::addColumn<std::uint32_t>("type");
        QTest::addColumn<std::int64_t>("columns");
        for (const Kernels* kernels : allKernels()) {
            if (kernels == &kPortableKernels) continue;
            for (std::uint32_t type = 0; type < 64; ++type) {
                const auto layout = blockLayout(type);
                if (!layout) continue;
                const std::int64_t columns = layout->valuesPerBlock == 1 ? 75 : 3 * layout->valuesPerBlock;
                QTest::addRow("%s %s", kernels->name, std::string(layout->name).c_str())
                    << kernels << type << columns;
            }
        }
    }
    void multipliesLikeTheReference() {
        QFETCH(const Kernels*, kernels);
        QFETCH(std::uint32_t, type);
        QFETCH(std::int64_t, columns);
        skipUnsupported(*kernels);
        if (!kernels->isSupported()) return;
        std::mt19937 random(type + 1);
        const RandomMatrix weights(random, static_cast<TensorType>(type), columns);
        const std::vector<float> x = randomValues(random, static_cast<std::size_t>(columns));
        Activations activations;
        activations.set(kPortableKernels, x, true);
        std::vector<float> expected(kRows);
        std::vector<float> found(kRows);
        kPortableKernels.multiply(weights.matrix, activations.row(), {0, kRows}, expected.data());
        kernels->multiply(weights.matrix, activations.row(), {0, kRows}, found.data());
        const std::vector<double> sums = magnitudes(weights.matrix, activations.row());
        for (std::size_t row = 0; row < kRows; ++row) {
            const std::string what =
                std::to_string(found[row]) + " found, " + std::to_string(expected[row]) + " expected";
            QVERIFY2(std::abs(found[row] - expected[row]) <= 1e-6 * sums[row], what.c_str());
        }
        // A range gives the same rows.
        std::vector<float> part(2);
        kernels->multiply(weights.matrix, activations.row(), {5, 2}, part.data());
        for (std::size_t row = 0; row < 2; ++row)
            QVERIFY(std::abs(part[row] - expected[row + 5]) <= 1e-6 * sums[row + 5]);
    }

    void attendsLikeTheReference_data() { addKernels(); }
    void attendsLikeTheReference() {
        QFETCH(const Kernels*, kernels);
        skipUnsupported(*kernels);
        if (!kernels->isSupported()) return;
        std::mt19937 random(5);
        for (const std::int64_t headDim : {6, 8, 64, 80, 256}) {
            for (const std::int64_t group : {1, 2, 3, 4, 7}) {
                for (const std::int64_t entries : {1, 5, 64, 203}) {
                    const auto halves = [&](std::int64_t count) {
                        const std::vector<float> values =
                            randomValues(random, static_cast<std::size_t>(count));
                        std::vector<std::uint16_t> result(values.size());
                        kPortableKernels.toHalf(values.data(), count, result.data());
                        return result;
                    };
                    std::vector<float> queries =
                        randomValues(random, static_cast<std::size_t>(group * headDim));
                    for (float& query : queries)
                        query *= 8.0F / std::sqrt(static_cast<float>(headDim));
                    const auto keys = halves(entries * headDim);
                    const auto values = halves(entries * headDim);
                    const AttentionResult expected(kPortableKernels, queries, keys, values, group, headDim);
                    const AttentionResult found(*kernels, queries, keys, values, group, headDim);
                    for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
                        const std::size_t head = i / static_cast<std::size_t>(headDim);
                        const float a = expected.outputs[i] / expected.sums[head];
                        const float b = found.outputs[i] / found.sums[head];
                        QVERIFY2(std::abs(a - b) <= 1e-4F,
                                 (std::to_string(headDim) + " x " + std::to_string(entries)).c_str());
                        QVERIFY(std::abs(expected.maxima[head] - found.maxima[head]) <=
                                1e-5F * (1.0F + std::abs(expected.maxima[head])));
                    }
                }
            }
        }
    }

    void roundsToHalvesLikeTheReference_data() { addKernels(); }
    void roundsToHalvesLikeTheReference() {
        QFETCH(const Kernels*, kernels);
        skipUnsupported(*kernels);
        if (!kernels->isSupported()) return;
        // By value: ties to even, the border to infinity, subnormals.
        const std::vector<std::pair<float, std::uint16_t>> known{{0.0F, 0},
                                                                 {-0.0F, 0x8000},
                                                                 {1.0F, 0x3c00},
                                                                 {-2.0F, 0xc000},
                                                                 {1.0F + 0x1p-11F, 0x3c00},
                                                                 {1.0F + 0x3p-11F, 0x3c02},
                                                                 {65504.0F, 0x7bff},
                                                                 {65519.0F, 0x7bff},
                                                                 {65520.0F, 0x7c00},
                                                                 {0x1p-14F, 0x0400},
                                                                 {0x1p-24F, 0x0001},
                                                                 {0x1p-25F, 0x0000},
                                                                 {0x3p-25F, 0x0002}};
        for (const auto& [value, expected] : known) {
            std::uint16_t half = 1;
            kernels->toHalf(&value, 1, &half);
            QVERIFY2(half == expected, std::to_string(value).c_str());
        }
        std::mt19937 random(11);
        for (int i = 0; i < 20000; ++i) {
            const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
            if (std::isnan(value)) continue;
            std::uint16_t half = 1;
            kernels->toHalf(&value, 1, &half);
            QCOMPARE(half, halfOf(value));
        }
    }

    void multipliesSeveralMatricesAndRowsAtOnce() {
        std::mt19937 random(9);
        const RandomMatrix a(random, TensorType::kQ8_0, 4096);
        const RandomMatrix b(random, TensorType::kQ4_0, 4096);
        const std::vector<float> x = randomValues(random, 3 * 4096);
        ThreadPool pool(3);
        const Kernels& kernels = bestKernels();
        std::vector<Activations> activations(3);
        std::vector<ActivationRow> rows;
        for (std::size_t i = 0; i < 3; ++i) {
            activations[i].set(kernels, std::span(x).subspan(i * 4096, 4096), true);
            rows.push_back(activations[i].row());
        }
        std::vector<float> expected(kRows);
        std::vector<float> y(3 * kRows);
        multiplyRows(pool, kernels, {.matrix = a.matrix, .y = y.data()}, rows);
        for (std::size_t row = 0; row < 3; ++row) {
            kernels.multiply(a.matrix, rows[row], {0, kRows}, expected.data());
            for (std::size_t i = 0; i < kRows; ++i)
                QCOMPARE(y[row * kRows + i], expected[i]);
        }
        std::vector<float> z(kRows);
        const std::vector<Product> products{{a.matrix, y.data()}, {b.matrix, z.data()}};
        multiply(pool, kernels, products, rows[1]);
        kernels.multiply(a.matrix, rows[1], {0, kRows}, expected.data());
        for (std::size_t i = 0; i < kRows; ++i)
            QCOMPARE(y[i], expected[i]);
        kernels.multiply(b.matrix, rows[1], {0, kRows}, expected.data());
        for (std::size_t i = 0; i < kRows; ++i)
            QCOMPARE(z[i], expected[i]);
    }

    void gatesLikeTheFormulas() {
        std::vector<float> gate;
        for (float value = -100.0F; value <= 100.0F; value += 0.37F)
            gate.push_back(value);
        const std::vector<float> up(gate.size(), 0.5F);
        std::vector<float> silu = gate;
        std::vector<float> gelu = gate;
        gateSilu(silu, up.data());
        gateGeluTanh(gelu, up.data());
        for (std::size_t i = 0; i < gate.size(); ++i) {
            const double g = gate[i];
            const double expectedSilu = 0.5 * g / (1.0 + std::exp(-g));
            const double expectedGelu =
                0.25 * g * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (g + 0.044715 * g * g * g)));
            QVERIFY(std::abs(silu[i] - expectedSilu) <= 1e-6 * (1.0 + std::abs(expectedSilu)));
            QVERIFY(std::abs(gelu[i] - expectedGelu) <= 1e-6 * (1.0 + std::abs(expectedGelu)));
        }
    }
};

}  // namespace
}  // namespace epi::cpu

QTEST_GUILESS_MAIN(epi::cpu::TestCpuKernels)
#include "tst_cpu_kernels.moc"
