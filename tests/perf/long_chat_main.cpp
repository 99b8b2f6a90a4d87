// What a very long chat on disk costs the window, from the click that opens it to the question that is asked
// in it: time until it is drawn, time that the window is held up, memory. Figures, no verdicts;
// PERFORMANCE.md quotes them. perf_long_chat [MESSAGES], offscreen.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <QApplication>
#include <QProcess>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QTimer>

#include "tests/perf/sample_texts.h"
#include "ui/bridge/text.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/message_view.h"
#include "ui/conversations/conversation_list.h"
#include "ui/main_window.h"

#include <malloc.h>

namespace {

using namespace epi;
using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double cpuMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// A line of /proc/self/status in MiB.
double memory(const std::string& line) {
    std::ifstream status("/proc/self/status");
    for (std::string text; std::getline(status, text);) {
        if (text.starts_with(line + ":")) return std::atof(text.c_str() + line.size() + 1) / 1024;
    }
    return 0.0;
}

/// What the process holds now becomes its peak.
void forgetPeak() {
    std::ofstream("/proc/self/clear_refs") << "5";
}

/// Does at once what it is told, and keeps nothing of it.
class IdleEngine final : public Engine {
public:
    explicit IdleEngine(EventSink sink) : sink_(std::move(sink)) { sink_(0, Hello{}); }

    void post(JobId job, Command command) override {
        if (const auto* sync = std::get_if<SyncConversation>(&command)) {
            turns = sync->firstTurn + static_cast<std::int64_t>(sync->turns.size());
            sink_(job, Synced{.turns = turns});
        } else if (std::holds_alternative<Ask>(command)) {
            if (onAsk) onAsk();
            sink_(job, TurnDone{.text = "Forty-two.", .reason = "end"});
        } else {
            sink_(job, ModelLoaded{});
        }
    }
    void cancel(JobId) override {}

    std::function<void()> onAsk;
    std::int64_t turns = 0;

private:
    EventSink sink_;
};

/// Tells when the window was drawn, and the longest that an event has held it up.
class Application : public QApplication {
public:
    using QApplication::QApplication;
    std::function<void()> afterPaint;
    double longest = 0.0;

    bool notify(QObject* receiver, QEvent* event) override {
        const bool isPaint = event->type() == QEvent::UpdateRequest;
        const auto begin = Clock::now();
        const bool isDone = QApplication::notify(receiver, event);
        longest = std::max(longest, millisecondsSince(begin));
        if (isPaint && afterPaint) afterPaint();
        return isDone;
    }
};

PortableChat chatOf(const std::string& name, int count) {
    PortableChat chat;
    chat.uid = "perf:" + name;
    chat.title = name;
    chat.createdAtMs = 1'600'000'000'000;
    chat.messages.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        PortableMessage& message = chat.messages[static_cast<std::size_t>(i)];
        message.id = std::to_string(i);
        if (i > 0) message.parent = static_cast<std::size_t>(i - 1);
        message.role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
        message.text = toUtf8(i % 2 == 0 ? prose(i, 1) : reply(i));
        message.createdAtMs = chat.createdAtMs + i;
    }
    chat.current = chat.messages.size() - 1;
    return chat;
}

int makeProfile(const std::string& file, int count) {
    auto store = Store::open(file);
    const bool isMade =
        store && store->importChat(chatOf("short", 20)) && store->importChat(chatOf("long", count));
    if (!isMade) std::fprintf(stderr, "%s cannot be filled\n", file.c_str());
    return isMade ? 0 : 1;
}

