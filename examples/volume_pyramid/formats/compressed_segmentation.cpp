// SPDX-License-Identifier: BSL-1.0
#include "compressed_segmentation.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "format_error.hpp"
#include "little_endian.hpp"

namespace formats {
namespace {

constexpr std::uint64_t most_words = std::uint64_t{1} << 24;
constexpr std::size_t word_bytes = 4;

template <class T>
constexpr std::uint64_t label_words = sizeof(T) / word_bytes;

// How a chunk of one channel is cut into blocks.
struct block_grid {
    block_grid(const chunk_shape& shape, const block_extent& of_block)
        : extent(shape.extent), block(of_block) {
        for (std::size_t axis = 0; axis < 3; ++axis)
            count[axis] = extent[axis] / block[axis] + (extent[axis] % block[axis] != 0 ? 1 : 0);
    }

    std::uint64_t blocks() const { return std::uint64_t{count[0]} * count[1] * count[2]; }
    // Padding counts: blocks that stick out of the chunk take as many values.
    std::uint64_t block_voxels() const { return std::uint64_t{block[0]} * block[1] * block[2]; }

    std::array<std::size_t, 3> extent;
    block_extent block;
    std::array<std::size_t, 3> count{};
};

// One block: where its voxels lie in the chunk, and how many of them are inside.
struct block_place {
    block_place(const block_grid& grid, const std::array<std::size_t, 3>& index) {
        std::array<std::size_t, 3> begin{};
        for (std::size_t axis = 0; axis < 3; ++axis) {
            begin[axis] = index[axis] * grid.block[axis];
            inside[axis] = std::min(grid.block[axis], grid.extent[axis] - begin[axis]);
        }
        row_step = grid.extent[0];
        section_step = row_step * grid.extent[1];
        first = begin[0] + row_step * begin[1] + section_step * begin[2];
    }

    std::size_t voxels() const { return inside[0] * inside[1] * inside[2]; }

    // f(first voxel in the chunk, first position in the block)
    template <class F>
    void for_each_row(const block_extent& block, F&& f) const {
        for (std::size_t z = 0; z < inside[2]; ++z)
            for (std::size_t y = 0; y < inside[1]; ++y)
                f(first + y * row_step + z * section_step, block[0] * (y + block[1] * z));
    }

    std::array<std::size_t, 3> inside{};
    std::size_t first = 0, row_step = 0, section_step = 0;
};

// f(index of the block, its number), x fastest
template <class F>
void for_each_block(const block_grid& grid, F&& f) {
    std::uint64_t number = 0;
    for (std::size_t k = 0; k < grid.count[2]; ++k)
        for (std::size_t j = 0; j < grid.count[1]; ++j)
            for (std::size_t i = 0; i < grid.count[0]; ++i) f({i, j, k}, number++);
}

constexpr std::array<unsigned, 7> legal_bits{0, 1, 2, 4, 8, 16, 32};

unsigned bits_for(std::size_t labels) {
    return *std::find_if(legal_bits.begin(), legal_bits.end(),
                         [&](unsigned bits) { return (std::uint64_t{1} << bits) >= labels; });
}

std::uint64_t words_of_values(unsigned bits, std::uint64_t voxels) { return (bits * voxels + 31) / 32; }

template <unsigned Bits>
std::uint32_t value_at(const std::byte* values, std::size_t n) {
    if constexpr (Bits == 32) return load<std::uint32_t>(values + n * word_bytes);
    // In little-endian words, value n is also in byte n * Bits / 8.
    if constexpr (Bits == 16) return load<std::uint16_t>(values + n * 2);
    if constexpr (Bits == 8) return std::to_integer<std::uint32_t>(values[n]);
    if constexpr (Bits < 8)
        return (std::to_integer<std::uint32_t>(values[n * Bits / 8]) >> (n * Bits % 8)) & ((1u << Bits) - 1);
}

// What a block's header says, checked.
struct block_header {
    unsigned bits = 0;
    const std::byte* values = nullptr;
    const std::byte* table = nullptr;
    std::uint64_t table_offset = 0;
    std::uint64_t labels = 0;  // that are left of the channel from the table on
};

template <class T>
class channel_decoder {
public:
    channel_decoder(std::span<const std::byte> words, const block_grid& grid, T* voxels)
        : words_(words), count_(words.size() / word_bytes), grid_(grid), voxels_(voxels) {}

