// Against the clustering of a whole conversation as the released code does it (goldens/epicache, section 4).

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <QCryptographicHash>
#include <QtTest>

#include <nlohmann/json.hpp>

#include "core/episode/episode_map.h"
#include "core/episode/episode_router.h"
#include "core/episode/kmeans.h"
#include "core/episode/segmenter.h"
#include "core/eval/importer.h"
#include "tests/support/shared_data.h"

namespace epi {
namespace {

using nlohmann::json;

std::string readAll(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string sha256(const std::string& text) {
    return QCryptographicHash::hash(QByteArrayView(text.data(), static_cast<qsizetype>(text.size())),
                                    QCryptographicHash::Sha256)
        .toHex()
        .toStdString();
}

/// The text form of the released code, to which the golden's hashes belong.
std::string releasedText(const std::vector<Turn>& turns, const Segment& segment) {
    std::string text;
    for (const std::int64_t id : segment.turnIds) {
        const Turn& turn = turns[static_cast<std::size_t>(id)];
        text += turn.speaker + " said, \"" + turn.text + "\"\n";
    }
    return text;
}

class TestClustersGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        EPI_FIND_OR_SKIP(facts, sharedFile, "goldens/epicache/clusters-conv-26.json");
        EPI_FIND_OR_SKIP(arrays, sharedFile, "goldens/epicache/clusters-conv-26.bin");
        EPI_FIND_OR_SKIP(locomo, sharedFile, "data/locomo/locomo10.json");
        golden_ = test::readJson(facts);
        bytes_ = readAll(arrays);
        QVERIFY(golden_.is_object());
        QCOMPARE(sha256(bytes_), golden_["bin_sha256"].get<std::string>());
        readTurns(locomo);
        embeddings_ = floats("embeddings");
        reference_.labels = integers("labels");
        reference_.centroids = floats("centroids");
    }

    void cutsTheConversationIntoTheSameSegments() {
        const auto segments = segmentHistory(HistoryLayout::kNarrated, turns_, 4);
        QCOMPARE(segments.size(), golden_["segment_text_sha256"].size());
        for (std::size_t i = 0; i < segments.size(); ++i) {
            QCOMPARE(segments[i].turnIds.size(), golden_["segment_utterances"][i].get<std::size_t>());
            QCOMPARE(sha256(releasedText(turns_, segments[i])),
                     golden_["segment_text_sha256"][i].get<std::string>());
        }
    }

    void standsStillAtTheReferenceClustering() {
        const Clustering step = lloydStep(embeddings_, reference_.centroids);
        QCOMPARE(step.labels, reference_.labels);
        for (std::size_t i = 0; i < step.centroids.values.size(); ++i)
            QVERIFY(std::abs(step.centroids.values[i] - reference_.centroids.values[i]) <= 1e-6F);
        QVERIFY(std::abs(step.inertia - inertia()) < 1e-4);
    }

    void reachesTheReferenceInertiaFromOtherSeeds() {
        for (const std::uint64_t seed : {0U, 1U, 42U}) {
            const auto own = kMeans(embeddings_, {.seed = seed});
            QVERIFY(own);
            qInfo("seed %d: inertia %.4f, reference %.4f", static_cast<int>(seed), own->inertia, inertia());
            QVERIFY(own->inertia < 1.02 * inertia());
        }
    }

    void picksTheSameRepresentatives() {
        const auto segments = segmentHistory(HistoryLayout::kNarrated, turns_, 4);
        for (const Episode& episode :
             groupEpisodes(embeddings_, reference_, golden_["n_medoid"].get<int>())) {
            const std::int32_t cluster = clusterOf(episode);
            std::vector<std::int32_t> found(episode.representatives.begin(), episode.representatives.end());
            QCOMPARE(found, integers("representatives_" + std::to_string(cluster)));
            std::string prompt;
            for (const std::int64_t segment : episode.representatives)
                prompt += releasedText(turns_, segments[static_cast<std::size_t>(segment)]) + "\n";
            QCOMPARE(sha256(prompt), golden_["prompt_text_sha256"][cluster].get<std::string>());
        }
    }

