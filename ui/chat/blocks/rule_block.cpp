#include "ui/chat/blocks/rule_block.h"

#include <QPainter>

#include "ui/theme/theme.h"

namespace epi {

RuleBlock::RuleBlock(markdown::Block block, int width) : BlockLayout(std::move(block), width) {
    setHeight(Theme::current().px(16));
}

void RuleBlock::paintContent(QPainter& painter, QPoint origin, const BlockPaint&) const {
    const int y = origin.y() + height() / 2;
    painter.fillRect(QRect(origin.x(), y, contentWidth(), 1), Theme::current().colors().border);
}

}  // namespace epi