    void decode() {
        if (2 * grid_.blocks() > count_) throw format_error("it is too short for the headers of its blocks");
        reached_ = 2 * grid_.blocks();
        for_each_block(grid_, [&](const std::array<std::size_t, 3>& index, std::uint64_t number) {
            try {
                decode_block(block_place(grid_, index), header(number));
            } catch (const format_error& problem) {
                throw format_error("block " + std::to_string(index[0]) + "," + std::to_string(index[1]) +
                                   "," + std::to_string(index[2]) + ": " + problem.what());
            }
        });
        if (reached_ != count_) throw format_error("there are words at its end that no block uses");
    }

private:
    const std::byte* word(std::uint64_t offset) const { return words_.data() + offset * word_bytes; }

    block_header header(std::uint64_t number) {
        const auto a = load<std::uint32_t>(word(2 * number)), b = load<std::uint32_t>(word(2 * number + 1));
        block_header h;
        h.bits = a >> 24;
        h.table_offset = a & 0xffffff;
        if (std::find(legal_bits.begin(), legal_bits.end(), h.bits) == legal_bits.end())
            throw format_error("values of " + std::to_string(h.bits) + " bits do not exist");
        if (h.table_offset > count_ || count_ - h.table_offset < label_words<T>)
            throw format_error("its table begins at word " + std::to_string(h.table_offset) + " of " +
                               std::to_string(count_));
        h.labels = (count_ - h.table_offset) / label_words<T>;
        h.table = word(h.table_offset);
        if (h.bits == 0) return h;
        const std::uint64_t needed = words_of_values(h.bits, grid_.block_voxels());
        if (b > count_ || count_ - b < needed)
            throw format_error("its values, " + std::to_string(needed) + " words from word " +
                               std::to_string(b) + " on, do not fit into " + std::to_string(count_));
        h.values = word(b);
        reached_ = std::max(reached_, b + needed);
        return h;
    }

    void decode_block(const block_place& place, const block_header& h) {
        switch (h.bits) {
            case 0:
                fill(place, h);
                break;
            case 1:
                look_up<1>(place, h);
                break;
            case 2:
                look_up<2>(place, h);
                break;
            case 4:
                look_up<4>(place, h);
                break;
            case 8:
                look_up<8>(place, h);
                break;
            case 16:
                look_up<16>(place, h);
                break;
            default:
                look_up<32>(place, h);
        }
    }

    void fill(const block_place& place, const block_header& h) {
        const T label = load<T>(h.table);
        place.for_each_row(grid_.block, [&](std::size_t voxel, std::size_t) {
            std::fill_n(voxels_ + voxel, place.inside[0], label);
        });
        table_reaches(h, 1);
    }

    // Where more labels are left than Bits can count, no value is outside, and none is the file's last.
    template <unsigned Bits>
    void look_up(const block_place& place, const block_header& h) {
        if (h.labels > (std::uint64_t{1} << Bits)) return look_up_rows<Bits>(place, h);
        std::uint64_t most = 0;
        place.for_each_row(grid_.block, [&](std::size_t, std::size_t position) {
            for (std::size_t x = 0; x < place.inside[0]; ++x)
                most = std::max<std::uint64_t>(most, value_at<Bits>(h.values, position + x));
        });
        if (most >= h.labels)
            throw format_error("the value " + std::to_string(most) + " is outside, with " +
                               std::to_string(h.labels) + " labels from word " +
                               std::to_string(h.table_offset) + " on");
        table_reaches(h, most + 1);
        look_up_rows<Bits>(place, h);
    }

    template <unsigned Bits>
    void look_up_rows(const block_place& place, const block_header& h) {
        place.for_each_row(grid_.block, [&](std::size_t voxel, std::size_t position) {
            T* to = voxels_ + voxel;
            for (std::size_t x = 0; x < place.inside[0]; ++x)
                to[x] = load<T>(h.table + value_at<Bits>(h.values, position + x) * sizeof(T));
        });
    }

    void table_reaches(const block_header& h, std::uint64_t labels) {
        reached_ = std::max(reached_, h.table_offset + labels * label_words<T>);
    }