/// Runs the event loop until something is so, or a minute has passed.
void waitFor(const std::function<bool()>& isSo) {
    const auto begin = Clock::now();
    QTimer clock;  // an event loop without events would wait for ever
    clock.start(20);
    while (!isSo() && millisecondsSince(begin) < 60'000)
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

void idle(double milliseconds) {
    const auto begin = Clock::now();
    waitFor([&] { return millisecondsSince(begin) >= milliseconds; });
}

void printMemory(const char* when, double before) {
    std::printf("%s: %+.1f MiB resident, %+.1f MiB at the peak\n",
                when,
                memory("VmRSS") - before,
                memory("VmHWM") - before);
}

qint64 chatCalled(MainWindow& window, const QString& title) {
    const ConversationModel& model = window.conversations().model();
    for (int row = 0; row < model.rowCount(); ++row) {
        if (model.at(row).title == toUtf8(title)) return model.at(row).id;
    }
    return 0;
}

void open(Application& application, MainWindow& window, qint64 id, int count) {
    Clock::time_point drawn{};
    application.longest = 0.0;
    application.afterPaint = [&] {
        if (drawn == Clock::time_point{} && window.session()->messages().rowCount() == count)
            drawn = Clock::now();
    };
    const double cpu = cpuMilliseconds();
    const auto begin = Clock::now();
    window.openConversation(id);
    const double called = millisecondsSince(begin);
    waitFor([&] { return drawn != Clock::time_point{}; });
    const double all = std::chrono::duration<double, std::milli>(drawn - begin).count();
    std::printf("open: drawn after %.1f ms (window's thread %.1f ms, longest %.1f ms at once)\n",
                all,
                cpuMilliseconds() - cpu,
                std::max(called, application.longest));
    application.afterPaint = {};
}

double percentile(std::vector<double> values, double share) {
    std::ranges::sort(values);
    return values.empty() ? 0.0
                          : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Whether a row in sight is not there yet.
bool hasShapes(MainWindow& window) {
    const MessageView& view = window.page().view();
    const MessageModel& messages = window.session()->messages();
    for (int row = view.firstRowInSight(); row < messages.rowCount(); ++row) {
        if (view.rowTop(row) >= view.viewport()->height()) return false;
        if (!messages.isLoaded(row)) return true;
    }
    return false;
}

/// Frame after frame as a wheel or a key turns it, at 60 a second.
void scroll(MainWindow& window, int count) {
    MessageView& view = window.page().view();
    view.scrollToRow(count / 2);
    idle(200);
    std::vector<double> frames;
    int withShapes = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto begin = Clock::now();
        view.verticalScrollBar()->setValue(view.verticalScrollBar()->value() + 120);
        QCoreApplication::processEvents();
        frames.push_back(millisecondsSince(begin));
        withShapes += hasShapes(window) ? 1 : 0;
        idle(std::max(0.0, 1'000.0 / 60 - millisecondsSince(begin)));
    }
    std::printf(
        "scroll by 120 px, 1,000 frames: p50 %.2f ms, p95 %.2f ms, worst %.2f ms, %d with empty shapes\n",
        percentile(frames, 0.5),
        percentile(frames, 0.95),
        percentile(frames, 1),
        withShapes);
}

/// Through all of it, far faster than anything can be read.
void rush(Application& application, MainWindow& window) {
    QScrollBar* bar = window.page().view().verticalScrollBar();
    application.longest = 0.0;
    for (int i = 0; i <= 500; ++i) {
        bar->setValue(static_cast<int>(static_cast<double>(bar->maximum()) * i / 500));
        QCoreApplication::processEvents();
        idle(2);
    }
    std::printf("through all of it in 500 steps: longest %.1f ms at once\n", application.longest);
}

void jump(MainWindow& window, int count) {
    MessageView& view = window.page().view();
    std::vector<double> toEnd;
    std::vector<double> toMiddle;
    for (int i = 0; i < 20; ++i) {
        auto begin = Clock::now();
        view.scrollToRow(i * count / 40);
        QCoreApplication::processEvents();
        waitFor([&] { return !hasShapes(window); });
        QCoreApplication::processEvents();
        toMiddle.push_back(millisecondsSince(begin));
        begin = Clock::now();
        view.scrollToEnd();
        QCoreApplication::processEvents();
        waitFor([&] { return !hasShapes(window); });
        toEnd.push_back(millisecondsSince(begin));
    }
    std::printf(
        "jump until drawn: to the end median %.1f ms, worst %.1f ms; elsewhere median %.1f ms, worst %.1f "
        "ms\n",
        percentile(toEnd, 0.5),
        percentile(toEnd, 1),
        percentile(toMiddle, 0.5),
        percentile(toMiddle, 1));
}

void ask(Application& application, MainWindow& window, IdleEngine& engine) {
    bool isPosted = false;
    const double cpu = cpuMilliseconds();
    double posted = 0.0;
    const auto begin = Clock::now();
    engine.onAsk = [&] {
        isPosted = true;
        posted = millisecondsSince(begin);
    };
    application.longest = 0.0;
    if (!window.session()->send(QStringLiteral("Tell me of number 77777."))) return;
    const double called = millisecondsSince(begin);
    waitFor([&] { return isPosted && !window.session()->isAnswering(); });
    std::printf(
        "send: question on disk and posted after %.1f ms with %lld turns told (window's thread %.1f ms, "
        "longest %.1f ms at once)\n",
        posted,
        static_cast<long long>(engine.turns),
        cpuMilliseconds() - cpu,
        std::max(called, application.longest));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::string(argv[1]) == "--make") return makeProfile(argv[2], std::atoi(argv[3]));
    Application application(argc, argv);
    const int count = argc > 1 ? std::atoi(argv[1]) : 100'000;
    if (count < 100) {
        std::fprintf(stderr, "usage: perf_long_chat [MESSAGES, at least 100]\n");
        return 2;
    }
    QTemporaryDir folder;
    const QString file = folder.filePath(QStringLiteral("epichat.db"));
    // In a process of its own: what it takes is not counted.
    const QStringList arguments{QStringLiteral("--make"), file, QString::number(count)};
    if (QProcess::execute(QCoreApplication::applicationFilePath(), arguments) != 0) return 1;

    StoreClient store(toUtf8(file));
    IdleEngine* engine = nullptr;
    EngineClient client([&engine](EventSink sink) {
        auto made = std::make_unique<IdleEngine>(std::move(sink));
        engine = made.get();
        return made;
    });
    MainWindow window(client, store, {.theme = ThemeChoice::kLight, .percent = 100});
    bool isReady = false;
    QObject::connect(&window, &MainWindow::ready, &window, [&] { isReady = true; });
    window.restore();
    waitFor([&] { return isReady && chatCalled(window, QStringLiteral("long")) != 0; });
    window.resize(1'300, 860);
    // Fonts, caches and pages that any chat needs are there.
    open(application, window, chatCalled(window, QStringLiteral("short")), 20);
    idle(500);
    malloc_trim(0);
    const double before = memory("VmRSS");
    forgetPeak();
    std::printf("a chat of %d messages, in a window that holds %.1f MiB:\n", count, before);
    open(application, window, chatCalled(window, QStringLiteral("long")), count);
    idle(500);
    printMemory("opened", before);
    jump(window, count);
    scroll(window, count);
    rush(application, window);
    printMemory("scrolled through", before);
    ask(application, window, *engine);
    idle(500);
    printMemory("asked", before);
    for (int i = 0; i < 5; ++i)
        ask(application, window, *engine);
    printMemory("asked five times more", before);
    return 0;
}
