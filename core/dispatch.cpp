// Which of the compiled instruction sets this machine runs.
#include <cstring>

#include "network.hpp"

namespace ppo {

namespace generic {
extern const Kernels table;
}
#if defined(PPO_X86)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

static const char *const NAMES[] = {
#if defined(PPO_X86)
    "avx512", "avx2",
#endif
    "generic", nullptr};

const char *const *kernel_names() { return NAMES; }

const Kernels *kernels_named(const char *name) {
#if defined(PPO_X86)
    __builtin_cpu_init();
    if (!strcmp(name, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? &avx512::table : nullptr;
    if (!strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2::table : nullptr;
#endif
    return strcmp(name, "generic") ? nullptr : &generic::table;
}

static const Kernels *best() {
    for (const char *const *name = NAMES;; ++name)
        if (const Kernels *found = kernels_named(*name)) return found;
}

static const Kernels *chosen = best();

const Kernels &kernels() { return *chosen; }

bool use_kernels(const char *name) {
    const Kernels *found = kernels_named(name);
    if (found) chosen = found;
    return found != nullptr;
}

}  // namespace ppo