    void sendsQuestionsToTheSameEpisodes_data() {
        QTest::addColumn<QString>("questions");
        QTest::addColumn<QString>("expected");
        QTest::addColumn<bool>("isRawDot");
        QTest::newRow("released") << "question_embeddings"
                                  << "released" << true;
        QTest::newRow("cosine") << "question_embeddings"
                                << "cosine" << false;
        QTest::newRow("cosine of the bare question") << "bare_question_embeddings"
                                                     << "bare_cosine" << false;
    }
    void sendsQuestionsToTheSameEpisodes() {
        QFETCH(QString, questions);
        QFETCH(QString, expected);
        QFETCH(bool, isRawDot);
        const auto episodes = groupEpisodes(embeddings_, reference_, 8);
        const EmbeddingMatrix queries = floats(questions.toStdString());
        const EmbeddingMatrix similarities = floats("similarity_" + expected.toStdString());
        const auto answers = integers("episode_" + expected.toStdString());
        for (std::int64_t query = 0; query < queries.rows; ++query) {
            const Match match = matchEpisode(
                queries.row(query), episodes, isRawDot ? Similarity::kRawDot : Similarity::kCosine);
            QCOMPARE(clusterOf(episodes[static_cast<std::size_t>(match.episode)]),
                     answers[static_cast<std::size_t>(query)]);
            for (std::size_t i = 0; i < episodes.size(); ++i) {
                const auto cluster = static_cast<std::size_t>(clusterOf(episodes[i]));
                const auto reference = static_cast<double>(similarities.row(query)[cluster]);
                QVERIFY(std::abs(match.similarities[i] - reference) < 1e-6);
            }
        }
    }

private:
    [[nodiscard]] double inertia() const { return golden_["kmeans"]["inertia"].get<double>(); }

    [[nodiscard]] std::int32_t clusterOf(const Episode& episode) const {
        return reference_.labels[static_cast<std::size_t>(episode.segments.front())];
    }

    [[nodiscard]] const json& entry(const std::string& name) const {
        const json& arrays = golden_["arrays"];
        return *std::find_if(
            arrays.begin(), arrays.end(), [&](const json& array) { return array["name"] == name; });
    }

    template <typename T>
    [[nodiscard]] std::vector<T> values(const std::string& name) const {
        std::vector<T> result(entry(name)["nbytes"].get<std::size_t>() / sizeof(T));
        std::memcpy(result.data(),
                    bytes_.data() + entry(name)["offset"].get<std::size_t>(),
                    result.size() * sizeof(T));
        return result;
    }

    [[nodiscard]] std::vector<std::int32_t> integers(const std::string& name) const {
        return values<std::int32_t>(name);
    }

    [[nodiscard]] EmbeddingMatrix floats(const std::string& name) const {
        const json& shape = entry(name)["shape"];
        return {shape[0].get<std::int64_t>(), shape[1].get<std::int64_t>(), values<float>(name)};
    }

    void readTurns(const std::filesystem::path& locomo) {
        const auto report = importFile(locomo);
        QVERIFY(report);
        const auto index = golden_["conversation_index"].get<std::size_t>();
        QCOMPARE(report->conversations[index].sourceId, golden_["conversation"].get<std::string>());
        for (const ImportedSession& session : report->conversations[index].sessions) {
            for (const ImportedTurn& turn : session.turns) {
                turns_.push_back({.id = static_cast<std::int64_t>(turns_.size()),
                                  .role = Role::kUser,
                                  .speaker = turn.speaker,
                                  .text = turn.text,
                                  .session = session.date});
            }
        }
    }

    json golden_;
    std::string bytes_;
    std::vector<Turn> turns_;
    EmbeddingMatrix embeddings_;
    Clustering reference_;
};

}  // namespace
}  // namespace epi

QTEST_GUILESS_MAIN(epi::TestClustersGolden)
#include "tst_clusters_golden.moc"
