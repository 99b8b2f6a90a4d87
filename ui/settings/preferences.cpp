#include "ui/settings/preferences.h"

#include <array>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "core/sampling/sampler.h"
#include "core/wire/options_json.h"
#include "ui/bridge/text.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

QByteArray listToJson(const QStringList& list) {
    return QJsonDocument(QJsonArray::fromStringList(list)).toJson(QJsonDocument::Compact);
}

QStringList listFromJson(const QByteArray& json) {
    QStringList list;
    for (const QJsonValue& value : QJsonDocument::fromJson(json).array())
        list << value.toString();
    return list;
}

QByteArray memoryToJson(const MemoryOptions& memory) {
    return QByteArray::fromStdString(toJsonText(memory));
}

void readMemory(const QByteArray& json, MemoryOptions& memory) {
    if (auto read = memoryOptionsFromJsonText(json.toStdString())) memory = *std::move(read);
}

QByteArray modelsToJson(const std::map<QString, ModelDefaults>& models) {
    QJsonObject all;
    for (const auto& [name, defaults] : models) {
        QJsonObject one{{u"device"_s, toQString(epi::name(defaults.device))}};
        if (defaults.compute) one[u"compute"_s] = toQString(epi::name(*defaults.compute));
        if (defaults.memory) {
            one[u"memory"_s] = QJsonDocument::fromJson(memoryToJson(*defaults.memory)).object();
        }
        all[name] = one;
    }
    return QJsonDocument(all).toJson(QJsonDocument::Compact);
}

std::map<QString, ModelDefaults> modelsFromJson(const QByteArray& json) {
    std::map<QString, ModelDefaults> models;
    const QJsonObject all = QJsonDocument::fromJson(json).object();
    for (auto field = all.begin(); field != all.end(); ++field) {
        const QJsonObject one = field->toObject();
        ModelDefaults defaults;
        if (auto device = deviceChoiceFromName(toUtf8(one[u"device"_s].toString())))
            defaults.device = *device;
        if (auto compute = computeModeFromName(toUtf8(one[u"compute"_s].toString())))
            defaults.compute = *compute;
        if (one.contains(u"memory"_s)) {
            defaults.memory.emplace();
            readMemory(QJsonDocument(one[u"memory"_s].toObject()).toJson(), *defaults.memory);
        }
        models[field.key()] = defaults;
    }
    return models;
}

/// One row of the settings table and its field.
struct Row {
    const char* key;
    QByteArray (*write)(const Preferences&);
    void (*read)(const QByteArray&, Preferences&);
};

