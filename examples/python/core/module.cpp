// SPDX-License-Identifier: BSL-1.0
// The module tinybrain._core: what the functions of the package call, and nobody else.
#include <pybind11/stl.h>

#include <tinybrain/version.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "call.hpp"
#include "geometry.hpp"

namespace tinybrain_python {

namespace {

template <class Choice>
using named = std::pair<const char*, Choice>;

constexpr named<method> methods[] = {{"average", method::average}, {"mode", method::mode},
                                     {"min", method::min},         {"max", method::max},
                                     {"median", method::median},   {"stride", method::stride}};
constexpr named<tb::rounding> roundings[] = {{"toward_zero", tb::rounding::toward_zero},
                                             {"half_up", tb::rounding::half_up},
                                             {"half_even", tb::rounding::half_even}};
constexpr named<tb::edges> edge_rules[] = {{"clip", tb::edges::clip}, {"replicate", tb::edges::replicate}};
constexpr named<tb::ties> tie_rules[] = {
    {"countless", tb::ties::countless}, {"first", tb::ties::first}, {"lowest", tb::ties::lowest}};
constexpr named<tb::votes> vote_rules[] = {{"previous_mip", tb::votes::previous_mip},
                                           {"footprint", tb::votes::footprint}};

// What a keyword chooses: ValueError for another word, TypeError for what is none.
template <class Choice, std::size_t N>
Choice chosen(const char* keyword, const py::handle& value, const named<Choice> (&names)[N]) {
    const bool is_word = py::isinstance<py::str>(value);
    for (const auto& [name, choice] : names) {
        if (is_word && PyUnicode_CompareWithASCIIString(value.ptr(), name) == 0) return choice;
    }
    std::string message = "tinybrain: " + std::string(keyword) + " is " +
                          py::repr(value).cast<std::string>() + ", but must be one of";
    const char* separator = " \"";
    for (const auto& [name, choice] : names) {
        message += std::string(separator) + name + "\"";
        separator = ", \"";
    }
    if (!is_word) throw py::type_error(message);
    throw py::value_error(message);
}

// Starts none for one: the calling thread does the work.
tb::executor executor_of(std::int64_t threads) {
    return threads == 1 ? tb::executor() : tb::threads(threads);
}

std::vector<py::array> downsample_integers(call& wanted, bool has_sign, py::ssize_t bytes) {
    switch (bytes) {
        case 1:
            return has_sign ? downsample<std::int8_t>(wanted) : downsample<std::uint8_t>(wanted);
        case 2:
            return has_sign ? downsample<std::int16_t>(wanted) : downsample<std::uint16_t>(wanted);
        case 4:
            return has_sign ? downsample<std::int32_t>(wanted) : downsample<std::uint32_t>(wanted);
        default:
            return has_sign ? downsample<std::int64_t>(wanted) : downsample<std::uint64_t>(wanted);
    }
}

std::string name_of(const py::dtype& dtype) { return py::str(py::object(dtype)).cast<std::string>(); }

std::vector<py::array> downsample_any(call& wanted) {
    const py::dtype dtype = wanted.image.dtype();
    switch (dtype.kind()) {
        case 'b':
        case 'u':
        case 'i':
            return downsample_integers(wanted, dtype.kind() == 'i', dtype.itemsize());
        case 'f':
            if (dtype.itemsize() == 4) return downsample<float>(wanted);
            if (dtype.itemsize() == 8) return downsample<double>(wanted);
    }
    throw py::type_error("tinybrain: no voxels are of dtype " + name_of(dtype));
}

void check_out(const call& wanted) {
    for (std::size_t i = 0; i < wanted.out.size(); ++i) {
        const py::array& out = wanted.out[i];
        const std::string name = "out[" + std::to_string(i) + "]";
        if (!out.dtype().equal(wanted.image.dtype())) {
            throw py::type_error("tinybrain: " + name + " is of dtype " + name_of(out.dtype()) +
                                 ", but must be of the image's, " + name_of(wanted.image.dtype()));
        }
        if (out.ndim() != wanted.image.ndim()) {
            throw py::value_error("tinybrain: " + name + " has " + std::to_string(out.ndim()) +
                                  " axes, but must have as many as the image, " +
                                  std::to_string(wanted.image.ndim()));
        }
        if (!out.writeable()) throw py::value_error("tinybrain: " + name + " is read-only");
        check_memory(name, out);
    }
}

py::object downsample_call(const py::object& how, py::array image,
                           std::vector<std::vector<tb::index_t>> factors, bool same_factor, int num_mips,
                           const std::optional<std::vector<py::array>>& out, std::vector<tb::index_t> origin,
                           bool sparse, py::object background, double least_coverage, std::int64_t threads,
                           const py::object& rounding, const py::object& edges, const py::object& ties,
                           const py::object& votes) {
    call wanted{.how = chosen("method", how, methods),
                .image = std::move(image),
                .factors = std::move(factors),
                .same_factor = same_factor,
                .num_mips = num_mips,
                .out = out.value_or(std::vector<py::array>()),
                .into_out = out.has_value(),
                .origin = std::move(origin),
                .sparse = sparse,
                .background = std::move(background),
                .least_coverage = least_coverage,
                .round = chosen("rounding", rounding, roundings),
                .edge = chosen("edges", edges, edge_rules),
                .tie = chosen("ties", ties, tie_rules),
                .vote = chosen("votes", votes, vote_rules),
                .run_on = executor_of(threads)};
    check_memory("img", wanted.image);
    check_out(wanted);
    return py::cast(downsample_any(wanted));
}

void define_downsample(py::module_& module) {
    module.def("downsample", &downsample_call, py::arg("method"), py::arg("img"), py::arg("factors"),
               py::arg("same_factor"), py::arg("num_mips"), py::arg("out"), py::arg("origin"),
               py::arg("sparse"), py::arg("background"), py::arg("least_coverage"), py::arg("threads"),
               py::arg("rounding") = "toward_zero", py::arg("edges") = "clip", py::arg("ties") = "countless",
               py::arg("votes") = "previous_mip");
}

}  // namespace

}  // namespace tinybrain_python

PYBIND11_MODULE(_core, module) {
    tinybrain_python::define_downsample(module);
    tinybrain_python::define_geometry(module);
    module.attr("version") =
        pybind11::make_tuple(TINYBRAIN_VERSION_MAJOR, TINYBRAIN_VERSION_MINOR, TINYBRAIN_VERSION_PATCH);
}
