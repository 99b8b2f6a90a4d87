// The commands that run models, with the smallest real one: what they print, keep and store.

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <QFile>
#include <QJsonArray>
#include <QProcess>
#include <QtTest>

#include "tests/cli/cli_process.h"
#include "tests/support/shared_data.h"

namespace epi {
namespace {

using nlohmann::json;
using test::Finished;

constexpr const char* kModel = "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
constexpr const char* kEmbedder = "all-minilm-l6-v2/model.safetensors";

/// The first three sessions of a LoCoMo conversation, and the questions about them.
json shortened(const json& conversation) {
    json result = conversation;
    json& sessions = result["conversation"];
    for (auto entry = sessions.begin(); entry != sessions.end();) {
        const std::string& key = entry.key();
        const bool isLater = key.starts_with("session_") && !key.starts_with("session_1_") &&
                             !key.starts_with("session_2_") && !key.starts_with("session_3_") &&
                             key != "session_1" && key != "session_2" && key != "session_3";
        entry = isLater ? sessions.erase(entry) : std::next(entry);
    }
    json questions = json::array();
    for (const json& question : conversation["qa"]) {
        const bool isAnswerable = std::ranges::all_of(question["evidence"], [](const json& turn) {
            const auto id = turn.get<std::string>();
            return id.starts_with("D1:") || id.starts_with("D2:") || id.starts_with("D3:");
        });
        if (isAnswerable) questions.push_back(question);
    }
    result["qa"] = std::move(questions);
    return json::array({result});
}

/// A golden case of block prefill (goldens/epicache).
class EvictionGolden {
public:
    EvictionGolden(const std::filesystem::path& facts, const std::filesystem::path& arrays)
        : facts_(test::readJson(facts)) {
        std::ifstream file(arrays, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }

    [[nodiscard]] const json& facts() const { return facts_; }

    template <typename T>
    [[nodiscard]] std::vector<T> array(const std::string& name) const {
        for (const json& entry : facts_["arrays"]) {
            if (entry["name"] != name) continue;
            std::vector<T> values(entry["nbytes"].get<std::size_t>() / sizeof(T));
            std::memcpy(
                values.data(), bytes_.data() + entry["offset"].get<std::size_t>(), values.size() * sizeof(T));
            return values;
        }
        return {};
    }

private:
    json facts_;
    std::string bytes_;
};

/// Positions whose bits are set.
std::vector<std::int32_t> positionsIn(const std::vector<std::uint8_t>& bits,
                                      std::size_t first,
                                      std::size_t bytes) {
    std::vector<std::int32_t> positions;
    for (std::size_t i = 0; i < bytes * 8; ++i) {
        if (((bits[first + i / 8] >> (i % 8)) & 1) != 0) positions.push_back(static_cast<std::int32_t>(i));
    }
    return positions;
}

class TestCliEngine : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        // The programs look for the embedder below their data folder.
        QVERIFY(cli_.isValid());
        std::error_code failure;
        const std::filesystem::path data = cli_.folder().toStdString() + "/epichat";
        std::filesystem::create_directories(data, failure);
        std::filesystem::create_directory_symlink(test::modelFolder(), data / "models", failure);
        QVERIFY2(!failure, failure.message().c_str());
    }

    void answersAPromptWithItsTokensAndGaps() {
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const QStringList arguments{"chat",
                                    "-m",
                                    path(model),
                                    "-p",
                                    "What is the capital of France?",
                                    "--greedy",
                                    "--compute",
                                    "exact",  // the first step is all but a tie
                                    "--max-tokens",
                                    "12"};
        const Finished answered = cli_.run(arguments + QStringList{"--json"});
        QCOMPARE(answered.exitCode, 0);
        const QJsonObject reply = answered.json();
        QVERIFY(reply["text"].toString().contains(u"Paris"));
        QCOMPARE(reply["reason"].toString(), QStringLiteral("end"));
        QCOMPARE(reply["prompt_ids"].toArray().first().toInt(), 1);
        // One step more than tokens: the end token's.
        QCOMPARE(reply["gaps"].toArray().size(), reply["ids"].toArray().size() + 1);
        QVERIFY(reply["gaps"].toArray().first().toDouble() >= 0.0);
        QVERIFY(reply["prompt_seconds"].toDouble() > 0.0);
        QVERIFY(reply["decode_seconds"].toDouble() > 0.0);

        const Finished streamed = cli_.run(arguments);
        QCOMPARE(QString::fromUtf8(streamed.out), reply["text"].toString() + u'\n');
        QVERIFY(streamed.err.contains("tokens/s"));
    }