    std::span<const std::byte> words_;
    std::uint64_t count_;        // words
    std::uint64_t reached_ = 0;  // words from the first one on that are known to be used; may miss inner ones
    const block_grid& grid_;
    T* voxels_;
};

// The labels of a block in ascending order, and which of them each voxel is.
template <class T>
class block_labels {
public:
    // values: as many as the block has positions; those outside of the chunk are 0.
    void count(const T* voxels, const block_place& place, const block_extent& block) {
        labels_.clear();
        values_.assign(std::size_t{block[0]} * block[1] * block[2], 0);
        slots_.assign(64, 0);
        T last = voxels[place.first];
        std::uint32_t last_value = find_or_add(last);
        place.for_each_row(block, [&](std::size_t voxel, std::size_t position) {
            for (std::size_t x = 0; x < place.inside[0]; ++x) {
                const T label = voxels[voxel + x];
                if (label != last) {
                    last = label;
                    last_value = find_or_add(label);
                }
                values_[position + x] = last_value;
            }
        });
        sort(place, block);
    }

    static bool is_uniform(const T* voxels, const block_place& place, const block_extent& block) {
        const T first = voxels[place.first];
        bool same = true;
        place.for_each_row(block, [&](std::size_t voxel, std::size_t) {
            if (!same) return;
            T difference = 0;
            for (std::size_t x = 0; x < place.inside[0]; ++x)
                difference = static_cast<T>(difference | (voxels[voxel + x] ^ first));
            same = difference == 0;
        });
        return same;
    }

    std::span<const T> labels() const { return labels_; }
    std::span<const std::uint32_t> values() const { return values_; }

private:
    static std::size_t hash(T label) {
        return static_cast<std::size_t>((std::uint64_t{label} * 0x9e3779b97f4a7c15u) >> 32);
    }

    // slots_ holds 1 + a value, or 0; at most half of them are taken.
    std::uint32_t find_or_add(T label) {
        const std::size_t mask = slots_.size() - 1;
        std::size_t slot = hash(label) & mask;
        for (; slots_[slot] != 0; slot = (slot + 1) & mask)
            if (labels_[slots_[slot] - 1] == label) return slots_[slot] - 1;
        labels_.push_back(label);
        slots_[slot] = static_cast<std::uint32_t>(labels_.size());
        if (labels_.size() * 2 > slots_.size()) grow();
        return static_cast<std::uint32_t>(labels_.size() - 1);
    }

    void grow() {
        slots_.assign(slots_.size() * 2, 0);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            std::size_t slot = hash(labels_[i]) & mask;
            while (slots_[slot] != 0) slot = (slot + 1) & mask;
            slots_[slot] = static_cast<std::uint32_t>(i + 1);
        }
    }

    void sort(const block_place& place, const block_extent& block) {
        if (std::is_sorted(labels_.begin(), labels_.end())) return;
        order_.resize(labels_.size());
        for (std::size_t i = 0; i < order_.size(); ++i)
            order_[i] = {labels_[i], static_cast<std::uint32_t>(i)};
        std::sort(order_.begin(), order_.end());
        rank_.resize(order_.size());
        for (std::size_t i = 0; i < order_.size(); ++i) {
            labels_[i] = order_[i].first;
            rank_[order_[i].second] = static_cast<std::uint32_t>(i);
        }
        place.for_each_row(block, [&](std::size_t, std::size_t position) {
            for (std::size_t x = 0; x < place.inside[0]; ++x)
                values_[position + x] = rank_[values_[position + x]];
        });
    }

    std::vector<T> labels_;
    std::vector<std::uint32_t> values_, slots_, rank_;
    std::vector<std::pair<T, std::uint32_t>> order_;
};

// Appends one channel to a file.
template <class T>
class channel_encoder {
public:
    channel_encoder(const block_grid& grid, std::vector<std::byte>& file)
        : grid_(grid), file_(file), begin_(file.size()) {}

