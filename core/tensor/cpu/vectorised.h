#pragma once

/// One copy of a function per kind of CPU, of which the program takes the best at its start. For loops that
/// the compiler vectorises, over integers or in an order that vectors keep, so that all copies agree.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define EPI_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EPI_VECTORISED
#endif
