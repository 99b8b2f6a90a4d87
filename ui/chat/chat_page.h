#pragma once

#include <QPointer>
#include <QWidget>

#include "ui/chat/chat_session.h"

class QLabel;
class QPushButton;
class QStackedWidget;

namespace epi {

class Composer;
class EditBanner;
class FindBar;
class JobStrip;
class MemoryForm;
class MessageView;
class NoticeBar;
class TintLegend;

/// The middle of the window: a conversation's title, notices, messages, the running build, and the composer.
class ChatPage final : public QWidget {
    Q_OBJECT

public:
    explicit ChatPage(QWidget* parent = nullptr);

    void setSession(ChatSession* session);
    [[nodiscard]] ChatSession* session() const { return session_; }
    [[nodiscard]] MessageView& view() { return *view_; }
    [[nodiscard]] FindBar& findBar() { return *findBar_; }
    [[nodiscard]] Composer& composer() { return *composer_; }
    [[nodiscard]] NoticeBar& notice() { return *notice_; }
    [[nodiscard]] EditBanner& editBanner() { return *edit_; }
    [[nodiscard]] JobStrip& job() { return *job_; }
    [[nodiscard]] QWidget& buildBanner() { return *banner_; }
    /// Brings an own message into the composer to be sent as another version.
    void beginEdit(int row);
    /// Shows the form that builds a memory, also for a conversation that is short or has one.
    void offerBuild();
    /// Shows or hides which tokens of an episode are kept, behind the text.
    void setTint(bool isOn);
    [[nodiscard]] bool isTintOn() const { return isTintOn_; }
    /// Whose kept tokens the tint shows.
    void setTintEpisode(int episode);
    [[nodiscard]] int tintEpisode() const { return tintEpisode_; }
    void refreshHeader();
    /// Tokens of the chat, as far as its memory and its last reply tell; 0 where nothing does.
    [[nodiscard]] std::int64_t tokenCount() const;
    /// What is shown instead of messages while there are none.
    void setEmptyState(QWidget* widget);

Q_SIGNALS:
    void episodeActivated(int episode);
    void tintToggled();

protected:
    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeBuildBanner();
    QWidget* makeEmptyState();
    void connectSession();
    void connectTurns();
    void send(const QString& text);
    void tellPin(qint64 messageId, bool isPinned);
    void onMemoryChanged();
    void refresh();
    void refreshTint();
    void applyTheme();

    QPointer<ChatSession> session_;
    QLabel* title_ = nullptr;
    QLabel* details_ = nullptr;
    NoticeBar* notice_;
    TintLegend* legend_;
    QWidget* banner_ = nullptr;
    QLabel* bannerText_ = nullptr;
    MemoryForm* form_ = nullptr;
    QPushButton* build_ = nullptr;
    QPushButton* later_ = nullptr;
    QStackedWidget* stack_;
    QLabel* emptyTitle_ = nullptr;
    QLabel* emptyText_ = nullptr;
    MessageView* view_;
    FindBar* findBar_;
    JobStrip* job_;
    Composer* composer_;
    EditBanner* edit_;
    QWidget* composerRow_;
    bool isBannerDismissed_ = false;
    bool isBuildOffered_ = false;
    bool isTintOn_ = false;
    int tintEpisode_ = 0;
};

}  // namespace epi
