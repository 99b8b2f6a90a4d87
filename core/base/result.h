#pragma once

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/base/error.h"

namespace epi {

/// A value or an Error, with the surface of std::expected (C++23), which neither nvcc 13.0 nor clang-tidy 14
/// parse.
template <typename T = void>
class [[nodiscard]] Result {
public:
    using value_type = T;

    // Implicit, so that `return value;` and `return Error{...};` both work.
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    T& operator*() & {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }
    const T& operator*() const& {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }
    T&& operator*() && {
        assert(has_value());
        return std::move(*std::get_if<0>(&state_));
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }

    const Error& error() const& {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }
    Error&& error() && {
        assert(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

    template <typename F>
    auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
        if (has_value()) return std::forward<F>(f)(*std::move(*this));
        return std::move(*this).error();
    }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    const Error& error() const& {
        assert(error_);
        return *error_;
    }
    Error&& error() && {
        assert(error_);
        return *std::move(error_);
    }

private:
    std::optional<Error> error_;
};

}  // namespace epi

#define EPI_CONCAT2(a, b) a##b
#define EPI_CONCAT(a, b) EPI_CONCAT2(a, b)

/// Leaves the function with the error of `expr`, if it has one.
#define EPI_TRY(expr)                                                                 \
    do {                                                                              \
        if (auto epiResult = (expr); !epiResult) return std::move(epiResult).error(); \
    } while (false)

/// `EPI_TRY_ASSIGN(const auto config, readConfig(path));`
#define EPI_TRY_ASSIGN(declaration, expr) EPI_TRY_ASSIGN2(EPI_CONCAT(epiResult, __LINE__), declaration, expr)
#define EPI_TRY_ASSIGN2(result, declaration, expr) \
    auto result = (expr);                          \
    if (!result) return std::move(result).error(); \
    declaration = *std::move(result)
