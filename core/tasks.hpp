// Gymnasium's classic-control tasks, stepped natively; double precision and operation by operation as gymnasium computes them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "random.hpp"

namespace ppo {

struct TaskFacts {
    const char *id;
    int observation;
    int choices;      // 0: one continuous action
    float low, high;  // bounds of that action
    int limit;        // steps after which an episode is cut off
};

struct Outcome {
    double reward;
    bool terminated;
};

class Tasks {  // n environments of one kind
  public:
    virtual ~Tasks() = default;
    virtual const TaskFacts &facts() const = 0;
    virtual void reset(int i, const double uniform[4]) = 0;
    virtual Outcome step(int i, int choice, float action) = 0;
    virtual void observe(int i, float *out) const = 0;
    std::vector<double> states;  // [n, 5]: what the task keeps, for saving and for tests
    static constexpr int STATE = 5;
};

const std::vector<TaskFacts> &task_list();
std::unique_ptr<Tasks> make_tasks(const std::string &id, int n);  // std::invalid_argument for an unknown id

}  // namespace ppo
