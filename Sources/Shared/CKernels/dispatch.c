#include "kernels.h"

static const duet_kernels *active = &duet_portable_kernels;

// Runs before main, so that no kernel call ever races with the choice.
__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) active = &duet_avx2_kernels;
#endif
}

const char *duet_kernel_name(void) { return active->name; }

float duet_dot(const float *a, const float *b, size_t count) { return active->dot(a, b, count); }

void duet_axpy(float alpha, const float *x, float *y, size_t count) { active->axpy(alpha, x, y, count); }

void duet_symmetric_gemv(const float *matrix, const float *x, float *y, size_t n) { active->symmetric_gemv(matrix, x, y, n); }

void duet_sparse_normal_apply(
    const float *factors, size_t dimension, const int32_t *indices, const float *weights, const float *targets, float scale,
    size_t count, const float *x, float *y) {
    active->sparse_normal_apply(factors, dimension, indices, weights, targets, scale, count, x, y);
}

void duet_gather_dot(
    const float *rows, size_t dimension, const int32_t *ids, size_t count, const float *query, float *scores) {
    active->gather_dot(rows, dimension, ids, count, query, scores);
}

size_t duet_scan(
    const duet_quantized_rows *rows, const duet_quantized_query *query, const uint64_t *mask, size_t first, size_t end,
    float threshold, duet_candidate *candidates, size_t capacity, size_t *count) {
    return active->scan(rows, query, mask, first, end, threshold, candidates, capacity, count);
}

void duet_weigh_bitmaps(const uint64_t *bitmaps, const uint8_t *weights, size_t count, size_t words, uint64_t *planes) {
    active->weigh_bitmaps(bitmaps, weights, count, words, planes);
}
