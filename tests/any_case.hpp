// SPDX-License-Identifier: BSL-1.0
// The randomised tests and the fuzzer are this one function: the dice choose a call, right or wrong.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "random_case.hpp"
#include "refusal_case.hpp"

namespace testing {

// What went wrong, with all it takes to do it again; empty if nothing did.
template <class T, std::size_t... R>
std::string run_any_case(dice d) {
    using runner = std::string (*)(method, dice);
    constexpr std::array<runner, sizeof...(R)> right{
        [](method m, dice throws) { return random_case<T, R>(m, throws).run(); }...};
    constexpr std::array<runner, sizeof...(R)> wrong{
        [](method m, dice throws) { return refusal_case<T, R>(m, throws).run(); }...};
    const method m = random_method<T>(d);
    const auto rank = static_cast<std::size_t>(d.between(0, sizeof...(R) - 1));
    return (d.chance(10) ? wrong : right)[rank](m, d);
}

}  // namespace testing
