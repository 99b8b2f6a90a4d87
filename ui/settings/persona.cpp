#include "ui/settings/persona.h"

#include <QJsonDocument>
#include <QJsonObject>

#include "core/wire/options_json.h"

namespace epi {

using namespace Qt::StringLiterals;

QByteArray personasToJson(const Personas& personas) {
    QJsonObject all;
    for (const auto& [name, persona] : personas) {
        const QByteArray sampling = QByteArray::fromStdString(toJsonText(persona.sampling));
        all[name] = QJsonObject{{u"systemPrompt"_s, persona.systemPrompt},
                                {u"sampling"_s, QJsonDocument::fromJson(sampling).object()}};
    }
    return QJsonDocument(all).toJson(QJsonDocument::Compact);
}

Personas personasFromJson(const QByteArray& json) {
    Personas personas;
    const QJsonObject all = QJsonDocument::fromJson(json).object();
    for (auto field = all.begin(); field != all.end(); ++field) {
        const QJsonObject one = field->toObject();
        const QByteArray sampling = QJsonDocument(one[u"sampling"_s].toObject()).toJson();
        auto read = samplingOptionsFromJsonText(sampling.toStdString());
        if (field.key().isEmpty() || !read) continue;
        personas[field.key()] = {.systemPrompt = one[u"systemPrompt"_s].toString(),
                                 .sampling = *std::move(read)};
    }
    return personas;
}

}  // namespace epi
