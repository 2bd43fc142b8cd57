#include "kernels.h"

static float dot(const float *a, const float *b, size_t count) {
    float sums[8] = {0};  // Independent sums: shorter dependency chains, smaller rounding errors.
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t lane = 0; lane < 8; lane++) sums[lane] += a[i + lane] * b[i + lane];
    float sum = 0;
    for (; i < count; i++) sum += a[i] * b[i];
    for (size_t lane = 0; lane < 8; lane++) sum += sums[lane];
    return sum;
}

static void axpy(float alpha, const float *x, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += alpha * x[i];
}

static void symmetric_gemv(const float *matrix, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = dot(matrix + i * n, x, n);
}

static void sparse_normal_apply(
    const float *factors, size_t dimension, const int32_t *indices, const float *weights, const float *targets, float scale,
    size_t count, const float *x, float *y) {
    for (size_t k = 0; k < count; k++) {
        const float *row = factors + (size_t)indices[k] * dimension;
        float target = targets ? targets[k] : 0;
        axpy(target + scale * weights[k] * dot(row, x, dimension), row, y, dimension);
    }
}

static void gather_dot(const float *rows, size_t dimension, const int32_t *ids, size_t count, const float *query, float *scores) {
    for (size_t k = 0; k < count; k++) scores[k] = dot(rows + (size_t)ids[k] * dimension, query, dimension);
}

static size_t scan(
    const duet_quantized_rows *rows, const duet_quantized_query *query, const uint64_t *mask, size_t first, size_t end,
    float threshold, duet_candidate *candidates, size_t capacity, size_t *count) {
    size_t block = first;
    for (; block < end && *count + 2 * DUET_BLOCK <= capacity; block++) {
        unsigned bits = (mask[block / 8] >> (block % 8 * 8)) & 0xff;
        const int8_t *codes = rows->codes + block * DUET_BLOCK * rows->dimension;
        for (; bits; bits &= bits - 1) {
            size_t lane = (size_t)__builtin_ctz(bits), row = block * DUET_BLOCK + lane;
            int32_t sum = 0;
            for (size_t d = 0; d < rows->dimension; d++)
                sum += (int32_t)codes[d / 4 * (4 * DUET_BLOCK) + lane * 4 + d % 4] * (int32_t)query->codes[d];
            float score = rows->scales[row] * query->scale * (float)sum;
            float error = duet_error_bound(rows->residuals[row], rows->norms[row], query);
            if (score + error >= threshold)
                candidates[(*count)++] = (duet_candidate){.lower = score - error, .upper = score + error, .row = (int32_t)row};
        }
    }
    return block;
}

static void weigh_bitmaps(
    const uint64_t *bitmaps, const uint8_t *weights, size_t count, size_t words, uint64_t *planes) {
    duet_weigh_bitmaps_inline(bitmaps, weights, count, words, planes);
}

const duet_kernels duet_portable_kernels = {
    .name = "portable",
    .dot = dot,
    .axpy = axpy,
    .symmetric_gemv = symmetric_gemv,
    .sparse_normal_apply = sparse_normal_apply,
    .gather_dot = gather_dot,
    .scan = scan,
    .weigh_bitmaps = weigh_bitmaps,
};
