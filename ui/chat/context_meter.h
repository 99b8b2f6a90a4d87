#pragma once

#include <cstdint>
#include <optional>

#include <QWidget>

#include "ui/chat/reply_details.h"

namespace epi {

/// What the cache that answered last holds of a chat, and what it still has room for. Tokens, as a mean over
/// layers and KV heads.
struct ContextState {
    std::int64_t kept = 0;    // of the chat before the last question, as far as the budget reaches
    std::int64_t fresh = 0;   // read since, not compressed yet
    std::int64_t free = 0;    // until older tokens are compressed
    std::int64_t total = 0;   // of the chat
    std::int64_t budget = 0;  // to which they are compressed; 0: unknown

    [[nodiscard]] std::int64_t capacity() const { return kept + fresh + free; }
    /// Whether little is free.
    [[nodiscard]] bool isNearlyFull() const { return free * 8 < capacity(); }

    bool operator==(const ContextState&) const = default;
};

/// Nothing where the reply does not say how much room there was.
std::optional<ContextState> contextAfter(const ReplyDetails& reply, std::int64_t budget);

/// A bar of what is kept, what is new, and what is free, with the numbers in its description.
class ContextMeter final : public QWidget {
    Q_OBJECT

public:
    explicit ContextMeter(QWidget* parent = nullptr);

    void show(const std::optional<ContextState>& state);
    /// "4,096 of 91,300 tokens kept · 2,048 free".
    [[nodiscard]] static QString shortText(const ContextState& state);
    /// What it means and what happens next.
    [[nodiscard]] static QString longText(const ContextState& state);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    ContextState state_;
};

}  // namespace epi
