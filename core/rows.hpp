// What happened, as the JSON lines of a run folder: Python would take longer to write them than the core takes to train.
#pragma once
#include <string>

#include "learner.hpp"

namespace ppo {

// The updates that were not told yet, a line each; their wall times lie evenly between `from` and `to`.
std::string update_lines(const Learner &learner, double from, double to);
std::string episode_lines(const Learner &learner);

}  // namespace ppo
