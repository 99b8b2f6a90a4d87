#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <span>

#include <nlohmann/json.hpp>

#include "core/text/word_piece.h"
#include "tests/support/gguf_writer.h"
#include "tests/text/tiny_vocabulary.h"

namespace epi::test {
namespace {

constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kFloat32 = 6;
constexpr std::int32_t kEmbedderDimension = 16;
constexpr const char* kChatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n' }}{% endfor %}";

Vocabulary vocabulary() {
    Vocabulary vocabulary = byteVocabulary("gpt-2");
    addMerge(vocabulary, "t", "h");
    addMerge(vocabulary, "th", "e");
    addMerge(vocabulary, "i", "n");
    addMerge(vocabulary, "e", "r");
    addMerge(vocabulary, " ", "t");
    addMerge(vocabulary, " ", "a");
    addMerge(vocabulary, "o", "u");
    addToken(vocabulary, "<|im_start|>", TokenType::kControl);
    addToken(vocabulary, "<|im_end|>", TokenType::kControl);
    return vocabulary;
}

bool isControl(const Vocabulary& vocabulary, std::size_t id) {
    return vocabulary.types[id] == TokenType::kControl;
}

/// Whether the model may say this token: printable ASCII and merges of it.
bool isSayable(const Vocabulary& vocabulary, std::size_t id) {
    return !isControl(vocabulary, id) && (id >= 256 || (id >= ' ' && id < 127));
}

/// Uniform random numbers with the given standard deviation around a mean.
std::vector<float> randomValues(std::mt19937& random,
                                std::size_t count,
                                double deviation,
                                double mean = 0.0) {
    std::vector<float> values(count);
    for (float& value : values) {
        const double unit = static_cast<double>(random()) / 4294967296.0 * 2.0 - 1.0;
        value = static_cast<float>(mean + unit * deviation * std::sqrt(3.0));
    }
    return values;
}

/// Writes the tensors of one model, in the order in which their numbers are drawn.
class TensorWriter {
public:
    TensorWriter(const TinyModel& model, GgufWriter& file)
        : model_(model), file_(file), random_(model.seed) {}

    /// [rows, columns] with entries that keep the size of what they multiply.
    void matrix(const std::string& name, std::int32_t rows, std::int32_t columns, double gain = 1.0) {
        const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
        write(name,
              {static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows)},
              randomValues(random_, count, gain / std::sqrt(static_cast<double>(columns))));
    }
    void vector(const std::string& name, std::int32_t size, double deviation, double mean) {
        write(name,
              {static_cast<std::uint64_t>(size)},
              randomValues(random_, static_cast<std::size_t>(size), deviation, mean));
    }
    void norm(const std::string& name, std::int32_t size) { vector(name, size, 0.1, 1.0); }
    void embedding(const Vocabulary& vocabulary) {
        const auto columns = static_cast<std::size_t>(model_.dimension);
        std::vector<float> values = randomValues(random_, vocabulary.tokens.size() * columns, 1.0);
        for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
            if (isSayable(vocabulary, id)) continue;
            const auto row = std::span(values).subspan(id * columns, columns);
            for (float& value : row)
                value *= 0.05F;
        }
        write("token_embd.weight", {columns, vocabulary.tokens.size()}, std::move(values));
    }

private:
    void write(const std::string& name, std::vector<std::uint64_t> shape, std::vector<float> values) {
        if (model_.edit && !model_.edit(name, shape, values)) return;
        file_.addTensor(name, std::move(shape), values);
    }

    const TinyModel& model_;
    GgufWriter& file_;
    std::mt19937 random_;
};

