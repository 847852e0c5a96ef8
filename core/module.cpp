// The door to Python: arrays in, arrays out, several members on several threads with the interpreter lock released.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "learner.hpp"
#include "members.hpp"
#include "rows.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ppo;

template <class T, class... Axes>
using Array = nb::ndarray<const T, nb::numpy, nb::c_contig, nb::device::cpu, Axes...>;
template <class T>
using Out = nb::ndarray<T, nb::numpy, nb::c_contig, nb::device::cpu>;

template <class T>
static Out<T> made(std::vector<T> values, std::vector<size_t> shape) {
    auto *kept = new std::vector<T>(std::move(values));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return Out<T>(kept->data(), shape.size(), shape.data(), owner);
}

template <class A>
static void expect(const A &array, size_t size, const char *name) {
    if (array.size() != size)
        throw std::invalid_argument(std::string(name) + " has " + std::to_string(array.size()) + " numbers; " + std::to_string(size) + " were expected");
}

static const uint8_t *bytes(const std::optional<Array<bool>> &array, size_t size, const char *name) {
    if (array) expect(*array, size, name);
    return array ? reinterpret_cast<const uint8_t *>(array->data()) : nullptr;
}

template <class T>
static T setting(const nb::dict &d, const char *name) {
    if (!d.contains(name)) throw std::invalid_argument(std::string("the setting ") + name + " is missing");
    return nb::cast<T>(d[name]);
}

static Settings settings_of(const nb::dict &d) {
    Settings s;
#define PPO_SETTING(name) s.name = setting<decltype(s.name)>(d, #name);
    PPO_SETTING(num_envs) PPO_SETTING(rollout_steps) PPO_SETTING(n_step) PPO_SETTING(advantage_smoothing) PPO_SETTING(epochs) PPO_SETTING(minibatches)
    PPO_SETTING(updates) PPO_SETTING(gamma) PPO_SETTING(gae_lambda) PPO_SETTING(learning_rate) PPO_SETTING(adam_epsilon) PPO_SETTING(clip_range)
    PPO_SETTING(clip_range_value) PPO_SETTING(entropy_coefficient) PPO_SETTING(value_coefficient) PPO_SETTING(max_grad_norm) PPO_SETTING(target_kl)
    PPO_SETTING(log_std_init) PPO_SETTING(orthogonal_init) PPO_SETTING(normalise_observations) PPO_SETTING(normalise_rewards) PPO_SETTING(seed)
#undef PPO_SETTING
    auto word = [&](const char *name) { return setting<std::string>(d, name); };
    std::string rate = word("learning_rate_schedule"), scaling = word("normalise_advantages");
    s.learning_rate_schedule = rate == "linear" ? Rate::linear : rate == "kl_adaptive" ? Rate::kl_adaptive : Rate::constant;
    s.clip_range_linear = word("clip_range_schedule") == "linear", s.entropy_linear = word("entropy_schedule") == "linear";
    s.normalise_advantages = scaling == "minibatch" ? Scaling::minibatch : scaling == "batch" ? Scaling::batch : Scaling::off;
    return s;
}

static Floats &buffer(Learner &l, const std::string &which) {
    if (which == "parameters") return l.parameters;
    if (which == "gradient") return l.derivative;
    if (which == "first") return l.first;
    if (which == "second") return l.second;
    throw std::invalid_argument("parameters, gradient, first or second was expected, not " + which);
}

static nb::dict tensors(Learner &l, const std::string &which) {
    nb::dict found;
    const Floats &from = buffer(l, which);
    for (const Tensor &t : l.shape.tensors()) {
        const long columns = std::max(t.columns, 1L);
        std::vector<float> values(t.rows * columns);
        for (long i = 0; i < t.rows * columns; ++i) values[i] = from[t.at + i / columns * t.row + i % columns * t.column];
        found[t.name.c_str()] = t.columns ? made(std::move(values), {size_t(t.rows), size_t(columns)}) : made(std::move(values), {size_t(t.rows)});
    }
    return found;
}

static void fill(Learner &l, const std::string &which, const nb::dict &given) {
    Floats &into = buffer(l, which);
    for (const Tensor &t : l.shape.tensors()) {
        if (!given.contains(t.name.c_str())) throw std::invalid_argument("the tensor " + t.name + " is missing");
        auto values = nb::cast<Array<float>>(given[t.name.c_str()]);
        const long columns = std::max(t.columns, 1L);
        const bool fits = t.columns ? values.ndim() == 2 && long(values.shape(0)) == t.rows && long(values.shape(1)) == t.columns
                                    : values.ndim() == 1 && long(values.shape(0)) == t.rows;
        if (!fits) throw std::invalid_argument("the tensor " + t.name + " has another shape than the network needs");
        for (long i = 0; i < t.rows * columns; ++i) into[t.at + i / columns * t.row + i % columns * t.column] = values.data()[i];
    }
    l.weights_changed();
}

