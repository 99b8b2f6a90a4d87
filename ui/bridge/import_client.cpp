#include "ui/bridge/import_client.h"

#include "ui/bridge/text.h"

namespace epi {

ImportClient::ImportClient(QObject* parent)
    : QObject(parent), outcomes_(this, [this](std::vector<Outcome> outcomes) {
          for (const Outcome& outcome : outcomes) {
              if (outcome.report) {
                  Q_EMIT
                  readFile(outcome.path, *outcome.report);
              } else {
                  Q_EMIT
                  failed(outcome.path, outcome.report.error());
              }
          }
      }) {
    pool_.setMaxThreadCount(1);
}

void ImportClient::read(const QString& path) {
    pool_.start([this, path] { outcomes_.push({path, importFile(std::filesystem::path(toUtf8(path)))}); });
}

}  // namespace epi
