#include "rows.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

using namespace std::string_view_literals;

namespace ppo {
namespace {

constexpr std::string_view WHOLE[] = {"step", "rollout_steps", "episodes", "optimizer_steps", "backwards", "minibatch_size"};

void name(std::string &line, std::string_view key) {
    line.append(line.empty() || line.back() == '\n' ? "{\""sv : ", \""sv).append(key).append("\": "sv);
}

void whole(std::string &line, std::string_view key, double value) {
    char text[24];
    name(line, key);
    line.append(text, std::to_chars(text, text + sizeof text, static_cast<long long>(value)).ptr);
}

// The shortest text that is read back as the same number; JSON has no infinity, which becomes a string as in the Recorder.
void number(std::string &line, std::string_view key, double value) {
    char text[40];
    name(line, key);
    if (!std::isfinite(value)) {
        line.append(std::isnan(value) ? "\"nan\""sv : value > 0 ? "\"inf\""sv : "\"-inf\""sv);
        return;
    }
    const bool single = key == "learning_rate";  // a setting that is a float32 here, shown as it was given
    const char *end = single ? std::to_chars(text, text + sizeof text, float(value)).ptr : std::to_chars(text, text + sizeof text, value).ptr;
    const std::string_view written(text, size_t(end - text));
    line.append(written);
    if (written.find_first_of(".e") == written.npos) line.append(".0"sv);
}

void flag(std::string &line, std::string_view key, bool value) { name(line, key), line.append(value ? "true"sv : "false"sv); }

void column(std::string &line, std::string_view key, double value) {
    if (std::isnan(value)) return;  // not observed
    for (std::string_view one : WHOLE)
        if (one == key) return whole(line, key, value);
    number(line, key, value);
}

}  // namespace

std::string update_lines(const Learner &learner, double from, double to) {
    std::string text;
    const size_t count = learner.telemetry.size();
    for (size_t i = 0; i < count; ++i) {
        const Telemetry &row = learner.telemetry[i];
        whole(text, "update", double(learner.updates_done) - double(count) + double(i) + 1);
        number(text, "wall", from + (to - from) * double(i + 1) / double(count));
#define PPO_LINE(name) column(text, #name, row.name);
        PPO_COLUMNS(PPO_LINE)
        text.append("}\n"sv);
    }
    return text;
}

std::string episode_lines(const Learner &learner) {
    std::string text;
    for (const Episode &one : learner.episodes) {
        whole(text, "step", one.step), whole(text, "stream", 0), whole(text, "env", one.env);
        number(text, "ret", one.ret), number(text, "ret_seen", one.ret), whole(text, "length", one.length);
        flag(text, "terminated", one.terminated != 0), flag(text, "truncated", one.truncated != 0), whole(text, "update", one.update);
        text.append("}\n"sv);
    }
    return text;
}

}  // namespace ppo