static Rates rates_of(const nb::dict &d) {
    return {setting<float>(d, "learning_rate"), setting<float>(d, "clip_range"), setting<float>(d, "clip_range_value"), setting<float>(d, "entropy_coefficient")};
}

// The rollout's own memory as arrays [T, N, ...]: what a caller writes there is trained on.
static nb::dict views(nb::pointer_and_handle<Learner> self, bool masks) {
    Learner &l = *self.p;
    const size_t t = size_t(l.settings.rollout_steps), n = size_t(l.settings.num_envs), c = size_t(l.shape.components()), a = size_t(l.shape.outputs);
    if (masks && l.mask.empty()) l.mask.assign(t * n * a, 1);
    nb::dict found;
    auto view = [&]<class T>(const char *name, T *data, std::vector<size_t> shape) { found[name] = Out<T>(data, shape.size(), shape.data(), self.h); };
    view("observation", l.observation.data(), {t, n, size_t(l.shape.observation)});
    view("current", l.current.data(), {n, size_t(l.shape.observation)});
    view("length", l.length.data(), {n});
    if (l.shape.gaussian()) view("action", l.action.data(), {t, n, c});
    else view("action", l.choice.data(), {t, n, c});
    if (!l.mask.empty()) view("mask", reinterpret_cast<bool *>(l.mask.data()), {t, n, a});
    for (auto [name, from] : {std::pair{"log_prob", &l.log_prob}, {"value", &l.value}, {"next_value", &l.next_value}, {"reward", &l.reward}, {"advantage", &l.advantage}, {"target", &l.target}})
        view(name, from->data(), {t, n});
    if (!l.raw_reward.empty()) {
        view("raw_observation", l.raw_observation.data(), {t, n, size_t(l.shape.observation)}), view("raw_reward", l.raw_reward.data(), {t, n});
        view("final_observation", l.final_observation.data(), {t, n, size_t(l.shape.observation)}), view("outputs", l.outputs.data(), {t, n, a});
    }
    for (auto [name, from] : {std::pair{"terminated", &l.terminated}, {"truncated", &l.truncated}, {"valid", &l.valid}})
        view(name, reinterpret_cast<bool *>(from->data()), {t, n});
    return found;
}

static nb::list kept(Learner &l) {
    nb::list found;
    for (Kept &one : l.kept) {
        const size_t n = one.rows.size();
        found.append(nb::make_tuple(one.index, one.version, one.norm, made(one.rows, {n}), made(one.outputs, {n, size_t(l.shape.outputs)}), made(one.values, {n}),
                                    made(one.log_std, {one.log_std.size()})));
    }
    return found;
}

// Everything but the tensors that decides what comes next.
static nb::dict state(const Learner &l) {
    nb::dict d;
#define PPO_STATE(name) d[#name] = l.name;
#define PPO_STATES(X) X(optimizer_steps) X(updates_done) X(steps_taken) X(adapted_rate) X(predictions) X(discounted) X(raw_return) X(length)
    PPO_STATES(PPO_STATE)
    const Moments &o = l.observation_moments, &r = l.reward_moments;
    d["observation"] = nb::make_tuple(o.mean, o.var, o.count), d["reward"] = nb::make_tuple(r.mean, r.var, r.count);
    d["tasks"] = l.tasks ? l.tasks->states : std::vector<double>{};
    d["current"] = std::vector<float>(l.current.begin(), l.current.end());
    return d;
}

static void restore(Learner &l, const nb::dict &d) {
#define PPO_RESTORE(name) l.name = setting<decltype(l.name)>(d, #name);
    PPO_STATES(PPO_RESTORE)
    auto moments = [&](Moments &m, const char *name) {
        nb::sequence parts = nb::cast<nb::sequence>(d[name]);
        m.mean = nb::cast<std::vector<double>>(parts[0]), m.var = nb::cast<std::vector<double>>(parts[1]), m.count = nb::cast<double>(parts[2]);
    };
    moments(l.observation_moments, "observation"), moments(l.reward_moments, "reward");
    auto tasks = setting<std::vector<double>>(d, "tasks");
    auto current = setting<std::vector<float>>(d, "current");
    const size_t n = size_t(l.settings.num_envs);
    if (current.size() != l.current.size() || l.discounted.size() != n || l.raw_return.size() != n || l.length.size() != n ||
        l.observation_moments.mean.size() != size_t(l.shape.observation) || (l.tasks && tasks.size() != l.tasks->states.size()))
        throw std::invalid_argument("the saved state is of another network or another number of environments");
    std::copy(current.begin(), current.end(), l.current.begin());
    if (!l.tasks) return;
    l.tasks->states = tasks;
    for (size_t i = 0; i < n; ++i) l.tasks->observe(int(i), &l.raw_current[i * size_t(l.shape.observation)]);
}

