// SPDX-License-Identifier: BSL-1.0
#include "npy.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

namespace npy {
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t max_rank = 6;

// The header is the text of a Python dictionary with three entries, in any order.
class dictionary_reader {
public:
    explicit dictionary_reader(std::string_view text) : rest_(text) {}

    header read() {
        expect('{');
        while (!take('}')) {
            read_entry();
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        skip_space();
        if (!rest_.empty()) fail("text after the closing brace");
        if (!type_ || !fortran_order_ || !shape_) fail("descr, fortran_order or shape is missing");
        return {*type_, *fortran_order_, *shape_};
    }

private:
    [[noreturn]] static void fail(const std::string& what) { throw error("malformed header: " + what); }

    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    bool take(char c) {
        skip_space();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char c) {
        if (!take(c)) fail(std::string("a '") + c + "' is missing");
    }

    bool take_word(std::string_view word) {
        skip_space();
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    std::string_view read_string() {
        const char quote = take('\'') ? '\'' : '"';
        if (quote == '"') expect('"');
        const std::size_t end = rest_.find(quote);
        if (end == rest_.npos) fail("a string does not end");
        const std::string_view result = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return result;
    }

    void read_entry() {
        const std::string_view key = read_string();
        expect(':');
        if (key == "descr" && !type_) {
            type_ = read_dtype();
        } else if (key == "fortran_order" && !fortran_order_) {
            fortran_order_ = take_word("True");
            if (!*fortran_order_ && !take_word("False")) fail("fortran_order is neither True nor False");
        } else if (key == "shape" && !shape_) {
            shape_ = read_shape();
        } else {
            fail("an entry that has no place there");
        }
    }

    dtype read_dtype() {
        skip_space();
        if (rest_.starts_with('[')) throw error("unsupported dtype: a structured one");
        const std::string_view text = read_string();
        std::string_view code = text;
        char order = '=';
        if (!code.empty() && std::string_view("<>=|").find(code.front()) != code.npos) {
            order = code.front();
            code.remove_prefix(1);
        }
        constexpr std::string_view known[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                              "u2", "u4", "u8", "f4", "f8"};
        if (std::find(std::begin(known), std::end(known), code) == std::end(known)) {
            std::string shown;
            for (const char c : text.substr(0, 32)) shown += c >= ' ' && c <= '~' ? c : '?';
            throw error("unsupported dtype '" + shown +
                        "'; bool, 8 to 64 bit integers, float32 and float64 are supported");
        }
        const std::size_t bytes = static_cast<std::size_t>(code[1] - '0');
        const char native = std::endian::native == std::endian::little ? '<' : '>';
        return {code[0], bytes, bytes > 1 && (order == '<' || order == '>') && order != native};
    }

    std::vector<std::ptrdiff_t> read_shape() {
        std::vector<std::ptrdiff_t> shape;
        expect('(');
        while (!take(')')) {
            shape.push_back(read_extent());
            take('L');  // Python 2 wrote its long integers so
            if (!take(',')) {
                expect(')');
                break;
            }
        }
        if (shape.empty() || shape.size() > max_rank)
            throw error("unsupported rank " + std::to_string(shape.size()) + "; 1 to 6 are supported");
        return shape;
    }

    std::ptrdiff_t read_extent() {
        skip_space();
        std::ptrdiff_t extent = 0;
        const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
        if (problem != std::errc() || extent < 0)
            fail("an extent of the shape is not a number from 0 to 2^63-1");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return extent;
    }

    std::string_view rest_;
    std::optional<dtype> type_;
    std::optional<bool> fortran_order_;
    std::optional<std::vector<std::ptrdiff_t>> shape_;
};

void check_size(const header& head, std::size_t available) {
    std::size_t needed = head.type.bytes;
    for (const std::ptrdiff_t extent : head.shape) {
        if (extent == 0) return;
        if (needed > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) /
                         static_cast<std::size_t>(extent))
            throw error("malformed header: a shape that no memory holds");
        needed *= static_cast<std::size_t>(extent);
    }
    if (available < needed)
        throw error("truncated: its shape needs " + std::to_string(needed) + " bytes of data and " +
                    std::to_string(available) + " are there");
}

}  // namespace

std::string name(const dtype& type) {
    if (type.kind == 'b') return "bool";
    const std::string stem = type.kind == 'f' ? "float" : type.kind == 'i' ? "int" : "uint";
    return stem + std::to_string(8 * type.bytes);
}

std::size_t header::byte_count() const {
    std::size_t count = type.bytes;
    for (const std::ptrdiff_t extent : shape) count *= static_cast<std::size_t>(extent);
    return count;
}

parsed parse(std::span<const std::byte> file) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    if (text.empty()) throw error("an empty file");
    if (!text.starts_with(magic)) throw error("not a .npy file");
    if (text.size() < 8) throw error("truncated: the header is cut off");
    const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(file[i]); };
    const std::size_t version = byte(6);
    if (version < 1 || version > 3) throw error("unsupported .npy format version " + std::to_string(version));

    const std::size_t length_bytes = version == 1 ? 2 : 4;
    const std::size_t start = 8 + length_bytes;
    if (text.size() < start) throw error("truncated: the header is cut off");
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) length |= byte(8 + i) << (8 * i);
    if (text.size() - start < length) throw error("truncated: the header is cut off");

    parsed result{dictionary_reader(text.substr(start, length)).read(), start + length};
    check_size(result.head, text.size() - result.data_offset);
    return result;
}

