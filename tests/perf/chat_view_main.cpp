// What a reply that arrives costs the conversation view, and typing meanwhile. Figures, no verdicts;
// PERFORMANCE.md quotes them. perf_chat_view [MESSAGES of the chat, all in memory], offscreen.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

#include <QApplication>
#include <QEventLoop>
#include <QImage>
#include <QInputDevice>
#include <QKeyEvent>
#include <QPainter>
#include <QPlainTextEdit>
#include <QTimer>
#include <QVBoxLayout>

#include "tests/perf/sample_texts.h"
#include "ui/bridge/text.h"
#include "ui/chat/composer.h"
#include "ui/chat/message_view.h"
#include "ui/theme/theme.h"

namespace {

using namespace epi;
using namespace Qt::StringLiterals;
using Clock = std::chrono::steady_clock;

constexpr int kAnswerCharacters = 8'000;
constexpr int kTokenCharacters = 4;
constexpr auto kTokenTime = std::chrono::milliseconds(10);
constexpr auto kKeyTime = std::chrono::milliseconds(53);  // not in step with the tokens

double cpuMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values.empty() ? 0.0
                          : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// An answer as models write them: sections of prose, lists, code and a table.
QString longAnswer() {
    QString text;
    for (int part = 0; text.size() < kAnswerCharacters; ++part)
        text += reply(part * 84) + u"\n\n"_s;
    return text.left(kAnswerCharacters);
}

/// An answer of nothing but code.
QString codeAnswer() {
    QString text = u"```cpp\n"_s;
    for (int part = 0; text.size() < kAnswerCharacters; ++part)
        text +=
            u"/// Part %1 of a sum.\nint part%1(const std::vector<int>& values) {\n    int sum = %1;\n"
            "    for (const int value : values) {\n        sum += value * 0x1F;  // \"weighted\"\n    }\n"
            "    return sum;\n}\n\n"_s.arg(part);
    return text.left(kAnswerCharacters);
}

std::vector<MessageRecord> records(int count) {
    std::vector<MessageRecord> all(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        MessageRecord& record = all[static_cast<std::size_t>(i)];
        record.id = i + 1;
        record.role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
        record.text = toUtf8(i % 2 == 0 ? prose(i, 1) : reply(i));
        record.createdAtMs = 1'700'000'000'000 + i;
    }
    return all;
}

/// Tells when the window was drawn.
class Application : public QApplication {
public:
    using QApplication::QApplication;
    std::function<void()> afterPaint;

