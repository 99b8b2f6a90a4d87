#include "ui/bridge/memory_json.h"

#include <QJsonDocument>
#include <QJsonObject>

#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

std::string memoryToJson(const MemoryOptions& options) {
    QJsonObject object{{u"preset"_s, toQString(options.preset)},
                       {u"budget"_s, options.budget},
                       {u"block"_s, options.block},
                       {u"episodes"_s, options.episodes},
                       {u"segmentUtterances"_s, options.segmentUtterances},
                       {u"representatives"_s, options.representatives},
                       {u"patchTokens"_s, options.patchTokens},
                       {u"seed"_s, static_cast<qint64>(options.seed)}};
    if (options.level) object[u"level"_s] = toQString(name(*options.level));
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

MemoryOptions memoryFromJson(std::string_view json) {
    const QByteArray bytes(json.data(), static_cast<qsizetype>(json.size()));
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    MemoryOptions options;
    options.preset = toUtf8(object[u"preset"_s].toString(toQString(options.preset)));
    options.budget = object[u"budget"_s].toInt(options.budget);
    options.block = object[u"block"_s].toInt(options.block);
    options.episodes = object[u"episodes"_s].toInt(options.episodes);
    options.segmentUtterances = object[u"segmentUtterances"_s].toInt(options.segmentUtterances);
    options.representatives = object[u"representatives"_s].toInt(options.representatives);
    options.patchTokens = object[u"patchTokens"_s].toInt(options.patchTokens);
    options.seed = static_cast<std::uint64_t>(
        object[u"seed"_s].toInteger(static_cast<qint64>(options.seed)));
    if (const auto level = budgetLevelFromName(toUtf8(object[u"level"_s].toString()))) options.level = *level;
    return options;
}

}  // namespace epi
