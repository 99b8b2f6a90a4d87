// The whole table of `epichat-cli bench`, on the CPU with the smallest shape.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <QtTest>

#include <nlohmann/json.hpp>

#include "tests/cli/cli_process.h"

namespace epi {
namespace {

using nlohmann::json;
using test::Finished;

const QStringList kTiny{QStringLiteral("bench"),
                        QStringLiteral("--shape"),
                        QStringLiteral("tiny"),
                        QStringLiteral("--device"),
                        QStringLiteral("cpu"),
                        QStringLiteral("--history"),
                        QStringLiteral("800"),
                        QStringLiteral("--budget"),
                        QStringLiteral("192"),
                        QStringLiteral("--block"),
                        QStringLiteral("128"),
                        QStringLiteral("--prompt"),
                        QStringLiteral("32"),
                        QStringLiteral("--cache"),
                        QStringLiteral("0,64"),
                        QStringLiteral("--tokens"),
                        QStringLiteral("4"),
                        QStringLiteral("--repeats"),
                        QStringLiteral("2")};

class TestCliBench : public QObject {
    Q_OBJECT

    const test::CliProcess cli_;

private Q_SLOTS:
    void printsEveryRow() {
        const Finished finished = cli_.run(kTiny + QStringList{QStringLiteral("--json")});
        QVERIFY2(finished.exitCode == 0, finished.err.constData());
        std::map<std::string, int> rows;
        for (const QByteArray& line : finished.out.trimmed().split('\n')) {
            const json row = json::parse(line.toStdString(), nullptr, false);
            QVERIFY2(row.is_object() && row.contains("row"), line.constData());
            ++rows[row["row"].get<std::string>()];
            if (row["row"] == "ceilings") {
                QVERIFY(row["ceilings"]["matmul_flop_per_second"].get<double>() > 1e8);
                continue;
            }
            const bool tellsBytesAlone = row["row"] == "memory" || row["row"] == "peak";
            QVERIFY2(row["seconds"].get<double>() > 0.0 || tellsBytesAlone, line.constData());
            if (row.contains("floor_seconds"))
                QVERIFY2(row["ratio_to_floor"].get<double>() > 0.0, line.constData());
        }
        const std::map<std::string, int> expected{{"ceilings", 1},
                                                  {"decode", 2},
                                                  {"prefill", 1},
                                                  {"score", 1},
                                                  {"compaction", 3},
                                                  {"peak", 2},
                                                  {"build", 9},
                                                  {"sharing", 2},
                                                  {"switch", 4},
                                                  {"memory", 3}};
        QVERIFY2(rows == expected, json(rows).dump().c_str());
    }

    void printsTheRowsThatAreAskedForAsATable() {
        const Finished finished =
            cli_.run(kTiny + QStringList{QStringLiteral("--rows"), QStringLiteral("prefill,score")});
        QVERIFY2(finished.exitCode == 0, finished.err.constData());
        const QList<QByteArray> lines = finished.out.trimmed().split('\n');
        QCOMPARE(lines.size(), 4);
        QVERIFY(lines[0].startsWith("CPU: copy "));
        QVERIFY(lines[1].startsWith("row "));
        QVERIFY(lines[2].startsWith("prefill ") && lines[2].contains("TFLOP/s"));
        QVERIFY(lines[3].startsWith("score "));
    }

    void refusesWhatCannotBeMeasured() {
        const Finished shape = cli_.run({QStringLiteral("bench"),
                                         QStringLiteral("--shape"),
                                         QStringLiteral("llama-9b"),
                                         QStringLiteral("--rows"),
                                         QStringLiteral("prefill"),
                                         QStringLiteral("--json")});
        QCOMPARE(shape.exitCode, 2);
        QVERIFY(shape.out.contains("unknown shape 'llama-9b'"));
        const Finished small =
            cli_.run(kTiny + QStringList{QStringLiteral("--history"), QStringLiteral("300")});
        QCOMPARE(small.exitCode, 2);
    }
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCliBench)
#include "tst_cli_bench.moc"