void writeLayer(const TinyModel& model, std::int32_t index, TensorWriter& tensors) {
    const std::string prefix = "blk." + std::to_string(index) + ".";
    const std::int32_t headDim = model.dimension / model.heads;
    const std::int32_t keyRows = headDim * model.kvHeads;
    tensors.norm(prefix + "attn_norm.weight", model.dimension);
    // Sharp attention, so that scores differ and a wrong position or mask shows.
    tensors.matrix(prefix + "attn_q.weight", model.dimension, model.dimension, 2.0);
    tensors.matrix(prefix + "attn_k.weight", keyRows, model.dimension, 2.0);
    tensors.matrix(prefix + "attn_v.weight", keyRows, model.dimension);
    tensors.matrix(prefix + "attn_output.weight", model.dimension, model.dimension);
    tensors.norm(prefix + "ffn_norm.weight", model.dimension);
    tensors.matrix(prefix + "ffn_gate.weight", model.feedForward, model.dimension);
    tensors.matrix(prefix + "ffn_up.weight", model.feedForward, model.dimension);
    tensors.matrix(prefix + "ffn_down.weight", model.dimension, model.feedForward);
    if (model.architecture == "qwen2") {
        tensors.vector(prefix + "attn_q.bias", model.dimension, 0.5, 0.0);
        tensors.vector(prefix + "attn_k.bias", keyRows, 0.5, 0.0);
        tensors.vector(prefix + "attn_v.bias", keyRows, 0.5, 0.0);
    }
    if (model.architecture == "gemma3" || model.architecture == "qwen3") {
        tensors.norm(prefix + "attn_q_norm.weight", headDim);
        tensors.norm(prefix + "attn_k_norm.weight", headDim);
    }
    if (model.architecture == "gemma3") {
        tensors.norm(prefix + "post_attention_norm.weight", model.dimension);
        tensors.norm(prefix + "post_ffw_norm.weight", model.dimension);
    }
}

std::vector<TinyModel::Key> numericKeys(const TinyModel& model) {
    const std::string prefix = model.architecture + ".";
    const auto count = [&](const std::string& name, std::int32_t value) {
        return TinyModel::Key{prefix + name, kUint32, bytesOf(static_cast<std::uint32_t>(value))};
    };
    std::vector<TinyModel::Key> keys{
        count("block_count", model.layers),
        count("embedding_length", model.dimension),
        count("attention.head_count", model.heads),
        count("attention.head_count_kv", model.kvHeads),
        count("context_length", model.trainedContext),
        {prefix + "attention.layer_norm_rms_epsilon", kFloat32, bytesOf(1e-5F)},
        {prefix + "rope.freq_base", kFloat32, bytesOf(10000.0F)},
    };
    if (model.architecture == "gemma3") keys.push_back(count("attention.sliding_window", model.window));
    for (const TinyModel::Key& other : model.otherKeys) {
        const auto same =
            std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.name == other.name; });
        if (same != keys.end()) {
            *same = other;
        } else {
            keys.push_back(other);
        }
    }
    std::erase_if(keys, [&](const TinyModel::Key& key) { return key.name == model.leftOutKey; });
    return keys;
}

void writeVocabulary(const Vocabulary& vocabulary, GgufWriter& file) {
    std::vector<std::int32_t> types;
    for (const TokenType type : vocabulary.types)
        types.push_back(static_cast<std::int32_t>(type));
    file.addKey("tokenizer.ggml.model", vocabulary.model);
    file.addKey("tokenizer.ggml.pre", vocabulary.preTokenizer);
    file.addKey("tokenizer.ggml.tokens", vocabulary.tokens);
    file.addKey("tokenizer.ggml.token_type", types);
    file.addKey("tokenizer.ggml.merges", vocabulary.merges);
    file.addKey("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(vocabulary.tokens.size() - 1));
    file.addKey("tokenizer.chat_template", kChatTemplate);
}

void writeBytes(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Header and data of a safetensors file, grown tensor by tensor.
struct SafetensorsText {
    nlohmann::json header = nlohmann::json::object();
    std::string data;

    void add(const std::string& name,
             const std::vector<std::int32_t>& shape,
             const std::vector<float>& values) {
        const std::size_t first = data.size();
        data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
        header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {first, data.size()}}};
    }
    [[nodiscard]] std::string bytes() const {
        const std::string text = header.dump();
        return bytesOf(std::uint64_t{text.size()}) + text + data;
    }
};