    void readsAPromptThatIsGivenAsTokens() {
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const QString ids = cli_.write("prompt.json", "[1, 4093, 198, 19556, 2, 198]");
        const QJsonObject reply =
            cli_.run({"chat", "-m", path(model), "--prompt-ids-file", ids, "--max-tokens", "2", "--json"})
                .json();
        QCOMPARE(reply["prompt_ids"].toArray(), (QJsonArray{1, 4093, 198, 19556, 2, 198}));
        QVERIFY(!reply.contains("gaps"));
    }

    void describesTheLogitsOfTheLastPositions() {
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const QJsonObject report = cli_.run({"logits",
                                             "-m",
                                             path(model),
                                             "--ids",
                                             "1,2,3",
                                             "--last",
                                             "2",
                                             "--probe",
                                             "5,7",
                                             "--json"})
                                       .json();
        QCOMPARE(report["positions"].toArray().size(), 2);
        QCOMPARE(report["next_logprob"].toArray().size(), 2);
        const QJsonObject last = report["positions"].toArray().last().toObject();
        QCOMPARE(last["top"].toArray().size(), 32);
        QCOMPARE(last["probe"].toArray().last().toArray().first().toInt(), 7);
        QVERIFY(last["logsumexp"].toDouble() > last["top"].toArray().first().toArray().last().toDouble());
        QVERIFY(last["std"].toDouble() > 0.0);
        QVERIFY(last["mean"].isDouble());
    }

    void refusesATokenThatTheVocabularyDoesNotHave() {
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const Finished result = cli_.run({"logits", "-m", path(model), "--ids", "1,49152", "--json"});
        QCOMPARE(result.exitCode, 2);
        QVERIFY(result.errorMessage().contains(u"49152"));
    }

    void embedsTexts() {
        EPI_FIND_OR_SKIP(embedder, modelFile, kEmbedder);
        Q_UNUSED(embedder);
        const QJsonObject one = cli_.run({"embed", "Hello world", "--json"}).json();
        QCOMPARE(one["ids"].toArray(), (QJsonArray{101, 7592, 2088, 102}));
        QCOMPARE(one["embedding"].toArray().size(), 384);
        const QString texts = cli_.write("texts.json", R"(["Hello world", "Good bye"])");
        const QJsonObject two = cli_.run({"embed", "--texts-file", texts, "--json"}).json();
        QCOMPARE(two["embedding"].toArray().size(), 2);
        QCOMPARE(two["embedding"].toArray().first(), one["embedding"]);
        QCOMPARE(two["ids"].toArray().first(), one["ids"]);
    }

    void keepsWhatTheReleasedCodeKeeps() {
        EPI_FIND_OR_SKIP(facts, sharedFile, "goldens/epicache/smol-b.json");
        EPI_FIND_OR_SKIP(arrays, sharedFile, "goldens/epicache/smol-b.bin");
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const EvictionGolden golden(facts, arrays);
        const QString out = cli_.filePath("kept.json");
        const Finished result = cli_.run({"memory",
                                          "evict",
                                          "-m",
                                          path(model),
                                          "--compute",
                                          "exact",
                                          "--preset",
                                          "epicache-released",
                                          "--level",
                                          "pair-uniform",
                                          "--budget",
                                          "512",
                                          "--block",
                                          "512",
                                          "--prefix",
                                          QString::number(golden.facts()["chat_prefix_tokens"].get<int>()),
                                          "--ids",
                                          writeIds(golden, "ids"),
                                          "--prompt-ids",
                                          writeIds(golden, "prompt_ids"),
                                          "--question-ids",
                                          writeIds(golden, "question_ids"),
                                          "--out",
                                          out,
                                          "--json"});
        QVERIFY2(result.exitCode == 0, result.out);
        const json kept = test::readJson(out.toStdString());
        compareBlocks(golden, kept);
        QVERIFY(kept["peak_entries"] <= kept["peak_entries_bound"]);
        for (const char* name : {"greedy_ids", "greedy_gap", "greedy_second_ids", "greedy_best_logit"})
            QCOMPARE(kept[name].size(), 16U);
        QCOMPARE(kept["top"].size(), 32U);
        QCOMPARE(kept["greedy_ids"].get<std::vector<std::int32_t>>(),
                 golden.array<std::int32_t>("greedy_ids"));
        QVERIFY(std::abs(kept["logsumexp"].get<double>() - golden.facts()["logsumexp"].get<double>()) < 2e-3);
    }

