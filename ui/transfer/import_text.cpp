#include "ui/transfer/import_text.h"

#include <algorithm>

#include <QCoreApplication>

#include "ui/bridge/text.h"

namespace epi {
namespace {

struct ImportText {
    Q_DECLARE_TR_FUNCTIONS(epi::ImportText)
};

}  // namespace

QString leftOutText(LeftOut reason, qint64 count) {
    const auto n = static_cast<int>(count);
    switch (reason) {
        case LeftOut::kSystemTurn:
            return ImportText::tr("%n instruction(s) the other program added", nullptr, n);
        case LeftOut::kToolTurn:
            return ImportText::tr("%n tool call(s) and result(s)", nullptr, n);
        case LeftOut::kReasoning:
            return ImportText::tr("%n passage(s) of a model's reasoning", nullptr, n);
        case LeftOut::kAttachment:
            return ImportText::tr("%n image(s) or file(s), which exports name but do not hold", nullptr, n);
        case LeftOut::kHiddenTurn:
            return ImportText::tr("%n message(s) marked as hidden", nullptr, n);
        case LeftOut::kFailedTurn:
            return ImportText::tr("%n error message(s) in place of an answer", nullptr, n);
        case LeftOut::kEmptyTurn:
            return ImportText::tr("%n empty message(s)", nullptr, n);
        case LeftOut::kUnknownPart:
            return ImportText::tr("%n part(s) of an unknown kind", nullptr, n);
        case LeftOut::kUnlinkedTurn:
            return ImportText::tr("%n message(s) that belong to no beginning", nullptr, n);
    }
    return {};
}

QString changeText(const ImportOutcome& outcome) {
    switch (outcome.change) {
        case ImportChange::kAdded:
            return ImportText::tr("New");
        case ImportChange::kGrown:
            return ImportText::tr("%n new message(s)", nullptr, static_cast<int>(outcome.newMessages));
        case ImportChange::kRestored:
            return ImportText::tr("In the bin, comes back");
        case ImportChange::kUnchanged:
            return ImportText::tr("Already here");
    }
    return {};
}

QString resultText(const ImportResult& result) {
    const auto count = [&result](ImportChange change) {
        return static_cast<int>(std::ranges::count(
            result.lines, change, [](const ImportLine& line) { return line.outcome.change; }));
    };
    const int added = count(ImportChange::kAdded) + count(ImportChange::kRestored);
    QStringList parts{ImportText::tr("%n new chat(s)", nullptr, added)};
    if (const int grown = count(ImportChange::kGrown); grown > 0)
        parts << ImportText::tr("%n with new messages", nullptr, grown);
    if (const int unchanged = count(ImportChange::kUnchanged); unchanged > 0)
        parts << ImportText::tr("%n already here", nullptr, unchanged);
    return parts.join(QStringLiteral(" · "));
}

QStringList reportLines(const ImportSummary& summary) {
    QStringList lines;
    for (const auto& [reason, count] : summary.leftOut)
        lines << ImportText::tr("Left out: %1").arg(leftOutText(reason, count));
    for (const ImportProblem& problem : summary.problems) {
        lines << ImportText::tr("Not imported: %1 (%2)")
                     .arg(toQString(problem.where), toQString(problem.reason));
    }
    for (const std::string& notice : summary.notices)
        lines << toQString(notice);
    if (summary.damage)
        lines << ImportText::tr("The rest of the file cannot be read. %1").arg(describe(*summary.damage));
    return lines;
}

}  // namespace epi