// The keys are on users' disks: they stay as they are.
constexpr std::array kRows{
    Row{"general.language",
        [](const Preferences& p) { return p.language.toUtf8(); },
        [](const QByteArray& v, Preferences& p) {
            p.language = QString::fromUtf8(v);
        }},
    Row{"general.restores_chat",
        [](const Preferences& p) { return QByteArray(p.restoresChat ? "1" : "0"); },
        [](const QByteArray& v, Preferences& p) {
            p.restoresChat = v != "0";
        }},
    Row{"window.theme",
        [](const Preferences& p) { return nameOf(p.theme).toUtf8(); },
        [](const QByteArray& v, Preferences& p) {
            p.theme = themeFromName(QString::fromUtf8(v)).value_or(ThemeChoice::kSystem);
        }},
    Row{"window.percent",
        [](const Preferences& p) { return QByteArray::number(p.percent); },
        [](const QByteArray& v, Preferences& p) {
            bool isNumber = false;
            const int percent = v.toInt(&isNumber);
            if (isNumber) p.percent = std::clamp(percent, Theme::kSmallestPercent, Theme::kLargestPercent);
        }},
    Row{"engine.command",
        [](const Preferences& p) { return listToJson(p.engineCommand); },
        [](const QByteArray& v, Preferences& p) {
            p.engineCommand = listFromJson(v);
        }},
    Row{"engine.model",
        [](const Preferences& p) { return p.model.toUtf8(); },
        [](const QByteArray& v, Preferences& p) {
            p.model = QString::fromUtf8(v);
        }},
    Row{"models.folders",
        [](const Preferences& p) { return listToJson(p.modelFolders); },
        [](const QByteArray& v, Preferences& p) {
            p.modelFolders = listFromJson(v);
        }},
    Row{"models.allows_downloads",
        [](const Preferences& p) { return QByteArray(p.allowsDownloads ? "1" : "0"); },
        [](const QByteArray& v, Preferences& p) {
            p.allowsDownloads = v == "1";
        }},
    Row{"models.defaults",
        [](const Preferences& p) { return modelsToJson(p.models); },
        [](const QByteArray& v, Preferences& p) {
            p.models = modelsFromJson(v);
        }},
    Row{"memory.defaults",
        [](const Preferences& p) { return memoryToJson(p.memory); },
        [](const QByteArray& v, Preferences& p) {
            readMemory(v, p.memory);
        }},
    Row{"chat.system_prompt",
        [](const Preferences& p) { return p.replies.systemPrompt.toUtf8(); },
        [](const QByteArray& v, Preferences& p) {
            p.replies.systemPrompt = QString::fromUtf8(v);
        }},
    Row{"chat.sampling",
        [](const Preferences& p) { return QByteArray::fromStdString(toJsonText(p.replies.sampling)); },
        [](const QByteArray& v, Preferences& p) {
            const auto read = samplingOptionsFromJsonText(v.toStdString());
            if (read && checkSampling(*read)) p.replies.sampling = *read;
        }},
    Row{"chat.personas",
        [](const Preferences& p) { return personasToJson(p.personas); },
        [](const QByteArray& v, Preferences& p) {
            p.personas = personasFromJson(v);
        }},
    Row{"data.cache_limit",
        [](const Preferences& p) { return QByteArray::number(p.cacheLimitBytes); },
        [](const QByteArray& v, Preferences& p) {
            bool isNumber = false;
            const qint64 bytes = v.toLongLong(&isNumber);
            if (isNumber && bytes >= 0) p.cacheLimitBytes = bytes;
        }},
    Row{"window.shortcuts",
        [](const Preferences& p) { return p.shortcuts; },
        [](const QByteArray& v, Preferences& p) {
            p.shortcuts = v;
        }},
};

}  // namespace

ModelDefaults Preferences::defaultsOf(const QString& modelName) const {
    const auto found = models.find(modelName);
    return found != models.end() ? found->second : ModelDefaults();
}

MemoryOptions Preferences::memoryOf(const QString& modelName) const {
    return defaultsOf(modelName).memory.value_or(memory);
}

SettingValues toSettings(const Preferences& preferences) {
    SettingValues values;
    for (const Row& row : kRows)
        values[row.key] = row.write(preferences).toStdString();
    return values;
}

Preferences fromSettings(const SettingValues& values) {
    Preferences preferences;
    for (const Row& row : kRows) {
        const auto found = values.find(row.key);
        if (found != values.end()) row.read(QByteArray::fromStdString(found->second), preferences);
    }
    return preferences;
}

std::vector<std::string> settingKeys() {
    std::vector<std::string> keys;
    for (const Row& row : kRows)
        keys.emplace_back(row.key);
    return keys;
}

PreferenceStore::PreferenceStore(StoreClient& store, QObject* parent) : QObject(parent), store_(store) {}

void PreferenceStore::assign(const SettingValues& values) {
    const Preferences before = std::exchange(current_, fromSettings(values));
    Q_EMIT
    changed(before);
}

void PreferenceStore::change(const std::function<void(Preferences&)>& edit) {
    Preferences next = current_;
    edit(next);
    if (next == current_) return;
    SettingValues different = toSettings(next);
    for (const auto& [key, value] : toSettings(current_)) {
        if (different[key] == value) different.erase(key);
    }
    store_.write([different = std::move(different)](Store& store) -> Result<void> {
        if (store.isReadOnly()) return {};
        for (const auto& [key, value] : different)
            EPI_TRY(store.setSetting(key, value));
        return {};
    });
    const Preferences before = std::exchange(current_, std::move(next));
    Q_EMIT
    changed(before);
}

}  // namespace epi