static nb::dict gradient(Learner &l, size_t from, size_t to, const nb::dict &rates) {
    if (from >= to || to > l.valid.size()) throw std::invalid_argument("the rows lie outside of the rollout");
    std::vector<int> rows(to - from);
    for (size_t i = from; i < to; ++i) rows[i - from] = int(i);
    const Sums s = l.gradient(rows.data(), int(rows.size()), rates_of(rates));
    const double n = double(rows.size());
    nb::dict found;
    found["policy_loss"] = s.policy / n, found["value_loss"] = s.value_loss / n, found["entropy"] = s.entropy / n, found["approx_kl"] = s.kl / n;
    found["clip_fraction"] = s.clipped / n, found["ratio_max"] = s.ratio_max, found["ratio_min"] = s.ratio_min;
    return found;
}

static void act(Learner &l, nb::object out, std::optional<Array<bool>> mask) {
    const size_t n = size_t(l.settings.num_envs), c = size_t(l.shape.components()), ld = size_t(padded(long(n)));
    const uint8_t *allowed = bytes(mask, n * l.shape.outputs, "the action mask");
    if (l.shape.gaussian()) {
        auto into = nb::cast<Out<float>>(out, false);
        expect(into, n * c, "the array for actions");
        l.act(allowed);
        for (size_t i = 0; i < n * c; ++i) into.data()[i] = l.act_action[i % c * ld + i / c];
    } else {
        auto into = nb::cast<Out<int64_t>>(out, false);
        expect(into, n * c, "the array for actions");
        l.act(allowed);
        for (size_t i = 0; i < n * c; ++i) into.data()[i] = l.act_choice[i % c * ld + i / c];
    }
}

static void observe(Learner &l, Array<float> next, Array<float> reward, Array<bool> terminated, Array<bool> truncated, std::optional<Array<bool>> valid,
                    std::optional<Array<float>> final_observation) {
    const size_t n = size_t(l.settings.num_envs), d = size_t(l.shape.observation);
    expect(next, n * d, "the observation"), expect(reward, n, "the reward"), expect(terminated, n, "terminated"), expect(truncated, n, "truncated");
    if (final_observation) expect(*final_observation, n * d, "the final observation");
    l.observe(next.data(), reward.data(), reinterpret_cast<const uint8_t *>(terminated.data()), reinterpret_cast<const uint8_t *>(truncated.data()),
              bytes(valid, n, "valid"), final_observation ? final_observation->data() : nullptr);
}

static nb::tuple evaluate(Learner &l, Array<float, nb::ndim<2>> observation) {
    const size_t n = observation.shape(0), a = size_t(l.shape.outputs);
    expect(observation, n * l.shape.observation, "the observation");
    std::vector<float> outputs(n * a), values(n);
    l.evaluate(observation.data(), int(n), outputs.data(), values.data());
    return nb::make_tuple(made(std::move(outputs), {n, a}), made(std::move(values), {n}));
}

static nb::object predict(Learner &l, Array<float, nb::ndim<2>> observation, bool greedy, std::optional<Array<bool>> mask) {
    const size_t n = observation.shape(0), c = size_t(l.shape.components());
    expect(observation, n * l.shape.observation, "the observation");
    std::vector<int> choices(l.shape.gaussian() ? 0 : n * c);
    std::vector<float> actions(l.shape.gaussian() ? n * c : 0);
    l.predict(observation.data(), int(n), greedy, bytes(mask, n * l.shape.outputs, "the action mask"), choices.data(), actions.data());
    return l.shape.gaussian() ? nb::cast(made(std::move(actions), {n, c})) : nb::cast(made(std::move(choices), {n, c}));
}

template <class Row>
static Out<double> drained(std::vector<Row> &rows) {
    constexpr size_t width = sizeof(Row) / sizeof(double);
    const double *from = reinterpret_cast<const double *>(rows.data());
    std::vector<double> all(from, from + rows.size() * width);
    const size_t n = rows.size();
    rows.clear();
    return made(std::move(all), {n, width});
}