    void encode(const T* voxels) {
        if (2 * grid_.blocks() >= most_words) fail_too_long();
        file_.resize(begin_ + 2 * grid_.blocks() * word_bytes);
        for_each_block(grid_, [&](const std::array<std::size_t, 3>& index, std::uint64_t number) {
            const block_place place(grid_, index);
            if (block_labels<T>::is_uniform(voxels, place, grid_.block)) {
                const std::uint64_t values = words();
                write_header(number, 0, values, table_of({voxels + place.first, 1}));
                return;
            }
            labels_.count(voxels, place, grid_.block);
            const unsigned bits = bits_for(labels_.labels().size());
            const std::uint64_t values = words();
            append_values(bits);
            write_header(number, bits, values, table_of(labels_.labels()));
        });
        if (file_.size() / word_bytes >= most_words) fail_too_long();
    }

private:
    [[noreturn]] static void fail_too_long() {
        throw format_error(
            "the chunk takes 2^24 words (64 MiB) or more as compressed_segmentation, which readers cannot "
            "address; use smaller chunks");
    }

    std::uint64_t words() const { return (file_.size() - begin_) / word_bytes; }

    void write_header(std::uint64_t number, unsigned bits, std::uint64_t values, std::uint64_t table) {
        if (values >= most_words || table >= most_words) fail_too_long();
        std::byte* header = file_.data() + begin_ + 2 * number * word_bytes;
        store(header, static_cast<std::uint32_t>(table | std::uint64_t{bits} << 24));
        store(header + word_bytes, static_cast<std::uint32_t>(values));
    }

    void append_values(unsigned bits) {
        switch (bits) {
            case 1:
                return append_values_of<1>();
            case 2:
                return append_values_of<2>();
            case 4:
                return append_values_of<4>();
            case 8:
                return append_values_of<8>();
            case 16:
                return append_values_of<16>();
            default:
                return append_values_of<32>();
        }
    }

    template <unsigned Bits>
    void append_values_of() {
        constexpr std::size_t per_word = 32 / Bits;
        const std::span<const std::uint32_t> values = labels_.values();
        const std::size_t at = file_.size(), whole = values.size() / per_word * per_word;
        file_.resize(at + words_of_values(Bits, values.size()) * word_bytes);
        std::byte* to = file_.data() + at;
        const auto word_of = [&](std::size_t n, std::size_t count) {
            std::uint32_t word = 0;
            for (std::size_t i = 0; i < count; ++i) word |= values[n + i] << (i * Bits);
            return word;
        };
        for (std::size_t n = 0; n < whole; n += per_word, to += word_bytes) store(to, word_of(n, per_word));
        if (whole != values.size()) store(to, word_of(whole, values.size() - whole));
    }

    // The offset of such a table, written unless one is there.
    std::uint64_t table_of(std::span<const T> labels) {
        std::uint64_t hash = labels.size();
        for (const T label : labels) hash = (std::rotl(hash, 23) ^ label) * 0x9e3779b97f4a7c15u;
        const auto [first, last] = tables_.equal_range(hash);
        for (auto known = first; known != last; ++known) {
            const auto [offset, count] = known->second;
            if (count == labels.size() && std::memcmp(file_.data() + begin_ + offset * word_bytes,
                                                      labels.data(), labels.size_bytes()) == 0)
                return offset;
        }
        const std::uint64_t offset = words();
        const auto bytes = std::as_bytes(labels);
        file_.insert(file_.end(), bytes.begin(), bytes.end());
        tables_.emplace(hash, std::pair{offset, labels.size()});
        return offset;
    }

