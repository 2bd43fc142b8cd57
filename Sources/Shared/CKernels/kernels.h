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
