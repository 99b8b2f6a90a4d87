#pragma once

#include <QObject>
#include <QString>

class QDockWidget;
class QMainWindow;
class QSplitter;

namespace epi {

/// The widths of the list on the left and of the panel on the right. They follow the size of the text: as
/// wide for it as the user made them, as long as the conversation stays the widest part. GUI thread only.
class SidePanels final : public QObject {
    Q_OBJECT

public:
    /// The list is the splitter's first part.
    SidePanels(QMainWindow& window, QSplitter& splitter, QDockWidget& dock);

    /// After the text's size changed, from `before` per cent to that of the theme.
    void rescale(int before);
    /// Takes over what `saved` gave once, maybe at another size of the text.
    void restore(const QString& saved);
    [[nodiscard]] QString saved() const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    /// As the user made them, in pixels at 100 per cent.
    struct Widths {
        double list = 264.0;
        double dock = 320.0;
    };
    void apply();

    QMainWindow& window_;
    QSplitter& splitter_;
    QDockWidget& dock_;
    Widths wanted_;
};

}  // namespace epi
