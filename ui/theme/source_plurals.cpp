#include "ui/theme/source_plurals.h"

#include <QRegularExpression>

namespace epi {

using namespace Qt::StringLiterals;

QString SourcePlurals::translate(const char*, const char* source, const char*, int n) const {
    if (n < 0) return {};
    static const QRegularExpression kForms(u"\\((\\w+)\\|(\\w+)\\)"_s);
    return QString::fromUtf8(source)
        .replace("(s)"_L1, n == 1 ? ""_L1 : "s"_L1)
        .replace(kForms, n == 1 ? u"\\1"_s : u"\\2"_s);
}

}  // namespace epi
