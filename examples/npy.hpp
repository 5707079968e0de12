// SPDX-License-Identifier: BSL-1.0
// Reading and describing NumPy's .npy files:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace npy {

struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct dtype {
    char kind = 'u';        // b (bool), i, u or f, as NumPy writes it
    std::size_t bytes = 1;  // of one element
    bool foreign = false;   // in the byte order this machine does not have
};
std::string name(const dtype& type);

struct header {
    dtype type;
    bool fortran_order = true;
    std::vector<std::ptrdiff_t> shape;

    std::size_t byte_count() const;
};

// Throws npy::error for what is not a .npy file of one of the ten arithmetic types or bool, or for one
// shorter than its header says. Format versions 1 to 3.
struct parsed {
    header head;
    std::size_t data_offset = 0;
};
parsed parse(std::span<const std::byte> file);

// Everything that stands before the data, in format version 1.
std::string format(const header& head);

void swap_bytes(std::span<std::byte> data, std::size_t element_bytes);

// A read-only file in memory. The pages are the system's, which drops and reloads them as it likes. Where the
// file is shortened meanwhile, or its disk fails, what cannot be read is zero, and check_unchanged() throws.
class mapped_file {
public:
    // Throws npy::error, which names the file.
    explicit mapped_file(const std::filesystem::path& path);
    ~mapped_file();
    mapped_file(const mapped_file&) = delete;
    mapped_file& operator=(const mapped_file&) = delete;

    std::span<const std::byte> bytes() const { return {data_, size_}; }
    const std::filesystem::path& path() const { return path_; }

    // parse(), with the file's name in the error.
    parsed parse_whole() const;

    // Throws std::runtime_error where anybody has written to the file since it was opened.
    void check_unchanged() const;

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    timespec modified_{};
    int guard_ = -1;
};

// The elements of a mapped file, aligned and in this machine's byte order; copied only where the file's are
// not.
class array {
public:
    explicit array(const std::filesystem::path& path);

    const npy::header& head() const { return parsed_.head; }
    const std::byte* data() const { return copy_.empty() ? mapped_data() : copy_.data(); }
    void check_unchanged() const { file_.check_unchanged(); }

private:
    const std::byte* mapped_data() const { return file_.bytes().data() + parsed_.data_offset; }

    mapped_file file_;
    parsed parsed_;
    std::vector<std::byte> copy_;
};

// Calls f.operator()<T>() for the C++ type of an element. A bool is a byte that holds 0 or 1, and is treated
// as that byte: no pooling of bools needs more, and a stray 2 in a file does no harm.
template <class F>
decltype(auto) visit_type(const dtype& type, F&& f) {
    if (type.kind == 'f')
        return type.bytes == 4 ? f.template operator()<float>() : f.template operator()<double>();
    const bool is_signed = type.kind == 'i';
    switch (type.bytes) {
        case 1:
            return is_signed ? f.template operator()<std::int8_t>() : f.template operator()<std::uint8_t>();
        case 2:
            return is_signed ? f.template operator()<std::int16_t>() : f.template operator()<std::uint16_t>();
        case 4:
            return is_signed ? f.template operator()<std::int32_t>() : f.template operator()<std::uint32_t>();
        default:
            return is_signed ? f.template operator()<std::int64_t>() : f.template operator()<std::uint64_t>();
    }
}

}  // namespace npy
