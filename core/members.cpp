#include "members.hpp"

#include <nanobind/nanobind.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

namespace nb = nanobind;
using namespace ppo;
using Clock = std::chrono::steady_clock;

namespace {

std::atomic<long> cancels{0};

struct Flag : Stop {  // what the other threads ask
    explicit Flag(long since) : since(since) {}
    std::atomic<bool> raised{false};
    const long since;
    bool asked() override { return raised.load(std::memory_order_relaxed) || cancels.load(std::memory_order_relaxed) != since; }
};

// What the calling thread asks: it alone may ask the interpreter whether a signal came.
struct Signals : Stop {
    explicit Signals(Flag &flag) : flag(flag) {}
    bool asked() override {
        if (Clock::now() < next) return flag.asked();
        next = Clock::now() + std::chrono::milliseconds(50);
        nb::gil_scoped_acquire lock;
        if (!interrupted && PyErr_CheckSignals() != 0) {
            PyErr_Clear();  // raised again when all threads have come home
            interrupted = true, flag.raised = true;
        }
        return flag.asked();
    }
    Flag &flag;
    Clock::time_point next = Clock::now() + std::chrono::milliseconds(50);
    bool interrupted = false;
};

}  // namespace

void cancel() { ++cancels; }
long cancellations() { return cancels; }

void for_members(const std::vector<Learner *> &members, int threads, const std::function<void(Learner &, Stop &)> &each, long since) {
    Flag flag(since < 0 ? cancellations() : since);
    Signals signals(flag);
    std::atomic<size_t> next{0};
    std::exception_ptr failure;
    std::mutex failing;
    auto work = [&](Stop &stop) {
        for (size_t i; !stop.asked() && (i = next++) < members.size();) {
            try {
                each(*members[i], stop);
            } catch (...) {
                std::lock_guard lock(failing);
                if (!failure) failure = std::current_exception();
                flag.raised = true;
            }
        }
    };
    {
        nb::gil_scoped_release unlocked;
        std::atomic<int> busy{0};
        std::vector<std::thread> others;
        const int count = std::min<int>(threads, int(members.size()));
        for (int t = 1; t < count; ++t) {
            ++busy;
            others.emplace_back([&] { work(flag), --busy; });
        }
        work(signals);
        while (busy > 0) signals.asked(), std::this_thread::sleep_for(std::chrono::microseconds(200));
        for (std::thread &other : others) other.join();
    }
    if (failure) std::rethrow_exception(failure);
    if (signals.interrupted) {
        PyErr_SetNone(PyExc_KeyboardInterrupt);
        throw nb::python_error();
    }
}
