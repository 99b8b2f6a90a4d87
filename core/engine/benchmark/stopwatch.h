#pragma once

#include <chrono>
#include <optional>

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "core/base/seconds_since.h"

namespace epi {

/// How long the device works on what is queued between `start` and `stop`; on a CPU the time that passes.
class Stopwatch {
public:
    explicit Stopwatch(c10::Device device) : device_(device) {}

    void start() {
        if (device_.is_cuda()) {
            begin_.emplace(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
            begin_->record(stream());
        }
        clock_ = std::chrono::steady_clock::now();
    }
    /// Seconds. Waits for the device.
    double stop() {
        if (!device_.is_cuda()) return secondsSince(clock_);
        c10::Event end(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
        end.record(stream());
        end.synchronize();
        return begin_->elapsedTime(end) / 1e3;
    }

private:
    [[nodiscard]] c10::Stream stream() const {
        return c10::impl::VirtualGuardImpl(device_.type()).getStream(device_);
    }

    c10::Device device_;
    std::optional<c10::Event> begin_;
    std::chrono::steady_clock::time_point clock_;
};

}  // namespace epi
