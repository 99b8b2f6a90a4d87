#pragma once

#include <map>

#include <QByteArray>
#include <QString>

#include "core/engine/options.h"

namespace epi {

/// A system prompt and how tokens are drawn, together.
struct Persona {
    QString systemPrompt;
    SamplingOptions sampling;

    bool operator==(const Persona&) const = default;
};

/// By the names their user gave them.
using Personas = std::map<QString, Persona>;

QByteArray personasToJson(const Personas& personas);
/// What is no persona is left out.
Personas personasFromJson(const QByteArray& json);

}  // namespace epi
