// SPDX-License-Identifier: BSL-1.0
// Extents, strides, factors and origins as arguments: arrays, C arrays or braces of any integers, and of
// nothing else.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <span>
#include <type_traits>
#include <vector>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// What an extent, a stride, a factor or an index may be: an integer of any type, or what converts to one, as
/// an enumerator does. No bool, and nothing that has a fraction.
template <class T>
concept whole_number =
    std::convertible_to<T, index_t> && !std::is_floating_point_v<T> && !std::is_same_v<T, bool>;

namespace detail {

template <whole_number Number>
constexpr index_t to_index(const Number& n) {
    if constexpr (std::is_unsigned_v<Number> && sizeof(Number) >= sizeof(index_t)) {
        if (n > static_cast<Number>(index_max)) {
            refuse_length({"the extent or stride ", n, " is more than a signed index holds"});
        }
    }
    return static_cast<index_t>(n);
}

// How many integers an array has; 0 for what is no such array.
template <class A>
inline constexpr std::size_t integers_in = 0;
template <whole_number Number, std::size_t Rank>
inline constexpr std::size_t integers_in<std::array<Number, Rank>> = Rank;
template <whole_number Number, std::size_t Rank>
inline constexpr std::size_t integers_in<Number[Rank]> = Rank;

}  // namespace detail

/// One integer, as an argument. Braces of these, `{nz, ny, 100}`, tell how many they are, whatever the types.
/// std::length_error where an unsigned one does not fit index_t.
class one_integer {
public:
    /// From an integer of any type.
    template <whole_number Number>
    constexpr one_integer(const Number& n) : value_(detail::to_index(n)) {}

    /// The integer.
    constexpr operator index_t() const { return value_; }

private:
    index_t value_;
};

/// A std::array or a C array of integers of any type: a shape, strides, a factor or an origin.
template <class A>
concept array_of_integers = (detail::integers_in<A> > 0);

/// How many axes such an array is for.
template <array_of_integers A>
inline constexpr std::size_t axes_in = detail::integers_in<A>;

/// A shape, strides, a factor or an origin, as an argument: a std::array, a C array, or braces with one
/// integer for each axis, {2, 2, 1}. Of integers of any types, mixed ones too; std::length_error where an
/// unsigned one does not fit index_t.
template <std::size_t Rank>
class one_integer_for_each_axis {
public:
    /// From an array at hand.
    template <whole_number Number>
    constexpr one_integer_for_each_axis(const std::array<Number, Rank>& numbers) {
        for (std::size_t axis = 0; axis < Rank; ++axis) numbers_[axis] = detail::to_index(numbers[axis]);
    }
    /// From a C array.
    template <whole_number Number>
    constexpr one_integer_for_each_axis(const Number (&numbers)[Rank]) {
        for (std::size_t axis = 0; axis < Rank; ++axis) numbers_[axis] = detail::to_index(numbers[axis]);
    }
    /// From braces: as many integers as there are axes, or it does not compile.
    template <whole_number... Number>
    requires(sizeof...(Number) == Rank &&
             Rank > 1) constexpr one_integer_for_each_axis(const Number&... number)
        : numbers_{detail::to_index(number)...} {}
    /// From braces with the one integer that one axis takes.
    constexpr one_integer_for_each_axis(one_integer number) requires(Rank == 1) : numbers_{number} {}

    /// The integers.
    constexpr const index_array<Rank>& array() const { return numbers_; }
    /// The same, where an array is asked for.
    constexpr operator const index_array<Rank>&() const { return numbers_; }

private:
    index_array<Rank> numbers_{};
};

/// The factors of several mips, each from the mip before, as an argument: a range of arrays of integers, like
/// what near_isotropic_factors() returns, or braces, {{2, 2, 1}, {2, 2, 2}}. What is contiguous and of
/// index_array is not copied.
template <std::size_t Rank>
class one_factor_for_each_mip {
public:
    /// From a std::vector, std::array or std::span of factors.
    template <class Factors>
    requires(std::convertible_to<const Factors&, std::span<const index_array<Rank>>>)
        one_factor_for_each_mip(const Factors& factors)
        : factors_(factors) {}
    /// From any other range of arrays of integers.
    template <class Factors>
    requires(!std::convertible_to<const Factors&, std::span<const index_array<Rank>>> &&
             requires(const Factors& factors) {
                 { *std::begin(factors) } -> std::convertible_to<one_integer_for_each_axis<Rank>>;
                 std::end(factors);
             }) one_factor_for_each_mip(const Factors& factors) {
        for (const auto& factor : factors) copy_.push_back(one_integer_for_each_axis<Rank>(factor));
        factors_ = copy_;
    }
    /// From braces.
    one_factor_for_each_mip(std::initializer_list<one_integer_for_each_axis<Rank>> factors)
        : copy_(factors.begin(), factors.end()), factors_(copy_) {}

    one_factor_for_each_mip(const one_factor_for_each_mip&) = delete;
    one_factor_for_each_mip& operator=(const one_factor_for_each_mip&) = delete;
    ~one_factor_for_each_mip() = default;

    /// The factors, that of mip 1 first.
    std::span<const index_array<Rank>> span() const { return factors_; }

private:
    std::vector<index_array<Rank>> copy_;
    std::span<const index_array<Rank>> factors_;
};

TINYBRAIN_NAMESPACE_END
