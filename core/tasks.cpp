#include "tasks.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

// Written in gymnasium's order of operations; the build forbids fusing them (-ffp-contract=off). Its numpy scalars round as marked.
namespace ppo {
namespace {

constexpr double PI = 3.141592653589793;

double between(double low, double high, double u) { return low + (high - low) * u; }

struct CartPole {
    static constexpr TaskFacts facts{"CartPole-v1", 4, 2, 0, 0, 500};
    static void reset(double *s, const double *u) {
        for (int i = 0; i < 4; ++i) s[i] = between(-0.05, 0.05, u[i]);
    }
    static void observe(const double *s, float *out) { std::copy(s, s + 4, out); }
    static Outcome step(double *s, int choice, float) {
        double force = choice == 1 ? 10.0 : -10.0, cosine = std::cos(s[2]), sine = std::sin(s[2]);
        constexpr double total = 0.1 + 1.0, pole = 0.1 * 0.5, tau = 0.02;
        double temp = (force + pole * (s[3] * s[3]) * sine) / total;
        double turn = (9.8 * sine - cosine * temp) / (0.5 * (4.0 / 3.0 - 0.1 * (cosine * cosine) / total));
        double push = temp - pole * turn * cosine / total;
        s[0] += tau * s[1], s[1] += tau * push, s[2] += tau * s[3], s[3] += tau * turn;
        constexpr double angle = 12 * 2 * PI / 360;
        return {1.0, s[0] < -2.4 || s[0] > 2.4 || s[2] < -angle || s[2] > angle};
    }
};

struct Acrobot {
    static constexpr TaskFacts facts{"Acrobot-v1", 6, 3, 0, 0, 500};
    static void reset(double *s, const double *u) {
        for (int i = 0; i < 4; ++i) s[i] = float(between(-0.1, 0.1, u[i]));  // float32
    }
    static void observe(const double *s, float *out) {
        double all[] = {std::cos(s[0]), std::sin(s[0]), std::cos(s[1]), std::sin(s[1]), s[2], s[3]};
        std::copy(all, all + 6, out);
    }
    // Masses, lengths and inertias are 1, centres of mass at 0.5: the book's equations with those numbers left in place.
    static void slope(const double *s, double torque, double *d) {
        double d1 = 0.25 + (1.0 + 0.25 + 2 * 0.5 * std::cos(s[1])) + 1.0 + 1.0;
        double d2 = (0.25 + 0.5 * std::cos(s[1])) + 1.0;
        double phi2 = 0.5 * 9.8 * std::cos(s[0] + s[1] - PI / 2.0);
        double sine = std::sin(s[1]);
        double phi1 = -0.5 * (s[3] * s[3]) * sine - s[3] * s[2] * sine + 1.5 * 9.8 * std::cos(s[0] - PI / 2) + phi2;
        double second = (torque + d2 / d1 * phi1 - 0.5 * (s[2] * s[2]) * sine - phi2) / (0.25 + 1.0 - d2 * d2 / d1);
        d[0] = s[2], d[1] = s[3], d[2] = -(d2 * second + phi1) / d1, d[3] = second;
    }
    static double wrap(double x) {
        while (x > PI) x -= 2 * PI;
        while (x < -PI) x += 2 * PI;
        return x;
    }
    static Outcome step(double *s, int choice, float) {
        double torque = choice - 1.0, k[4][4], y[4];
        constexpr double dt = 0.2, half = dt / 2.0;
        slope(s, torque, k[0]);
        for (int stage = 1; stage < 4; ++stage) {  // Runge-Kutta of fourth order
            for (int i = 0; i < 4; ++i) y[i] = s[i] + (stage < 3 ? half : dt) * k[stage - 1][i];
            slope(y, torque, k[stage]);
        }
        for (int i = 0; i < 4; ++i) s[i] = s[i] + dt / 6.0 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
        s[0] = wrap(s[0]), s[1] = wrap(s[1]);
        s[2] = std::clamp(s[2], -4 * PI, 4 * PI), s[3] = std::clamp(s[3], -9 * PI, 9 * PI);
        bool up = -std::cos(s[0]) - std::cos(s[1] + s[0]) > 1.0;
        return {up ? 0.0 : -1.0, up};
    }
};

struct MountainCar {
    static constexpr TaskFacts facts{"MountainCar-v0", 2, 3, 0, 0, 200};
    static void reset(double *s, const double *u) { s[0] = between(-0.6, -0.4, u[0]), s[1] = 0; }
    static void observe(const double *s, float *out) { std::copy(s, s + 2, out); }
    static Outcome step(double *s, int choice, float) {
        double velocity = s[1] + ((choice - 1) * 0.001 + std::cos(3 * s[0]) * -0.0025);
        velocity = std::clamp(velocity, -0.07, 0.07);
        double position = std::clamp(s[0] + velocity, -1.2, 0.6);
        if (position == -1.2 && velocity < 0) velocity = 0;
        s[0] = position, s[1] = velocity;
        return {-1.0, position >= 0.5 && velocity >= 0};
    }
};

struct MountainCarContinuous {
    static constexpr TaskFacts facts{"MountainCarContinuous-v0", 2, 0, -1, 1, 999};
    // Its state is double after a reset (s[2] = 1) and float32 from the first step on.
    static void reset(double *s, const double *u) { s[0] = between(-0.6, -0.4, u[0]), s[1] = 0, s[2] = 1; }
    static void observe(const double *s, float *out) { std::copy(s, s + 2, out); }
    template <class Real>
    static bool move(double *s, float action) {
        Real position = Real(s[0]), velocity = Real(s[1]);
        double slope = 0.0025 * std::cos(double(3 * position)), change = float(action * 0.0015f) - float(slope);
        // a force within the bounds stays a float32, a clipped one is a Python float
        change = action >= -1 && action <= 1 ? double(float(change)) : (action > 1 ? 1.0 : -1.0) * 0.0015 - slope;
        velocity = velocity + Real(change);
        velocity = std::clamp(velocity, Real(-0.07), Real(0.07));
        position = std::clamp(Real(position + velocity), Real(-1.2), Real(0.6));
        if (position == Real(-1.2) && velocity < 0) velocity = 0;
        s[0] = float(position), s[1] = float(velocity), s[2] = 0;
        return position >= Real(0.45) && velocity >= 0;
    }
    static Outcome step(double *s, int, float action) {
        bool there = s[2] ? move<double>(s, action) : move<float>(s, action);
        return {(there ? 100.0 : 0.0) - double(action) * double(action) * 0.1, there};
    }
};

struct Pendulum {
    static constexpr TaskFacts facts{"Pendulum-v1", 3, 0, -2, 2, 200};
    static void reset(double *s, const double *u) { s[0] = between(-PI, PI, u[0]), s[1] = between(-1, 1, u[1]); }
    static void observe(const double *s, float *out) {
        out[0] = float(std::cos(s[0])), out[1] = float(std::sin(s[0])), out[2] = float(s[1]);
    }
    static Outcome step(double *s, int, float action) {
        float u = std::clamp(action, -2.0f, 2.0f);
        double angle = std::fmod(s[0] + PI, 2 * PI);
        if (angle < 0) angle += 2 * PI;  // Python's modulo is never negative
        angle -= PI;
        double cost = angle * angle + 0.1 * (s[1] * s[1]) + 0.001f * (u * u);  // the last term in float32
        double speed = s[1] + (3 * 10.0 / 2.0 * std::sin(s[0]) + 3.0f * u) * 0.05;
        speed = std::clamp(speed, -8.0, 8.0);
        s[0] = s[0] + speed * 0.05, s[1] = speed;
        return {-cost, false};
    }
};

template <class Task>
class Many final : public Tasks {
  public:
    explicit Many(int n) { states.resize(size_t(n) * STATE); }
    const TaskFacts &facts() const override { return Task::facts; }
    void reset(int i, const double u[4]) override { Task::reset(&states[i * STATE], u); }
    Outcome step(int i, int choice, float action) override { return Task::step(&states[i * STATE], choice, action); }
    void observe(int i, float *out) const override { Task::observe(&states[i * STATE], out); }
};

}  // namespace

const std::vector<TaskFacts> &task_list() {
    static const std::vector<TaskFacts> list = {CartPole::facts, Acrobot::facts, MountainCar::facts, MountainCarContinuous::facts, Pendulum::facts};
    return list;
}

std::unique_ptr<Tasks> make_tasks(const std::string &id, int n) {
    if (id == CartPole::facts.id) return std::make_unique<Many<CartPole>>(n);
    if (id == Acrobot::facts.id) return std::make_unique<Many<Acrobot>>(n);
    if (id == MountainCar::facts.id) return std::make_unique<Many<MountainCar>>(n);
    if (id == MountainCarContinuous::facts.id) return std::make_unique<Many<MountainCarContinuous>>(n);
    if (id == Pendulum::facts.id) return std::make_unique<Many<Pendulum>>(n);
    throw std::invalid_argument("no native environment is called " + id);
}

}  // namespace ppo
