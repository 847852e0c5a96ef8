// Two towers and a Gaussian's log_std in one flat buffer, and the same numbers as torch's named tensors.
#pragma once
#include <new>
#include <string>
#include <vector>

#include "network.hpp"
#include "random.hpp"

namespace ppo {

template <class T>
struct Aligned {  // whole cache lines, for the widest vectors
    using value_type = T;
    Aligned() = default;
    template <class U>
    Aligned(const Aligned<U> &) {}
    T *allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t(64))); }
    void deallocate(T *p, size_t) { ::operator delete(p, std::align_val_t(64)); }
    bool operator==(const Aligned &) const { return true; }
};
using Floats = std::vector<float, Aligned<float>>;
using Ints = std::vector<int, Aligned<int>>;

struct Tensor {  // where a named tensor [rows, columns] lies in the flat buffer
    std::string name;
    long rows, columns;  // columns 0: a vector of `rows`
    long at, row, column;
};

struct Shape {
    int observation, outputs;
    std::vector<int> choices;  // options per categorical choice; empty for a Gaussian
    Tower actor{}, critic{};
    long critic_at = 0, log_std = 0, size = 0, turned = 0, widest = LINE;

    Shape(int observation, std::vector<int> choices, int dimensions, const std::vector<int> &hidden, bool relu);
    bool gaussian() const { return choices.empty(); }
    int components() const { return gaussian() ? outputs : int(choices.size()); }
    Head head() const { return {gaussian(), components(), outputs, choices.data()}; }
    std::vector<Tensor> tensors() const;
    Floats initial(uint64_t seed, bool orthogonal, float log_std) const;

  private:
    Tower tower(const std::vector<int> &hidden, int outputs, bool relu);
};

}  // namespace ppo