    void evictsByEveryPreset_data() {
        QTest::addColumn<QStringList>("options");
        for (const char* preset :
             {"epichat", "epicache", "epicache-onepass", "epicache-paper", "kvzip", "streaming", "snapkv"})
            QTest::newRow(preset) << QStringList{"--preset", preset};
        QTest::newRow("combined") << QStringList{
            "--preset", "epicache", "--level", "pair-uniform", "--score", "keydiff + attention * 0.5"};
    }
    void evictsByEveryPreset() {
        QFETCH(QStringList, options);
        EPI_FIND_OR_SKIP(facts, sharedFile, "goldens/epicache/smol-b.json");
        EPI_FIND_OR_SKIP(arrays, sharedFile, "goldens/epicache/smol-b.bin");
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        const EvictionGolden golden(facts, arrays);
        auto ids = golden.array<std::int32_t>("ids");
        ids.resize(320);
        const QString out = cli_.filePath("kept.json");
        const QStringList arguments =
            QStringList{"memory",
                        "evict",
                        "-m",
                        path(model),
                        "--budget",
                        "110",
                        "--block",
                        "160",
                        "--prefix",
                        "14",
                        "--ids",
                        cli_.write("ids.json", QByteArray::fromStdString(json(ids).dump())),
                        "--prompt-ids",
                        writeIds(golden, "prompt_ids"),
                        "--out",
                        out,
                        "--json"} +
            options;
        const Finished result = cli_.run(arguments);
        QVERIFY2(result.exitCode == 0, result.out);
        const json kept = test::readJson(out.toStdString());
        QCOMPARE(kept["blocks"].size(), 2U);
        for (const json& layer : kept["blocks"][1]["kept"]) {
            std::size_t total = 0;
            for (const json& head : layer)
                total += head.size();
            QCOMPARE(total, 3U * 110U);
        }
    }

    void profilesTheLayersOfAModel() {
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        // Other tests build with the same budget in every layer.
        test::CliProcess own;
        const Finished result = own.run({"profile", "-m", path(model), "--tokens", "256", "--json"});
        QVERIFY2(result.exitCode == 0, result.out + result.err);
        QCOMPARE(result.json()["tokens"].toInt(), 256);
        QCOMPARE(result.json()["token_similarity"].toArray().size(), 30);
        QCOMPARE(result.json()["window_similarity"].toArray().size(), 30);
        // A short text is read with a short view: what leaves it is missed by some layer.
        const QJsonArray similarities = result.json()["token_similarity"].toArray();
        QVERIFY(std::any_of(similarities.begin(), similarities.end(), [](const QJsonValue& value) {
            return value.toDouble() < 0.999;
        }));
        const QString empty = own.write("empty.txt", "");
        const Finished refused = own.run({"profile", "-m", path(model), "--text", empty, "--json"});
        QCOMPARE(refused.exitCode, 2);
    }

    void endsABuildThatIsInterrupted() {
        EPI_FIND_OR_SKIP(source, sharedFile, "data/locomo/locomo10.json");
        EPI_FIND_OR_SKIP(embedder, modelFile, kEmbedder);
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        Q_UNUSED(embedder);
        QVERIFY(importShortened(source));
        QProcess process;
        cli_.prepare(process, buildArguments(path(model)));
        process.setReadChannel(QProcess::StandardError);
        process.start();
        QByteArray err;
        while (!err.contains("reading") && process.waitForReadyRead(120000))
            err += process.readAllStandardError();
        QVERIFY(err.contains("reading"));
        QCOMPARE(::kill(static_cast<pid_t>(process.processId()), SIGINT), 0);
        const Finished result = test::CliProcess::finish(process);
        QCOMPARE(result.exitCode, 130);
        QCOMPARE(result.errorCode(), QStringLiteral("cancelled"));
    }

