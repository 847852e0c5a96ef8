// The arithmetic, compiled once per instruction set (CMakeLists.txt); dispatch.cpp picks one when the program starts.
#include "loss.hpp"
#include "passes.hpp"

namespace ppo {
namespace PPO_ISA {

double squares(const float *x, long n) {
    double sum = 0;
    for (long i = 0; i < n; i += 64 * LINE) {  // lanes of floats for a while, then a double: long sums stay exact enough
        vf part = {};
        for (long j = i; j < n && j < i + 64 * LINE; j += W) part += square(load(x + j));
        sum += total(part);
    }
    return sum;
}

// Kingma and Ba 2015, algorithm 1, in torch's order of operations.
void adam(const Step &step, long n, float *parameters, const float *gradient, float *first, float *second, double *moved, double *size) {
    float rate = float(step.learning_rate / step.correction1), inverse = float(1.0 / __builtin_sqrt(step.correction2));
    *moved = *size = 0;
    for (long i = 0; i < n; i += 64 * LINE) {
        vf part = {}, whole = {};
        for (long j = i; j < n && j < i + 64 * LINE; j += W) {
            vf g = load(gradient + j) * step.scale, p = load(parameters + j);
            vf m = load(first + j), v = load(second + j);
            m += (1 - step.beta1) * (g - m);
            v = v * step.beta2 + (1 - step.beta2) * square(g);
            vf change = rate * m / (root(v) * inverse + step.epsilon);
            store(first + j, m), store(second + j, v), store(parameters + j, p - change);
            part += square(change), whole += square(p);
        }
        *moved += total(part), *size += total(whole);
    }
}

void function(char which, const float *x, float *y, long n) {
    for (long i = 0; i < n; i += W) {
        vf a = {};
        for (int k = 0; k < W && i + k < n; ++k) a[k] = x[i + k];
        a = which == 'e' ? exp(a) : which == 'l' ? log(a) : tanh(a);
        for (int k = 0; k < W && i + k < n; ++k) y[i + k] = a[k];
    }
}

#define PPO_TEXT(name) #name
#define PPO_NAME(name) PPO_TEXT(name)
extern const Kernels table;
const Kernels table = {PPO_NAME(PPO_ISA), forward, backward, turn, loss, act, squares, adam, idle, function};

}  // namespace PPO_ISA
}  // namespace ppo
