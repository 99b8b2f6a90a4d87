#include "ui/chat/reply_details.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

double ReplyDetails::tokensPerSecond() const {
    return decodeSeconds > 0.0 ? static_cast<double>(generatedTokens) / decodeSeconds : 0.0;
}

bool ReplyDetails::isOfWholeChat() const {
    return episode && similarities.size() == 1;
}

bool ReplyDetails::endedAtLimit() const {
    return reason == "length"_L1 || reason == "room"_L1;
}

ReplyDetails ReplyDetails::of(const TurnDone& turn) {
    ReplyDetails details;
    const auto index = static_cast<std::size_t>(turn.episode);
    if (turn.episode >= 0) details.episode = turn.episode;
    if (details.episode && index < turn.similarities.size()) details.similarity = turn.similarities[index];
    details.keptTokens = turn.keptTokens;
    details.historyTokens = turn.historyTokens;
    details.generatedTokens = turn.statistics.generatedTokens;
    details.firstTokenSeconds = turn.statistics.firstTokenSeconds;
    details.decodeSeconds = turn.statistics.decodeSeconds;
    details.isPastTrainedContext = turn.pastTrainedContext;
    details.reason = toQString(turn.reason);
    details.similarities = turn.similarities;
    details.tier = toQString(turn.tier);
    details.positions = toQString(turn.positions);
    details.promptTokens = turn.statistics.promptTokens;
    details.readTokens = turn.statistics.readTokens;
    details.hasReadTokens = true;
    details.promptSeconds = turn.statistics.promptSeconds;
    details.quotedTokens = turn.quotedTokens;
    for (const QuotedPassage& passage : turn.quoted) {
        if (details.quoted.empty() || details.quoted.back() != passage.turnId)
            details.quoted.push_back(passage.turnId);
    }
    details.usedTokens = turn.usedTokens;
    details.roomTokens = turn.roomTokens;
    return details;
}

ReplyDetails ReplyDetails::fromJson(std::string_view json) {
    if (json.empty() || json == "{}") return {};  // nearly all messages of a long chat
    const QByteArray bytes(json.data(), static_cast<qsizetype>(json.size()));
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    ReplyDetails details;
    if (object.contains(u"episode"_s)) details.episode = object[u"episode"_s].toInt();
    details.similarity = object[u"similarity"_s].toDouble();
    details.keptTokens = object[u"keptTokens"_s].toInteger();
    details.historyTokens = object[u"historyTokens"_s].toInteger();
    details.generatedTokens = object[u"generatedTokens"_s].toInteger();
    details.firstTokenSeconds = object[u"firstTokenSeconds"_s].toDouble();
    details.decodeSeconds = object[u"decodeSeconds"_s].toDouble();
    details.isPastTrainedContext = object[u"pastTrainedContext"_s].toBool();
    details.reason = object[u"reason"_s].toString();
    details.error = object[u"error"_s].toString();
    for (const QJsonValue& similarity : object[u"similarities"_s].toArray())
        details.similarities.push_back(similarity.toDouble());
    details.tier = object[u"tier"_s].toString();
    details.positions = object[u"positions"_s].toString();
    details.promptTokens = object[u"promptTokens"_s].toInteger();
    details.hasReadTokens = object.contains(u"readTokens"_s);
    details.readTokens = object[u"readTokens"_s].toInteger();
    details.promptSeconds = object[u"promptSeconds"_s].toDouble();
    for (const QJsonValue& id : object[u"quoted"_s].toArray())
        details.quoted.push_back(id.toInteger());
    details.quotedTokens = object[u"quotedTokens"_s].toInteger();
    details.usedTokens = object[u"usedTokens"_s].toInteger();
    details.roomTokens = object[u"roomTokens"_s].toInteger();
    return details;
}

std::string ReplyDetails::toJson() const {
    QJsonObject object{{u"similarity"_s, similarity},
                       {u"keptTokens"_s, static_cast<qint64>(keptTokens)},
                       {u"historyTokens"_s, static_cast<qint64>(historyTokens)},
                       {u"generatedTokens"_s, static_cast<qint64>(generatedTokens)},
                       {u"firstTokenSeconds"_s, firstTokenSeconds},
                       {u"decodeSeconds"_s, decodeSeconds},
                       {u"pastTrainedContext"_s, isPastTrainedContext}};
    if (episode) object[u"episode"_s] = *episode;
    QJsonArray all;
    for (const double one : similarities)
        all.append(one);
    if (!all.isEmpty()) object[u"similarities"_s] = all;
    if (!tier.isEmpty()) object[u"tier"_s] = tier;
    if (!positions.isEmpty()) object[u"positions"_s] = positions;
    if (promptTokens > 0) object[u"promptTokens"_s] = static_cast<qint64>(promptTokens);
    if (hasReadTokens) object[u"readTokens"_s] = static_cast<qint64>(readTokens);
    if (usedTokens > 0) {
        object[u"usedTokens"_s] = static_cast<qint64>(usedTokens);
        object[u"roomTokens"_s] = static_cast<qint64>(roomTokens);
    }
    if (promptSeconds > 0.0) object[u"promptSeconds"_s] = promptSeconds;
    QJsonArray messages;
    for (const std::int64_t id : quoted)
        messages.append(static_cast<qint64>(id));
    if (!messages.isEmpty()) object[u"quoted"_s] = messages;
    if (quotedTokens > 0) object[u"quotedTokens"_s] = static_cast<qint64>(quotedTokens);
    if (!reason.isEmpty()) object[u"reason"_s] = reason;
    if (!error.isEmpty()) object[u"error"_s] = error;
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

}  // namespace epi
