#include "shape.hpp"

#include <cmath>
#include <numeric>
#include <stdexcept>

namespace ppo {

Shape::Shape(int observation, std::vector<int> choices_, int dimensions, const std::vector<int> &hidden, bool relu)
    : observation(observation), outputs(dimensions), choices(std::move(choices_)) {
    if (!gaussian()) outputs = std::accumulate(choices.begin(), choices.end(), 0);
    if (hidden.empty() || hidden.size() > MAX_HIDDEN) throw std::invalid_argument("a network has 1 to 8 hidden layers");
    if (observation < 1 || outputs < 1) throw std::invalid_argument("a network needs at least one input and one output");
    actor = tower(hidden, outputs, relu);
    critic_at = size;
    critic = tower(hidden, 1, relu);
    log_std = size;
    if (gaussian()) size += padded(outputs);
}

Tower Shape::tower(const std::vector<int> &hidden, int out, bool relu) {
    auto take = [&](long n) { return size += padded(n), size - padded(n); };
    Tower t{};
    t.relu = relu;
    int in = observation;
    for (int width : hidden) {
        Layer layer{in, width, padded(width), 0, 0, turned};
        layer.weight = take(in * layer.width), layer.bias = take(layer.width);
        if (t.count) turned += width * padded(in);
        widest = std::max(widest, layer.width);
        t.hidden[t.count++] = layer;
        in = width;
    }
    t.head = {in, out, padded(in), 0, 0, 0};
    t.head.weight = take(out * t.head.width), t.head.bias = take(out);
    return t;
}

std::vector<Tensor> Shape::tensors() const {
    std::vector<Tensor> found;
    for (auto [name, tower] : {std::pair{"actor.", &actor}, {"critic.", &critic}}) {
        for (int i = 0; i <= tower->count; ++i) {
            std::string prefix = name + std::to_string(i);
            const Layer &layer = i < tower->count ? tower->hidden[i] : tower->head;
            bool head = i == tower->count;
            found.push_back({prefix + ".weight", layer.out, layer.in, layer.weight, head ? layer.width : 1, head ? 1 : layer.width});
            found.push_back({prefix + ".bias", layer.out, 0, layer.bias, 1, 0});
        }
    }
    if (gaussian()) found.push_back({"log_std", outputs, 0, log_std, 1, 0});
    return found;
}

// Rows (or columns, whichever are fewer) orthonormal, by Gram-Schmidt on normal numbers; Saxe et al. 2014.
static std::vector<float> orthogonal(const Random &random, uint32_t lane, long rows, long columns) {
    long few = std::min(rows, columns), many = std::max(rows, columns);
    std::vector<float> q(few * many);
    for (long i = 0; i < few * many; i += 4) {
        auto bits = random.draw(Purpose::weights, i, lane);
        auto a = normals(bits[0], bits[1]), b = normals(bits[2], bits[3]);
        float four[] = {a[0], a[1], b[0], b[1]};
        for (long k = i; k < std::min(i + 4, few * many); ++k) q[k] = four[k - i];
    }
    for (long i = 0; i < few; ++i) {
        float *row = &q[i * many];
        for (int twice = 0; twice < 2; ++twice)  // the second pass removes what rounding left
            for (long j = 0; j < i; ++j) {
                const float *other = &q[j * many];
                float dot = 0;
                for (long k = 0; k < many; ++k) dot += row[k] * other[k];
                for (long k = 0; k < many; ++k) row[k] -= dot * other[k];
            }
        float length = 0;
        for (long k = 0; k < many; ++k) length += row[k] * row[k];
        for (long k = 0; k < many; ++k) row[k] /= std::sqrt(length);
    }
    if (rows <= columns) return q;
    std::vector<float> turned(q.size());
    for (long i = 0; i < rows; ++i)
        for (long j = 0; j < columns; ++j) turned[i * columns + j] = q[j * rows + i];
    return turned;
}

// Orthogonal weights with gains sqrt(2), 0.01 (policy head) and 1 (critic head) and zero biases; otherwise torch's own:
// uniform within 1 / sqrt(inputs) for weights and biases.
Floats Shape::initial(uint64_t seed, bool orthogonally, float start) const {
    Floats values(size, 0.0f);
    Random random(seed);
    uint32_t lane = 0;
    for (const Tensor &t : tensors()) {
        ++lane;
        if (t.name == "log_std") {
            for (long i = 0; i < t.rows; ++i) values[t.at + i] = start;
        } else if (!orthogonally) {
            long in = t.columns;
            for (const Tensor &w : tensors())  // a bias goes by the inputs of its weight
                if (!in && w.name == t.name.substr(0, t.name.size() - 4) + "weight") in = w.columns;
            long columns = std::max(t.columns, 1L);
            for (long i = 0; i < t.rows * columns; ++i)
                values[t.at + i / columns * t.row + i % columns * t.column] =
                    float((2.0 * uniform(random.draw(Purpose::weights, i, lane)[0]) - 1) / std::sqrt(double(in)));
        } else if (t.columns) {
            bool head = t.at == actor.head.weight || t.at == critic.head.weight;
            float gain = !head ? std::sqrt(2.0f) : t.at == actor.head.weight ? 0.01f : 1.0f;
            std::vector<float> q = orthogonal(random, lane, t.rows, t.columns);
            for (long i = 0; i < t.rows; ++i)
                for (long j = 0; j < t.columns; ++j) values[t.at + i * t.row + j * t.column] = gain * q[i * t.columns + j];
        }
    }
    return values;
}

}  // namespace ppo