    const block_grid& grid_;
    std::vector<std::byte>& file_;
    std::size_t begin_;
    block_labels<T> labels_;
    std::unordered_multimap<std::uint64_t, std::pair<std::uint64_t, std::size_t>> tables_;
};

[[noreturn]] void fail_channel(std::size_t channel, const std::string& why) {
    throw format_error("compressed_segmentation, channel " + std::to_string(channel) + ": " + why);
}

// Where each channel begins, in words, and where the last one ends.
std::vector<std::uint64_t> channel_offsets(std::span<const std::byte> file, std::size_t channels) {
    const std::uint64_t words = file.size() / word_bytes;
    if (file.size() % word_bytes != 0)
        throw format_error("compressed_segmentation: " + std::to_string(file.size()) +
                           " bytes are no whole number of words of 4");
    if (words < channels) throw format_error("compressed_segmentation: too short for the channels' offsets");
    std::vector<std::uint64_t> offsets(channels + 1, words);
    for (std::size_t c = 0; c < channels; ++c) offsets[c] = load<std::uint32_t>(file.data() + c * word_bytes);
    if (offsets[0] != channels) fail_channel(0, "begins at word " + std::to_string(offsets[0]));
    for (std::size_t c = 0; c < channels; ++c)
        if (offsets[c] > offsets[c + 1])
            fail_channel(c, "begins at word " + std::to_string(offsets[c]) + ", behind its end at word " +
                                std::to_string(offsets[c + 1]));
    return offsets;
}

template <class T>
void decode(std::span<const std::byte> file, const chunk_shape& shape, const block_grid& grid,
            std::byte* voxels) {
    const std::vector<std::uint64_t> offsets = channel_offsets(file, shape.channels);
    for (std::size_t c = 0; c < shape.channels; ++c) {
        const auto words = file.subspan(offsets[c] * word_bytes, (offsets[c + 1] - offsets[c]) * word_bytes);
        try {
            channel_decoder<T>(words, grid, reinterpret_cast<T*>(voxels) + c * voxels_of(shape)).decode();
        } catch (const format_error& problem) {
            fail_channel(c, problem.what());
        }
    }
}

template <class T>
void encode(const std::byte* voxels, const chunk_shape& shape, const block_grid& grid,
            std::vector<std::byte>& file) {
    file.assign(shape.channels * word_bytes, std::byte{});
    for (std::size_t c = 0; c < shape.channels; ++c) {
        store(file.data() + c * word_bytes, static_cast<std::uint32_t>(file.size() / word_bytes));
        channel_encoder<T>(grid, file).encode(reinterpret_cast<const T*>(voxels) + c * voxels_of(shape));
    }
}

}  // namespace

void check_compressed_segmentation(const chunk_shape& shape, const block_extent& block) {
    if (shape.type != sample_type::uint32 && shape.type != sample_type::uint64)
        throw format_error("compressed_segmentation holds uint32 and uint64, not " + text_of(shape));
    bytes_of(shape);
    for (const std::size_t extent : block)
        if (extent < 1 || extent > 65536)
            throw format_error("compressed_segmentation_block_size has an extent of " +
                               std::to_string(extent) + ", but must be from 1 to 65536");
    if (std::uint64_t{block[0]} * block[1] * block[2] > most_words)
        throw format_error("a block of compressed_segmentation has more than 2^24 voxels");
}

void decode_compressed_segmentation(std::span<const std::byte> file, const chunk_shape& shape,
                                    const block_extent& block, std::span<std::byte> voxels) {
    check_compressed_segmentation(shape, block);
    if (voxels.size() != bytes_of(shape)) throw format_error("the memory for a chunk is of another size");
    const block_grid grid(shape, block);
    if (shape.type == sample_type::uint32)
        decode<std::uint32_t>(file, shape, grid, voxels.data());
    else
        decode<std::uint64_t>(file, shape, grid, voxels.data());
}

void encode_compressed_segmentation(std::span<const std::byte> voxels, const chunk_shape& shape,
                                    const block_extent& block, std::vector<std::byte>& file) {
    check_compressed_segmentation(shape, block);
    if (voxels.size() != bytes_of(shape)) throw format_error("the voxels of a chunk are of another size");
    const block_grid grid(shape, block);
    if (shape.type == sample_type::uint32)
        encode<std::uint32_t>(voxels.data(), shape, grid, file);
    else
        encode<std::uint64_t>(voxels.data(), shape, grid, file);
}

std::size_t compressed_segmentation_bound(const chunk_shape& shape, const block_extent& block) {
    check_compressed_segmentation(shape, block);
    const block_grid grid(shape, block);
    // Blocks at the border are no larger.
    const block_place largest(grid, {0, 0, 0});
    const unsigned bits = bits_for(largest.voxels());
    std::uint64_t words = grid.blocks() * (2 + words_of_values(bits, grid.block_voxels()));
    words += voxels_of(shape) * (bytes_of(shape.type) / word_bytes);
    return std::min(shape.channels * (1 + words), most_words) * word_bytes;
}

}  // namespace formats
