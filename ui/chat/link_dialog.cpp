#include "ui/chat/link_dialog.h"

#include <QClipboard>
#include <QCoreApplication>
#include <QDesktopServices>
#include <QGuiApplication>
#include <QMessageBox>
#include <QPushButton>
#include <QUrl>

#include "ui/markdown/link.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

struct LinkTexts {
    Q_DECLARE_TR_FUNCTIONS(epi::LinkTexts)
};

constexpr int kLongestShown = 400;
constexpr int kLineLength = 72;

/// An address that is not opened, in characters that hide nothing and are no markup.
QString harmless(const QString& target) {
    const QByteArray encoded = QUrl::toPercentEncoding(target.left(kLongestShown), ":/?#[]@!$()*+,;=% ");
    return QString::fromLatin1(encoded);
}

/// Addresses have no places to break them at, and a window that is as wide as one is of no use.
QString inLines(const QString& address) {
    QStringList lines;
    for (qsizetype begin = 0; begin < address.size(); begin += kLineLength)
        lines << address.mid(begin, kLineLength);
    return lines.join(u'\n');
}

}  // namespace

QString linkTip(const QString& target) {
    const QUrl address = markdown::openableAddress(target);
    if (!address.isValid()) return inLines(LinkTexts::tr("Is not opened: %1").arg(harmless(target)));
    return inLines(markdown::honestAddress(address).left(kLongestShown));
}

void askToOpenLink(QWidget* parent, const QString& target) {
    const QUrl address = markdown::openableAddress(target);
    auto* box = new QMessageBox(parent);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setWindowTitle(LinkTexts::tr("Open link"));
    if (!address.isValid()) {
        box->setText(LinkTexts::tr("Only web and e-mail addresses are opened. This link leads to:"));
        box->setInformativeText(inLines(harmless(target)));
        box->addButton(LinkTexts::tr("&Close"), QMessageBox::RejectRole);
        box->open();
        return;
    }
    const QString honest = markdown::honestAddress(address);
    box->setText(LinkTexts::tr("Open this address outside of EpiChat?"));
    box->setInformativeText(inLines(honest));
    auto* open = box->addButton(LinkTexts::tr("&Open"), QMessageBox::AcceptRole);
    auto* copy = box->addButton(LinkTexts::tr("&Copy address"), QMessageBox::ActionRole);
    auto* cancel = box->addButton(LinkTexts::tr("Cancel"), QMessageBox::RejectRole);
    box->setDefaultButton(cancel);
    box->setEscapeButton(cancel);
    QObject::connect(open, &QPushButton::clicked, box, [address] { QDesktopServices::openUrl(address); });
    QObject::connect(
        copy, &QPushButton::clicked, box, [honest] { QGuiApplication::clipboard()->setText(honest); });
    box->open();
}

}  // namespace epi
