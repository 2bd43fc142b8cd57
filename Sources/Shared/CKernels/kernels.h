#pragma once
#include "CKernels.h"

/// One implementation of every dispatched kernel.
typedef struct {
    const char *name;
    float (*dot)(const float *, const float *, size_t);
    void (*axpy)(float, const float *, float *, size_t);
    void (*symmetric_gemv)(const float *, const float *, float *, size_t);
    void (*sparse_normal_apply)(
        const float *, size_t, const int32_t *, const float *, const float *, float, size_t, const float *, float *);
    void (*gather_dot)(const float *, size_t, const int32_t *, size_t, const float *, float *);
    size_t (*scan)(
        const duet_quantized_rows *, const duet_quantized_query *, const uint64_t *, size_t, size_t, float, duet_candidate *, size_t,
        size_t *);
    void (*weigh_bitmaps)(const uint64_t *, const uint8_t *, size_t, size_t, uint64_t *);
} duet_kernels;

extern const duet_kernels duet_portable_kernels;
#if defined(__x86_64__)
extern const duet_kernels duet_avx2_kernels;
#endif

/// Half-width of the interval around an approximate inner product: Cauchy–Schwarz on row·query − row'·query', where the primes mark
/// the quantised vectors, = (row − row')·query + row'·(query − query'). Rounding of the float arithmetic is covered by the slack
/// that the stored residuals carry.
static inline float duet_error_bound(float residual, float norm, const duet_quantized_query *query) {
    return residual * query->norm + norm * query->residual;
}

/// Four words of a bitmap, which may lie anywhere.
typedef uint64_t duet_words __attribute__((vector_size(32), aligned(8), may_alias));

/// Compiled once for each instruction set: a chain of full adders over the planes, 256 rows at a time.
__attribute__((always_inline)) static inline void duet_weigh_bitmaps_inline(
    const uint64_t *bitmaps, const uint8_t *weights, size_t count, size_t words, uint64_t *planes) {
    for (size_t word = 0; word < words; word += 4) {
        duet_words sums[DUET_PLANES] = {{0}};
        for (size_t b = 0; b < count; b++) {
            const duet_words bits = *(const duet_words *)(bitmaps + b * words + word);
            duet_words carry = {0};
            for (unsigned plane = 0; plane < DUET_PLANES; plane++) {
                const duet_words sum = sums[plane];
                if (weights[b] >> plane & 1) {
                    sums[plane] = sum ^ bits ^ carry;
                    carry = (sum & bits) | ((sum ^ bits) & carry);
                } else {
                    sums[plane] = sum ^ carry;
                    carry &= sum;
                }
            }
        }
        for (size_t plane = 0; plane < DUET_PLANES; plane++) *(duet_words *)(planes + plane * words + word) = sums[plane];
    }
}
