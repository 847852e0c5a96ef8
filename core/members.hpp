#pragma once
#include <functional>
#include <vector>

#include "learner.hpp"

// Does `work` for every member, on so many threads, without the interpreter lock. Ctrl-C is looked for 20 times a second:
// work is told to stop, and KeyboardInterrupt is raised when all threads have come home.
// `since`: what `cancellations` was when the caller last made sure that nobody wants it to stop; -1: when this call begins.
void for_members(const std::vector<ppo::Learner *> &members, int threads, const std::function<void(ppo::Learner &, ppo::Stop &)> &work, long since = -1);

// Makes every `for_members` that runs now return without an exception; for signal handlers that want it so.
void cancel();
long cancellations();
