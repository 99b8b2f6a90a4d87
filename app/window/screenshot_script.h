#pragma once

#include <functional>

#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>
#include <QObject>
#include <QTimer>

#include "ui/main_window.h"

namespace epi {

/// Drives a window through a list of steps and takes pictures of it; for documentation and for looking at a
/// real engine's work. A script is a JSON array of objects, each with the step's name in "do":
///
///   {"do": "ready"}                                    waits until a model is loaded
///   {"do": "import", "file": "locomo10.json"}          imports a file
///   {"do": "open", "conversation": "conv-26"}          by source id, title or row id
///   {"do": "new"}                                      begins a new chat
///   {"do": "build", "budget": 1024, "episodes": 4, "block": 512, "preset": "epicache", "wait": true}
///                                                      builds the memory; what is left out is as last built
///   {"do": "ask", "text": "…", "wait": true}           asks and waits for the reply
///   {"do": "panel", "tab": "episodes", "episode": 2}   or "layers"; the episode is counted from 1
///   {"do": "evaluate", "questions": 5, "categories": [1, 2], "budget": 1024, "wait": true}
///   {"do": "export", "file": "run.csv"}                of the evaluation; .csv or .json
///   {"do": "tint", "on": true}                         what the chosen episode keeps, behind the text
///   {"do": "scroll", "to": "top"}                      or "end", or a message's source id such as "D1:3"
///   {"do": "resize", "width": 1360, "height": 860}
///   {"do": "theme", "name": "dark", "scale": 150}       or "light", "high-contrast"
///   {"do": "find", "text": "word"}                     in the chat, with the bar over it
///   {"do": "settings", "section": 2}                   counted from 0, in the order of the dialog
///   {"do": "models"}                                   opens the model manager
///   {"do": "download", "url": "https://…", "sha256": "…", "name": "…", "start": true}
///                                                      allows downloads, asks for one, and waits for its end
///                                                      unless "start" is false
///   {"do": "action", "id": "app.palette"}              any registered action
///   {"do": "screenshot", "file": "a.png", "window": "main"}   or "evaluation", or another window's object
///   name
///   {"do": "wait", "ms": 500}
///
/// Every step may have "timeout", in seconds (default 1,800). A step that fails, or is unknown, ends the
/// script. GUI thread only.
class ScreenshotScript final : public QObject {
    Q_OBJECT

public:
    ScreenshotScript(MainWindow& window, QJsonArray steps, QObject* parent = nullptr);

    void start();

Q_SIGNALS:
    /// `error` is empty when every step was done.
    void finished(const QString& error);

private:
    /// Whether the step is done; an error text when it failed.
    struct Outcome {
        bool isDone = false;
        QString error;
    };
    using Wait = std::function<Outcome()>;
    using Step = Wait (ScreenshotScript::*)(const QJsonObject&);

    static Wait done();
    static Wait fail(const QString& error);
    void next();
    void poll();
    Wait begin(const QJsonObject& step);

    Wait ready(const QJsonObject& step);
    Wait import(const QJsonObject& step);
    Wait open(const QJsonObject& step);
    Wait newChat(const QJsonObject& step);
    Wait build(const QJsonObject& step);
    Wait ask(const QJsonObject& step);
    Wait panel(const QJsonObject& step);
    Wait evaluate(const QJsonObject& step);
    Wait exportResults(const QJsonObject& step);
    Wait tint(const QJsonObject& step);
    Wait scroll(const QJsonObject& step);
    /// Looks for a message from a row on, and scrolls to it.
    void findMessage(const QString& sourceId, int first, std::shared_ptr<Outcome> outcome);
    Wait resize(const QJsonObject& step);
    Wait theme(const QJsonObject& step);
    Wait settings(const QJsonObject& step);
    Wait models(const QJsonObject& step);
    Wait download(const QJsonObject& step);
    Wait action(const QJsonObject& step);
    Wait screenshot(const QJsonObject& step);
    Wait find(const QJsonObject& step);
    Wait search(const QJsonObject& step);
    Wait previewImport(const QJsonObject& step);
    Wait pause(const QJsonObject& step);

    MainWindow& window_;
    QJsonArray steps_;
    int index_ = -1;
    Wait wait_;
    QElapsedTimer elapsed_;
    QTimer polling_;
};

/// Saves what a widget shows as a PNG file, making its folder. Whether that worked.
bool saveScreenshot(QWidget& widget, const QString& file);

}  // namespace epi
