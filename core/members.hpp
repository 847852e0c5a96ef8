#pragma once
#include <vector>

#include "learner.hpp"

// Trains every member for so many updates, on so many threads, without the interpreter lock. `inside`: native environments;
// otherwise the rollouts are full and one update is done. Ctrl-C is looked for 20 times a second: raises KeyboardInterrupt.
void advance_members(std::vector<ppo::Learner *> members, int updates, int threads, bool inside);
