#include "ui/models/download_dialog.h"

#include <QDialogButtonBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QRegularExpression>
#include <QStyle>
#include <QVBoxLayout>

#include "core/download/address.h"
#include "ui/bridge/text.h"
#include "ui/theme/theme.h"

namespace epi {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLongestAddress = 8192;  // characters

AddressParts partsOf(const QUrl& url) {
    std::string host = toUtf8(url.host(QUrl::FullyEncoded));
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return {.scheme = toUtf8(url.scheme()),
            .host = std::move(host),
            .path = toUtf8(url.path(QUrl::FullyEncoded)),
            .hasUser = !url.userInfo().isEmpty()};
}

void setRole(QLabel* label, const QString& role) {
    if (label->property("textRole") == role) return;
    label->setProperty("textRole", role);
    label->style()->unpolish(label);
    label->style()->polish(label);
}

}  // namespace

DownloadDialog::DownloadDialog(const QString& folder, QWidget* parent)
    : QDialog(parent),
      folder_(folder),
      address_(new QLineEdit(this)),
      name_(new QLineEdit(this)),
      sha256_(new QLineEdit(this)),
      summary_(new QLabel(this)) {
    setWindowTitle(tr("Download a model"));
    setObjectName(u"download"_s);
    address_->setMaxLength(kLongestAddress);
    address_->setPlaceholderText(u"https://…/model.gguf"_s);
    sha256_->setPlaceholderText(tr("as the page of the model gives it, or empty"));
    summary_->setTextFormat(Qt::PlainText);
    summary_->setWordWrap(true);
    summary_->setAlignment(Qt::AlignTop | Qt::AlignLeading);
    const Theme& theme = Theme::current();
    // Room for the longest, so that the dialog does not jump while an address is typed.
    summary_->setMinimumHeight(theme.px(112));
    auto* form = new QFormLayout;
    form->addRow(tr("&Address"), address_);
    form->addRow(tr("File &name"), name_);
    form->addRow(tr("&SHA-256"), sha256_);
    form->setHorizontalSpacing(theme.px(16));
    form->setVerticalSpacing(theme.px(8));
    auto* buttons = new QDialogButtonBox(this);
    download_ = buttons->addButton(tr("&Download"), QDialogButtonBox::AcceptRole);
    buttons->addButton(tr("Cancel"), QDialogButtonBox::RejectRole);
    download_->setDefault(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(16), theme.px(16), theme.px(16), theme.px(12));
    column->setSpacing(theme.px(12));
    column->addLayout(form);
    column->addWidget(summary_, 1);
    column->addWidget(buttons);
    resize(theme.px(640), sizeHint().height());
    for (QLineEdit* field : {address_, name_, sha256_})
        connect(field, &QLineEdit::textChanged, this, &DownloadDialog::refresh);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons, &QDialogButtonBox::accepted, this, [this] {
        if (!wish_) return;
        const DownloadWish wish = *wish_;
        accept();
        Q_EMIT
        downloadRequested(wish);
    });
    refresh();
}

void DownloadDialog::refresh() {
    wish_.reset();
    name_->setPlaceholderText({});
    if (address_->text().trimmed().isEmpty()) {
        setRole(summary_, u"secondary"_s);
        summary_->setText(tr("Type or paste the address of a GGUF file."));
    } else if (auto read = this->read(); read) {
        wish_ = *std::move(read);
        setRole(summary_, u"secondary"_s);
        summary_->setText(summaryOf(*wish_));
    } else {
        setRole(summary_, u"warning"_s);
        summary_->setText(describe(read.error()));
    }
    download_->setEnabled(wish_.has_value());
}

Result<DownloadWish> DownloadDialog::read() {
    DownloadWish wish;
    wish.folder = folder_;
    wish.address = QUrl(address_->text().trimmed(), QUrl::StrictMode);
    if (!wish.address.isValid() || wish.address.isRelative()) {
        return Error{ErrorCode::kInvalidArgument, toUtf8(tr("an address begins with https://"))};
    }
    const AddressParts parts = partsOf(wish.address);
    EPI_TRY(checkAddress(parts));
    const auto own = modelFileNameOf(parts.path);
    if (own) name_->setPlaceholderText(toQString(*own));
    const std::string given = toUtf8(name_->text().trimmed());
    if (given.empty() && !own) return own.error();
    EPI_TRY_ASSIGN(const std::string name, given.empty() ? own : checkedModelFileName(given));
    wish.name = toQString(name);
    wish.sha256 = sha256_->text().simplified().remove(u' ').toLower();
    static const QRegularExpression kDigits(u"^(|[0-9a-f]{64})$"_s);
    if (!kDigits.match(wish.sha256).hasMatch()) {
        return Error{
            ErrorCode::kInvalidArgument,
            toUtf8(tr("a SHA-256 has 64 digits from 0 to 9 and a to f, and this one has %n character(s)",
                      nullptr,
                      static_cast<int>(wish.sha256.size())))};
    }
    if (QFileInfo::exists(folder_ + u'/' + wish.name)) {
        return Error{ErrorCode::kInvalidArgument,
                     toUtf8(tr("%1 is among your models already").arg(wish.name))};
    }
    return wish;
}

QString DownloadDialog::summaryOf(const DownloadWish& wish) const {
    QStringList lines{tr("Connects to %1 and stores %2 in %3.")
                          .arg(wish.address.host(QUrl::FullyEncoded), wish.name, folder_),
                      tr("That server learns your network address and which file you ask for, and nothing "
                         "else. It may pass you on to another one.")};
    const QFileInfo part(folder_ + u'/' + wish.name + u".part"_s);
    if (part.exists()) {
        lines << tr("%1 are there from before; the download goes on from there if the file is the same.")
                     .arg(QLocale().formattedDataSize(part.size()));
    }
    if (wish.sha256.isEmpty()) {
        lines << tr("Without a SHA-256 nothing proves that it is the file you mean.");
    }
    return lines.join(u'\n');
}

QString DownloadDialog::summaryText() const {
    return summary_->text();
}

}  // namespace epi