std::string wordPieces(std::int32_t& count) {
    std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    count = 5;
    for (const char* prefix : {"", "##"}) {
        for (char letter = 'a'; letter <= 'z'; ++letter, ++count)
            text += std::string(prefix) + letter + "\n";
    }
    return text;
}

}  // namespace

std::string tinyModelBytes(const TinyModel& model) {
    const Vocabulary words = vocabulary();
    GgufWriter file;
    file.addKey("general.architecture", model.architecture);
    file.addKey("general.name", "Tiny");
    for (const TinyModel::Key& key : numericKeys(model))
        file.addRawKey(key.name, key.type, key.bytes);
    writeVocabulary(words, file);
    TensorWriter tensors(model, file);
    tensors.embedding(words);
    for (std::int32_t index = 0; index < model.layers; ++index)
        writeLayer(model, index, tensors);
    tensors.norm("output_norm.weight", model.dimension);
    return file.bytes();
}

std::filesystem::path writeTinyModel(const std::filesystem::path& folder,
                                     const TinyModel& model,
                                     const std::string& id) {
    std::filesystem::create_directories(folder / id);
    const std::filesystem::path path = folder / id / (id + ".gguf");
    writeBytes(path, tinyModelBytes(model));
    return path;
}

std::filesystem::path writeTinyEmbedder(const std::filesystem::path& folder, const std::string& id) {
    constexpr std::int32_t d = kEmbedderDimension;
    const std::filesystem::path path = folder / id;
    std::filesystem::create_directories(path);
    std::int32_t pieces = 0;
    writeBytes(path / "vocab.txt", wordPieces(pieces));
    const nlohmann::json config{
        {"num_hidden_layers", 1}, {"num_attention_heads", 2}, {"hidden_size", d}, {"layer_norm_eps", 1e-12}};
    writeBytes(path / "config.json", config.dump());

    std::mt19937 random(7);
    SafetensorsText file;
    const auto matrix = [&](const std::string& name, std::int32_t rows, std::int32_t columns) {
        const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
        file.add(name,
                 {rows, columns},
                 randomValues(random, count, 1.0 / std::sqrt(static_cast<double>(columns))));
    };
    const auto bias = [&](const std::string& name, std::int32_t size) {
        file.add(name, {size}, randomValues(random, static_cast<std::size_t>(size), 0.1));
    };
    const auto norm = [&](const std::string& name) {
        file.add(name + ".weight", {d}, randomValues(random, d, 0.1, 1.0));
        bias(name + ".bias", d);
    };
    matrix("embeddings.word_embeddings.weight", pieces, d);
    matrix("embeddings.position_embeddings.weight", static_cast<std::int32_t>(WordPiece::kMaxPieces), d);
    matrix("embeddings.token_type_embeddings.weight", 2, d);
    norm("embeddings.LayerNorm");
    const std::string layer = "encoder.layer.0.";
    for (const char* part :
         {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"}) {
        matrix(layer + part + ".weight", d, d);
        bias(layer + part + ".bias", d);
    }
    norm(layer + "attention.output.LayerNorm");
    matrix(layer + "intermediate.dense.weight", 2 * d, d);
    bias(layer + "intermediate.dense.bias", 2 * d);
    matrix(layer + "output.dense.weight", d, 2 * d);
    bias(layer + "output.dense.bias", d);
    norm(layer + "output.LayerNorm");
    writeBytes(path / "model.safetensors", file.bytes());
    return path;
}

std::vector<TokenId> randomTokens(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<TokenId> ids(count);
    for (TokenId& id : ids)
        id = static_cast<TokenId>(' ' + random() % 95);
    return ids;
}

}  // namespace epi::test
