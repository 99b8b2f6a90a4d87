// The window with a played engine, for looking at it: preview_window DATABASE SCRIPT [pace in ms] [file with
// the reply].

#include <cstdio>

#include <QApplication>
#include <QFile>
#include <QJsonDocument>

#include "app/window/screenshot_script.h"
#include "tests/support/fake_engine.h"
#include "ui/theme/translations.h"

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: preview_window DATABASE SCRIPT [PACE_MS] [REPLY_FILE]\n");
        return 2;
    }
    QApplication application(argc, argv);
    epi::installTranslations(application, qEnvironmentVariable("EPICHAT_LANGUAGE"));
    epi::Theme::apply(epi::ThemeChoice::kLight, 100);
    QFile file(QString::fromLocal8Bit(argv[2]));
    if (!file.open(QIODevice::ReadOnly)) return 3;
    const QJsonArray steps = QJsonDocument::fromJson(file.readAll()).array();

    epi::test::FakeScript script;
    script.pace = std::chrono::milliseconds(argc > 3 ? QByteArray(argv[3]).toInt() : 0);
    script.layers = 28;
    script.replyPieces = {"She ",
                          "went to ",
                          "the support group ",
                          "on 7 May 2023, ",
                          "the day before ",
                          "she told ",
                          "her friend ",
                          "about it. ",
                          "It made her feel accepted ",
                          "and gave her ",
                          "the courage ",
                          "to embrace herself."};
    if (argc > 4) {
        QFile reply(QString::fromLocal8Bit(argv[4]));
        if (!reply.open(QIODevice::ReadOnly)) return 3;
        const QString text = QString::fromUtf8(reply.readAll());
        script.replyPieces.clear();
        for (qsizetype begin = 0; begin < text.size(); begin += 4)
            script.replyPieces.push_back(text.mid(begin, 4).toStdString());
    }
    epi::StoreClient store(argv[1]);
    epi::EngineClient engine([script](epi::EventSink sink) {
        return std::make_unique<epi::test::FakeEngine>(script, std::move(sink));
    });
    epi::MainWindow window(engine, store, {});
    epi::ScreenshotScript runner(window, steps);
    QObject::connect(&runner, &epi::ScreenshotScript::finished, &window, [&](const QString& error) {
        if (!error.isEmpty()) std::fprintf(stderr, "%s\n", error.toUtf8().constData());
        window.close();
        QCoreApplication::exit(error.isEmpty() ? 0 : 1);
    });
    QObject::connect(&window, &epi::MainWindow::ready, &runner, &epi::ScreenshotScript::start);
    window.restore();
    return QApplication::exec();
}
