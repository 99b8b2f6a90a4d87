#include "ui/theme/source_plurals.h"

namespace epi {

using namespace Qt::StringLiterals;

QString SourcePlurals::translate(const char*, const char* source, const char*, int n) const {
    if (n < 0) return {};
    return QString::fromUtf8(source).replace("(s)"_L1, n == 1 ? ""_L1 : "s"_L1);
}

}  // namespace epi
