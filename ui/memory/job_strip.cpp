#include "ui/memory/job_strip.h"

#include <cmath>

#include <QCoreApplication>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>

#include "ui/bridge/text.h"
#include "ui/elided_label.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBarSteps = 1000;

QString tr(const char* text) {
    return QCoreApplication::translate("epi", text);
}

QString phaseText(const std::string& phase) {
    if (phase == "loading") return tr("Loading");
    if (phase == "embedding") return tr("Reading what it is about");
    if (phase == "clustering") return tr("Sorting into episodes");
    if (phase == "reading") return tr("Building memory");
    if (phase == "matching") return tr("Finding the episode");
    if (phase == "answering") return tr("Answering");
    if (phase == "checking") return tr("Reading");
    if (phase == "downloading") return tr("Downloading");
    return toQString(phase);
}

/// How far a job is, in what it counts.
QString amountText(const Progress& progress) {
    const auto amount = [&](const char* text) {
        return QCoreApplication::translate("epi", text, nullptr, static_cast<int>(progress.total))
            .arg(QLocale().toString(static_cast<qlonglong>(progress.done)));
    };
    if (progress.unit == "tokens") return amount(QT_TRANSLATE_N_NOOP("epi", "%1 of %Ln token(s)"));
    if (progress.unit == "segments") return amount(QT_TRANSLATE_N_NOOP("epi", "%1 of %Ln segment(s)"));
    if (progress.unit == "passages") return amount(QT_TRANSLATE_N_NOOP("epi", "%1 of %Ln passage(s)"));
    if (progress.unit == "questions") return amount(QT_TRANSLATE_N_NOOP("epi", "%1 of %Ln question(s)"));
    const QLocale locale;
    const bool isBytes = progress.unit == "bytes";
    const auto number = [&](std::int64_t value) {
        return isBytes ? locale.formattedDataSize(value) : locale.toString(static_cast<qlonglong>(value));
    };
    return tr("%1 of %2").arg(number(progress.done), number(progress.total));
}

/// What is counted a second; never one alone, since a rate has decimals.
QString unitText(const std::string& unit) {
    if (unit == "tokens") return tr("tokens");
    if (unit == "segments") return tr("segments");
    if (unit == "passages") return tr("passages");
    if (unit == "questions") return tr("questions");
    return toQString(unit);
}

QString timeText(double seconds) {
    if (seconds < 60.0) return tr("about %1 s left").arg(static_cast<int>(std::ceil(seconds)));
    if (seconds < 5400.0) return tr("about %1 min left").arg(static_cast<int>(std::ceil(seconds / 60.0)));
    return tr("about %1 h left").arg(QLocale().toString(seconds / 3600.0, 'f', 1));
}

}  // namespace

QString progressText(const Progress& progress) {
    const bool isForAll = progress.episode < 0 && progress.episodes > 0;
    QStringList parts{isForAll ? tr("Reading the history") : phaseText(progress.phase)};
    if (progress.episode >= 0 && progress.episodes > 0) {
        parts << tr("episode %1 of %2").arg(progress.episode + 1).arg(progress.episodes);
    } else if (progress.episodes > 1) {
        parts << QCoreApplication::translate(
            "epi", "one cache for %n episode(s)", nullptr, progress.episodes);
    }
    if (progress.total > 0) parts << amountText(progress);
    return parts.join(u" · "_s);
}

QString jobText(const QString& title, const Progress& progress) {
    const bool saysMore = progress.phase != "answering" || progress.total > 0;
    return saysMore ? title + u" · "_s + progressText(progress) : title;
}

QString rateText(const Progress& progress) {
    if (progress.perSecond <= 0.0) return {};
    const QString rate =
        progress.unit == "bytes"
            ? tr("%1/s").arg(QLocale().formattedDataSize(static_cast<qint64>(progress.perSecond)))
            : tr("%1 %2/s").arg(QLocale().toString(progress.perSecond, 'f', progress.perSecond < 10 ? 1 : 0),
                                unitText(progress.unit));
    if (progress.total <= progress.done) return rate;
    return rate + u" · "_s +
           timeText(static_cast<double>(progress.total - progress.done) / progress.perSecond);
}

JobStrip::JobStrip(QWidget* parent)
    : QWidget(parent),
      text_(new ElidedLabel(this)),
      rate_(new QLabel(this)),
      bar_(new QProgressBar(this)),
      cancel_(new QPushButton(tr("&Cancel"), this)) {
    text_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    rate_->setProperty("textRole", u"secondary"_s);
    rate_->setTextFormat(Qt::PlainText);
    bar_->setTextVisible(false);
    bar_->setAccessibleName(tr("Progress"));
    cancel_->setAccessibleDescription(tr("Ends the running job; what is finished is kept"));
    auto* grid = new QGridLayout(this);
    grid->addWidget(text_, 0, 0);
    grid->addWidget(rate_, 0, 1);
    grid->addWidget(bar_, 1, 0, 1, 2);
    grid->addWidget(cancel_, 0, 2, 2, 1, Qt::AlignVCenter);
    grid->setColumnStretch(0, 1);
    connect(cancel_, &QPushButton::clicked, this, &JobStrip::cancelRequested);
    applyTheme();
    hide();
}

void JobStrip::begin(const QString& title) {
    text_->setText(title);
    rate_->clear();
    bar_->setRange(0, 0);
    show();
}

void JobStrip::advance(const Progress& progress) {
    text_->setText(title_.isEmpty() ? progressText(progress) : jobText(title_, progress));
    rate_->setText(rateText(progress));
    if (progress.total > 0) {
        bar_->setRange(0, kBarSteps);
        bar_->setValue(static_cast<int>(progress.done * kBarSteps / progress.total));
    } else {
        bar_->setRange(0, 0);
    }
}

void JobStrip::setCancellable(bool isCancellable) {
    cancel_->setVisible(isCancellable);
    setFocusProxy(isCancellable ? cancel_ : nullptr);
}

void JobStrip::end() {
    hide();
}

QString JobStrip::text() const {
    return text_->text();
}

void JobStrip::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::StyleChange) applyTheme();
}

void JobStrip::applyTheme() {
    const Theme& theme = Theme::current();
    layout()->setContentsMargins(theme.px(24), theme.px(8), theme.px(24), theme.px(8));
    static_cast<QGridLayout*>(layout())->setHorizontalSpacing(theme.px(12));
    static_cast<QGridLayout*>(layout())->setVerticalSpacing(theme.px(6));
}

}  // namespace epi