    bool notify(QObject* receiver, QEvent* event) override {
        const bool isPaint = event->type() == QEvent::UpdateRequest;
        const bool isDone = QApplication::notify(receiver, event);
        if (isPaint && afterPaint) afterPaint();
        return isDone;
    }
};

/// A long block of code comes into sight: what it costs more than one of a language without colours.
void measureCode() {
    for (const QString& label : {u"cpp"_s, u"text"_s}) {
        QString answer = codeAnswer();
        answer += answer.mid(answer.indexOf(u'\n') + 1).left(6'000);
        answer.replace(0, answer.indexOf(u'\n'), u"```"_s + label);
        MessageBody body(markdown::Syntax::kMarkdown, 692);
        body.setText(answer);
        (void)body.settle(0, 860);
        QImage image(692, 860, QImage::Format_RGB32);
        QPainter painter(&image);
        double begin = cpuMilliseconds();
        body.paint(painter, {0, 0}, {.clip = image.rect()});
        const double first = cpuMilliseconds() - begin;
        begin = cpuMilliseconds();
        body.paint(painter, {0, 0}, {.clip = image.rect()});
        const double again = cpuMilliseconds() - begin;
        std::vector<double> costs;
        for (int i = 0; i < 200; ++i) {
            answer += i % 8 == 7 ? u"\n"_s : u"a1 +"_s;
            begin = cpuMilliseconds();
            body.setText(answer);
            body.paint(painter, {0, 0}, {.clip = QRect(0, 0, 692, 20)});
            costs.push_back(cpuMilliseconds() - begin);
        }
        std::printf(
            "code of %lld characters, label %s: first drawn in %.1f ms, again in %.1f ms; after each token "
            "%.2f ms\n",
            static_cast<long long>(answer.size()),
            qPrintable(label),
            first,
            again,
            percentile(costs, 0.5));
    }
}

void measureLayout(const QString& answer) {
    MessageBody body(markdown::Syntax::kMarkdown, 692);
    std::vector<double> costs;
    for (qsizetype end = kTokenCharacters; end <= answer.size(); end += kTokenCharacters) {
        const double begin = cpuMilliseconds();
        body.setText(answer.left(end));
        costs.push_back(cpuMilliseconds() - begin);
    }
    double sum = 0;
    for (const double cost : costs)
        sum += cost;
    std::printf("reading and laying out after every token of %d characters: %.3f ms per token, p95 %.3f ms\n",
                kAnswerCharacters,
                sum / static_cast<double>(costs.size()),
                percentile(costs, 0.95));
}

/// A reply arrives token by token while keys are pressed. Keys come from a thread, so that they also come
/// when the window is busy.
void measureStreaming(Application& application,
                      MessageModel& model,
                      Composer& composer,
                      const QString& answer,
                      const char* what) {
    MessageRecord record;
    record.id = 1'000'000'000 + model.rowCount();
    record.role = Role::kAssistant;
    record.state = MessageState::kStreaming;
    const int row = model.append(itemOf(record));
    auto* edit = composer.findChild<QPlainTextEdit*>();
    edit->clear();
    edit->setFocus();
    std::atomic<qint64> pressedAt{0};  // nanoseconds; 0: none is waited for
    std::vector<double> latencies;
    application.afterPaint = [&] {
        if (pressedAt == 0 || edit->toPlainText().size() <= static_cast<qsizetype>(latencies.size())) return;
        const auto now = Clock::now().time_since_epoch();
        const auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - pressedAt;
        latencies.push_back(static_cast<double>(elapsed) / 1e6);
        pressedAt = 0;
    };
    std::atomic<bool> isDone{false};
    std::thread keys([&] {
        while (!isDone) {
            std::this_thread::sleep_for(kKeyTime);
            if (pressedAt != 0) continue;
            const auto now = Clock::now().time_since_epoch();
            pressedAt = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
            QCoreApplication::postEvent(edit,
                                        new QKeyEvent(QEvent::KeyPress, Qt::Key_A, Qt::NoModifier, u"a"_s));
        }
    });
    QTimer tokens;
    tokens.setTimerType(Qt::PreciseTimer);
    qsizetype end = 0;
    QEventLoop loop;
    const double cpuBefore = cpuMilliseconds();
    QObject::connect(&tokens, &QTimer::timeout, &application, [&] {
        model.appendText(row, answer.mid(end, kTokenCharacters));
        end += kTokenCharacters;
        if (end >= answer.size()) loop.quit();
    });
    tokens.start(kTokenTime);
    loop.exec();
    isDone = true;
    keys.join();
    const double cpu = cpuMilliseconds() - cpuBefore;
    std::printf(
        "%s of %d characters at 100 tokens/s: %.3f ms of the window's thread per token, typing included\n",
        what,
        kAnswerCharacters,
        cpu * kTokenCharacters / kAnswerCharacters);
    std::printf("key to paint meanwhile: p50 %.2f ms, p95 %.2f ms, worst %.2f ms (%zu keys)\n",
                percentile(latencies, 0.5),
                percentile(latencies, 0.95),
                percentile(latencies, 1),
                latencies.size());
    application.afterPaint = {};
}

}  // namespace

int main(int argc, char** argv) {
    Application application(argc, argv);
    Theme::apply(ThemeChoice::kLight, 100);
    (void)QInputDevice::primaryKeyboard();  // made here, not by the thread that presses keys
    const int count = argc > 1 ? std::atoi(argv[1]) : 100'000;
    if (count < 100) {
        std::fprintf(stderr, "usage: perf_chat_view [MESSAGES, at least 100]\n");
        return 2;
    }
    MessageModel model;
    QWidget window;
    auto* column = new QVBoxLayout(&window);
    auto* view = new MessageView(&window);
    auto* composer = new Composer(&window);
    column->addWidget(view, 1);
    column->addWidget(composer);
    window.resize(1'000, 860);
    window.show();
    QCoreApplication::processEvents();
    model.assign(records(count));
    view->setModel(&model);
    QCoreApplication::processEvents();
    const QString answer = longAnswer();
    measureLayout(answer);
    view->scrollToEnd();
    measureStreaming(application, model, *composer, answer, "a reply");
    view->scrollToEnd();
    measureStreaming(application, model, *composer, codeAnswer(), "a reply of code");
    measureCode();
    return 0;
}
