#include "core/wire/messages.h"

namespace epi {
namespace {

struct IsTerminal {
    bool operator()(const ModelLoaded&) const { return true; }
    bool operator()(const Synced&) const { return true; }
    bool operator()(const MemoryBuilt&) const { return true; }
    bool operator()(const Trace&) const { return true; }
    bool operator()(const TurnDone&) const { return true; }
    bool operator()(const EvalDone&) const { return true; }
    bool operator()(const Released&) const { return true; }
    bool operator()(const LayersProfiled&) const { return true; }
    bool operator()(const Failed&) const { return true; }
    bool operator()(const Hello&) const { return false; }
    bool operator()(const Progress&) const { return false; }
    bool operator()(const TokenDelta&) const { return false; }
    bool operator()(const EvalAnswer&) const { return false; }
    bool operator()(const EngineLost&) const { return false; }
};

}  // namespace

bool isTerminal(const Event& event) {
    return std::visit(IsTerminal{}, event);
}

}  // namespace epi