    void findsTheMemoryAgainAndAnswersFromIt() {
        EPI_FIND_OR_SKIP(source, sharedFile, "data/locomo/locomo10.json");
        EPI_FIND_OR_SKIP(embedder, modelFile, kEmbedder);
        EPI_FIND_OR_SKIP(model, modelFile, kModel);
        Q_UNUSED(embedder);
        QVERIFY(importShortened(source));
        const Finished first = cli_.run(buildArguments(path(model)));
        QVERIFY2(first.exitCode == 0, first.out + first.err);
        const QJsonObject built = first.json();
        QCOMPARE(built["episodes"].toArray().size(), 2);
        // The first 256 tokens are read once for both, and what a cancelled build had finished not again.
        QVERIFY(built["read_tokens"].toInt() <= 2 * built["history_tokens"].toInt() - 256);
        QVERIFY(built["read_tokens"].toInt() > built["history_tokens"].toInt());
        QVERIFY(built["history_tokens"].toInt() > 1024);
        QVERIFY(built["peak_entries"].toInt() > 256 + 128);
        QVERIFY(built["peak_entries"].toInt() <= built["peak_entries_bound"].toInt());
        QCOMPARE(built["past_trained_context"].toBool(), false);
        // SmolLM2 has 30 layers with 3 KV heads.
        for (const QJsonValue& episode : built["episodes"].toArray())
            QCOMPARE(episode.toObject()["kept"].toInt(), 256 * 30 * 3);

        const QJsonObject found = cli_.run(buildArguments(path(model))).json();
        QCOMPARE(found["read_tokens"].toInt(-1), 0);
        QCOMPARE(found["episodes"], built["episodes"]);

        inspectsAnEpisode(path(model));
        answersAndStores(path(model));
        evaluatesAndExports(path(model));
    }

private:
    [[nodiscard]] QString writeIds(const EvictionGolden& golden, const char* name) const {
        const std::string text = json(golden.array<std::int32_t>(name)).dump();
        return cli_.write((std::string(name) + ".json").c_str(), QByteArray::fromStdString(text));
    }

    /// Sets are the same. Where the released code's scores of the last entry kept and the first dropped are
    /// nearly equal, rounding may swap the two; blocks after that see another cache.
    static void compareBlocks(const EvictionGolden& golden, const json& found) {
        const auto bits = golden.array<std::uint8_t>("kept_bits");
        const auto kept = golden.array<float>("threshold_kept");
        const auto dropped = golden.array<float>("threshold_dropped");
        const auto blocks = golden.array<std::int32_t>("kept_blocks");
        const std::size_t layers = golden.facts()["layers"];
        const std::size_t heads = golden.facts()["kv_heads"];
        const std::size_t bytes = (golden.facts()["n_tokens"].get<std::size_t>() + 7) / 8;
        QCOMPARE(found["blocks"].size(), golden.array<std::int32_t>("block_end").size());
        std::size_t compared = 0;
        bool isSame = true;
        for (std::size_t row = 0; row < blocks.size() && isSame; ++row) {
            const auto block = static_cast<std::size_t>(blocks[row]);
            for (std::size_t head = 0; head < layers * heads; ++head) {
                const json& positions = found["blocks"][block]["kept"][head / heads][head % heads];
                const auto expected = positionsIn(bits, (row * layers * heads + head) * bytes, bytes);
                ++compared;
                if (positions.get<std::vector<std::int32_t>>() == expected) continue;
                const std::size_t index = block * layers * heads + head;
                const double margin = (kept[index] - dropped[index]) / kept[index];
                QVERIFY2(margin <= 1e-4,
                         ("block " + std::to_string(block) + " layer " + std::to_string(head / heads) +
                          " head " + std::to_string(head % heads) + ": margin " + std::to_string(margin))
                             .c_str());
                isSame = false;
            }
        }
        QVERIFY(compared >= layers * heads * 3);
    }

    /// Imports the first sessions of conv-26 into "chats.db"; a second time it changes nothing.
    [[nodiscard]] bool importShortened(const std::filesystem::path& source) const {
        const json all = test::readJson(source);
        if (!all.is_array() || all.empty()) return false;
        const QString file = cli_.write("short.json", QByteArray::fromStdString(shortened(all[0]).dump()));
        return cli_.run({"import", file, "--db", cli_.filePath("chats.db"), "--json"}).exitCode == 0;
    }