std::string format(const header& head) {
    const bool little = (std::endian::native == std::endian::little) != head.type.foreign;
    const char order = head.type.bytes == 1 ? '|' : little ? '<' : '>';
    std::string text = std::string("{'descr': '") + order + head.type.kind + std::to_string(head.type.bytes) +
                       "', 'fortran_order': " + (head.fortran_order ? "True" : "False") + ", 'shape': (";
    for (std::size_t i = 0; i < head.shape.size(); ++i)
        text += std::to_string(head.shape[i]) + (i == 0 || i + 1 < head.shape.size() ? "," : "") +
                (i + 1 < head.shape.size() ? " " : "");
    text += "), }";
    constexpr std::size_t prefix = 10;
    while ((prefix + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    const char lead[] = {1, 0, static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    return std::string(magic) + std::string(lead, sizeof lead) + text;
}

void swap_bytes(std::span<std::byte> data, std::size_t element_bytes) {
    for (std::size_t i = 0; i + element_bytes <= data.size(); i += element_bytes)
        std::reverse(data.begin() + static_cast<std::ptrdiff_t>(i),
                     data.begin() + static_cast<std::ptrdiff_t>(i + element_bytes));
}

namespace {

// Mapped files, and whether a page of one could not be read. The handler of SIGBUS looks here.
struct guarded_range {
    std::atomic<bool> taken{false}, broken{false};
    std::atomic<std::uintptr_t> begin{0}, end{0};
};
constexpr std::size_t usual_open_files = 1024;
std::array<guarded_range, usual_open_files> guarded;
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

// Zeros take the place of what is not there any more, so that the reader gets to where it asks.
void on_bus_error(int signal, siginfo_t* about, void*) {
    const auto address = reinterpret_cast<std::uintptr_t>(about->si_addr);
    for (guarded_range& range : guarded) {
        const std::uintptr_t end = range.end;
        if (address < range.begin || address >= end) continue;
        range.broken = true;
        const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        const std::uintptr_t from = address / page * page;
        if (::mmap(reinterpret_cast<void*>(from), end - from, PROT_READ,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
            return;
    }
    std::signal(signal, SIG_DFL);  // the same access again, and the program ends as it would have
}

timespec modified(const struct stat& about) {
#ifdef __APPLE__
    return about.st_mtimespec;
#else
    return about.st_mtim;
#endif
}

// The number of the guard, or -1 where there are too many.
int guard(const std::byte* data, std::size_t size) {
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, nullptr);
    for (std::size_t i = 0; i < guarded.size(); ++i) {
        if (guarded[i].taken.exchange(true)) continue;
        guarded[i].broken = false;
        guarded[i].begin = reinterpret_cast<std::uintptr_t>(data);
        guarded[i].end = reinterpret_cast<std::uintptr_t>(data) + size;
        return static_cast<int>(i);
    }
    return -1;
}

void release(int number) {
    if (number < 0) return;
    guarded_range& range = guarded[static_cast<std::size_t>(number)];
    range.end = range.begin = 0;
    range.taken = false;
}

}  // namespace

mapped_file::mapped_file(const std::filesystem::path& path) : path_(path) {
    const auto fail = [&](const std::string& why) {
        if (descriptor_ >= 0) ::close(descriptor_);
        throw error(path.string() + ": " + why);
    };
    // Without O_NONBLOCK the open of a pipe nobody writes to would wait for ever.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) fail(std::strerror(errno));
    struct stat about {};
    if (::fstat(descriptor_, &about) != 0 || !S_ISREG(about.st_mode)) fail("not a regular file");
    size_ = static_cast<std::size_t>(about.st_size);
    modified_ = modified(about);
    if (size_ == 0) return;
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (mapped == MAP_FAILED) fail(std::string("cannot be mapped: ") + std::strerror(errno));
    data_ = static_cast<const std::byte*>(mapped);
    guard_ = guard(data_, size_);
}

mapped_file::~mapped_file() {
    release(guard_);
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
    ::close(descriptor_);
}

parsed mapped_file::parse_whole() const {
    try {
        return parse(bytes());
    } catch (const error& problem) {
        throw error(path_.string() + ": " + problem.what());
    }
}

void mapped_file::check_unchanged() const {
    struct stat now {};
    const bool there = ::fstat(descriptor_, &now) == 0 && static_cast<std::size_t>(now.st_size) == size_;
    const bool same =
        there && modified(now).tv_sec == modified_.tv_sec && modified(now).tv_nsec == modified_.tv_nsec;
    if (!same)
        throw std::runtime_error(path_.string() +
                                 ": was changed while it was read; run again once it is whole");
    if (guard_ >= 0 && guarded[static_cast<std::size_t>(guard_)].broken)
        throw std::runtime_error(path_.string() +
                                 ": cannot be read: a part of it is not there, or its disk fails");
}

array::array(const std::filesystem::path& path) : file_(path), parsed_(file_.parse_whole()) {
    const dtype& type = parsed_.head.type;
    const bool aligned = reinterpret_cast<std::uintptr_t>(mapped_data()) % type.bytes == 0;
    if (aligned && !type.foreign) return;
    copy_.assign(mapped_data(), mapped_data() + parsed_.head.byte_count());
    if (type.foreign) swap_bytes(copy_, type.bytes);
}

}  // namespace npy