NB_MODULE(_core, m) {
    nb::exception<NotFinite>(m, "NotFinite", PyExc_FloatingPointError);
#define PPO_COLUMN_NAME(name) #name,
    m.attr("COLUMNS") = nb::cast(std::vector<std::string>{PPO_COLUMNS(PPO_COLUMN_NAME)});
    m.def("instruction_set", [] { return kernels().name; }, "The instruction set in use.");
    m.def("cancel", &cancel, "For a signal handler: what trains now stops, as after its last whole update.");
    m.def("instruction_sets", [] {
        std::vector<std::string> found;
        for (const char *const *name = kernel_names(); *name; ++name)
            if (kernels_named(*name)) found.push_back(*name);
        return found;
    }, "Those that this machine runs, the best first.");
    m.def("use", [](const std::string &isa) {
        if (!use_kernels(isa.c_str())) throw std::invalid_argument("this machine does not run " + isa);
    }, "For tests and benchmarks, while nothing trains.");
    m.def("tasks", [] {
        nb::dict found;
        for (const TaskFacts &f : task_list()) found[f.id] = nb::make_tuple(f.observation, f.choices, f.low, f.high, f.limit);
        return found;
    });
    m.def("function", [](const std::string &isa, const std::string &which, Array<float> x) {
        const Kernels *k = kernels_named(isa.c_str());
        if (!k) throw std::invalid_argument("this machine does not run " + isa);
        std::vector<float> y(x.size());
        k->function(which[0], x.data(), y.data(), long(y.size()));
        return made(std::move(y), {x.size()});
    });
    m.def("cancellations", &cancellations, "How often that was asked for.");
    m.def("advance", [](const std::vector<Learner *> &members, int updates, int threads, long since) {
        for_members(members, threads, [updates](Learner &l, Stop &stop) { l.advance(updates, stop); }, since);
    });

    nb::class_<Learner>(m, "Learner")
        .def("__init__", [](Learner *self, const nb::dict &settings, int observation, std::vector<int> choices, int dimensions, std::vector<int> hidden, bool relu) {
            new (self) Learner(settings_of(settings), Shape(observation, std::move(choices), dimensions, hidden, relu));
        })
        .def("start", [](Learner &l, Array<float> x) { expect(x, l.current.size(), "the observation"), l.start(x.data()); })
        .def("act", &act, "out"_a, "mask"_a.none() = nb::none())
        .def("observe", &observe, nb::arg("observation").noconvert(), nb::arg("reward").noconvert(), nb::arg("terminated").noconvert(),
             nb::arg("truncated").noconvert(), nb::arg("valid").none() = nb::none(), nb::arg("final").none() = nb::none())
        .def("attach", [](Learner &l, const std::string &id) { l.attach(make_tasks(id, l.settings.num_envs)); })
        .def("evaluate", &evaluate)
        .def("predict", &predict, "observation"_a, "greedy"_a, "mask"_a.none() = nb::none())
        .def("tensors", &tensors)
        .def("fill", &fill)
        .def("views", &views, "masks"_a = false)
        .def("kept", &kept)
        .def("state", &state)
        .def("restore", &restore)
        .def("update", [](Learner *l) { for_members({l}, 1, [](Learner &one, Stop &stop) { one.update(stop); }); })
        .def("train", [](Learner *l, const nb::dict &d) {
            const Rates rates = rates_of(d);
            for_members({l}, 1, [rates](Learner &one, Stop &stop) { one.train(rates, stop); });
        })
        .def("gradient", &gradient)
        .def("optimise", [](Learner &l, const nb::dict &rates) { l.optimise(rates_of(rates)); })
        .def("advantages", &Learner::advantages)
        .def("measure_advantages", &Learner::measure_advantages)
        .def("bounds", [](Learner &l, std::vector<float> low, std::vector<float> high) { l.low = std::move(low), l.high = std::move(high); })
        .def("telemetry", [](Learner &l) { return drained(l.telemetry); })
        .def("lines", [](const Learner &l, double from, double to) { return nb::make_tuple(update_lines(l, from, to), episode_lines(l)); })
        .def("episodes", [](Learner &l) { l.episodes_told(); return drained(l.episodes); })
        .def_prop_ro("full", &Learner::full)
        .def_rw("keep", &Learner::keep)
        .def_rw("at", &Learner::at)
        .def_ro("optimizer_steps", &Learner::optimizer_steps)
        .def_ro("updates_done", &Learner::updates_done)
        .def_ro("steps_taken", &Learner::steps_taken);

    nb::class_<Tasks>(m, "Tasks")
        .def("__init__", [](nb::handle, int) { throw std::invalid_argument("use make_tasks"); })
        .def("reset", [](Tasks &t, int i, std::vector<double> u) { u.resize(4), t.reset(i, u.data()); })
        .def("step", [](Tasks &t, int i, int choice, float action) { Outcome o = t.step(i, choice, action); return nb::make_tuple(o.reward, o.terminated); })
        .def("observe", [](const Tasks &t, int i) { std::vector<float> x(t.facts().observation); t.observe(i, x.data()); size_t n = x.size(); return made(std::move(x), {n}); })
        .def_prop_rw("states", [](const Tasks &t) { return t.states; }, [](Tasks &t, std::vector<double> s) { if (s.size() == t.states.size()) t.states = std::move(s); });
    m.def("make_tasks", [](const std::string &id, int n) { return make_tasks(id, n).release(); }, nb::rv_policy::take_ownership);
}