    [[nodiscard]] QStringList onConversation(const QStringList& command, const QString& model) const {
        return command +
               QStringList{"--db", cli_.filePath("chats.db"), "--conversation", "conv-26", "--json"} +
               (model.isEmpty() ? QStringList{} : QStringList{"-m", model});
    }
    [[nodiscard]] QStringList buildArguments(const QString& model) const {
        return onConversation({"memory", "build"}, model) + QStringList{"--preset",
                                                                        "epicache",
                                                                        "--budget",
                                                                        "256",
                                                                        "--block",
                                                                        "128",
                                                                        "--episodes",
                                                                        "2",
                                                                        "--patch-tokens",
                                                                        "128"};
    }

    void inspectsAnEpisode(const QString& model) {
        const QJsonObject listed = cli_.run(onConversation({"memory", "inspect"}, {})).json();
        QCOMPARE(listed["episodes"].toArray().size(), 2);
        const QJsonObject trace =
            cli_.run(onConversation({"memory", "inspect", "--episode", "1"}, model)).json();
        QCOMPARE(trace["kept"].toArray().size(), 30);
        QCOMPARE(trace["kept"].toArray().first().toArray().size(), 3);
        QCOMPARE(trace["layer_budgets"].toArray().first().toInt(), 256);
    }

    void answersAndStores(const QString& model) {
        const int before = messageCount();
        const QStringList question{"ask", "-q", "Who went to a support group?", "--max-tokens", "12"};
        const QJsonObject answer = cli_.run(onConversation(question, model)).json();
        QVERIFY(!answer["text"].toString().isEmpty());
        QCOMPARE(answer["similarities"].toArray().size(), 2);
        QCOMPARE(answer["read_tokens"].toInt(-1), 0);
        QCOMPARE(answer["kept"].toInt(), 256);
        QVERIFY(answer["total"].toInt() > 1024);
        QVERIFY(answer["statistics"].toObject()["generated_tokens"].toInt() > 0);
        QCOMPARE(messageCount(), before + 2);

        const QJsonObject chosen =
            cli_.run(onConversation(question + QStringList{"--episode", "0"}, model)).json();
        QCOMPARE(chosen["episode"].toInt(-1), 0);
        // The turn before is in the cache of the episode that answered it, after a restart too.
        QCOMPARE(chosen["read_tokens"].toInt(-1) == 0, answer["episode"].toInt() == 0);
        QVERIFY(chosen["total"].toInt() > answer["total"].toInt());
    }

    void evaluatesAndExports(const QString& model) {
        const Finished run = cli_.run(
            onConversation({"eval", "run", "--limit", "1", "--categories", "2", "--max-tokens", "8"}, model));
        QVERIFY2(run.exitCode == 0, run.out + run.err);
        QCOMPARE(run.json()["answered_now"].toInt(), 1);
        QCOMPARE(run.json()["overall"].toObject()["questions"].toInt(), 1);
        QCOMPARE(run.json()["categories"].toArray().first().toObject()["category"].toInt(), 2);
        const QJsonArray runs = cli_.run(onConversation({"eval", "list"}, {})).json()["runs"].toArray();
        QCOMPARE(runs.size(), 1);
        QCOMPARE(runs.first().toObject()["state"].toString(), QStringLiteral("done"));
        const QString csv = cli_.filePath("answers.csv");
        QCOMPARE(cli_.run(onConversation({"eval", "export", "--out", csv}, {})).json()["rows"].toInt(), 1);
        QFile file(csv);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll().trimmed().split('\n').size(), 2);

        // What has ended is not repeated, but other texts around the question make another run.
        const auto answeredNow = [&](const QString& prompts) {
            const QStringList once{"eval", "run", "--once", "--limit", "1", "--categories", "2"};
            const QStringList others{"--max-tokens", "8", "--prompts", prompts};
            return cli_.run(onConversation(once + others, model)).json()["answered_now"].toInt(-1);
        };
        const QString first = cli_.write("first.json", R"({"question": "\nQ: {question}\nA:"})");
        const QString second = cli_.write("second.json", R"({"question": "\n{question} In a word:"})");
        QCOMPARE(answeredNow(first), 1);
        QCOMPARE(answeredNow(first), 0);
        QCOMPARE(answeredNow(second), 1);
    }

    [[nodiscard]] int messageCount() const {
        const QJsonObject listed =
            cli_.run({"conversations", "--db", cli_.filePath("chats.db"), "--json"}).json();
        return listed["conversations"].toArray().first().toObject()["messages"].toInt();
    }

    static QString path(const std::filesystem::path& file) { return test::CliProcess::path(file); }

    test::CliProcess cli_;
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestCliEngine)
#include "tst_cli_engine.moc"
