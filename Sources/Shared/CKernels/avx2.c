#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 static inline float horizontal_sum(__m256 v) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

AVX2 static inline float dot_inline(const float *a, const float *b, size_t count) {
    __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
        sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), sum2);
        sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), sum3);
    }
    for (; i + 8 <= count; i += 8) sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
    float sum = horizontal_sum(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
    for (; i < count; i++) sum += a[i] * b[i];
    return sum;
}

AVX2 static inline void axpy_inline(float alpha, const float *x, float *y, size_t count) {
    __m256 factor = _mm256_set1_ps(alpha);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) _mm256_storeu_ps(y + i, _mm256_fmadd_ps(factor, _mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
    for (; i < count; i++) y[i] += alpha * x[i];
}

AVX2 static float dot(const float *a, const float *b, size_t count) { return dot_inline(a, b, count); }

AVX2 static void axpy(float alpha, const float *x, float *y, size_t count) { axpy_inline(alpha, x, y, count); }

// By columns, which are the rows of a symmetric matrix: no horizontal sums, 32 results stay in registers.
AVX2 static void symmetric_gemv(const float *matrix, const float *x, float *y, size_t n) {
    size_t column = 0;
    for (; column + 32 <= n; column += 32) {
        __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
        const float *row = matrix + column;
        for (size_t i = 0; i < n; i++, row += n) {
            __m256 factor = _mm256_set1_ps(x[i]);
            sum0 = _mm256_fmadd_ps(factor, _mm256_loadu_ps(row), sum0);
            sum1 = _mm256_fmadd_ps(factor, _mm256_loadu_ps(row + 8), sum1);
            sum2 = _mm256_fmadd_ps(factor, _mm256_loadu_ps(row + 16), sum2);
            sum3 = _mm256_fmadd_ps(factor, _mm256_loadu_ps(row + 24), sum3);
        }
        _mm256_storeu_ps(y + column, sum0);
        _mm256_storeu_ps(y + column + 8, sum1);
        _mm256_storeu_ps(y + column + 16, sum2);
        _mm256_storeu_ps(y + column + 24, sum3);
    }
    for (; column + 8 <= n; column += 8) {
        __m256 sum = _mm256_setzero_ps();
        for (size_t i = 0; i < n; i++) sum = _mm256_fmadd_ps(_mm256_set1_ps(x[i]), _mm256_loadu_ps(matrix + i * n + column), sum);
        _mm256_storeu_ps(y + column, sum);
    }
    for (; column < n; column++) y[column] = dot_inline(matrix + column * n, x, n);
}

AVX2 static void sparse_normal_apply(
    const float *factors, size_t dimension, const int32_t *indices, const float *weights, const float *targets, float scale,
    size_t count, const float *x, float *y) {
    for (size_t k = 0; k < count; k++) {
        const float *row = factors + (size_t)indices[k] * dimension;
        if (k + 4 < count) _mm_prefetch((const char *)(factors + (size_t)indices[k + 4] * dimension), _MM_HINT_T0);
        float target = targets ? targets[k] : 0;
        axpy_inline(target + scale * weights[k] * dot_inline(row, x, dimension), row, y, dimension);
    }
}

AVX2 static void gather_dot(
    const float *rows, size_t dimension, const int32_t *ids, size_t count, const float *query, float *scores) {
    for (size_t k = 0; k < count; k++) {
        if (k + 8 < count) {
            const char *ahead = (const char *)(rows + (size_t)ids[k + 8] * dimension);
            for (size_t line = 0; line < dimension * sizeof(float); line += 64) _mm_prefetch(ahead + line, _MM_HINT_T0);
        }
        scores[k] = dot_inline(rows + (size_t)ids[k] * dimension, query, dimension);
    }
}

/// Adds the products of four dimensions of eight rows. |query| · sign(row) keeps the first operand of maddubs unsigned, and as both
/// lie in -127...127 a pair's sum is at most 2·127² = 32,258: the 16-bit saturation is never reached and the result is exact.
AVX2 static inline __m256i accumulate(__m256i sum, const int8_t *codes, __m256i query, __m256i magnitude) {
    __m256i row = _mm256_loadu_si256((const __m256i *)codes);
    __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(row, query));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

typedef struct {
    __m256 scale, residual, norm, threshold;
} bound_constants;

AVX2 static inline void emit(
    const duet_quantized_rows *rows, size_t block, unsigned bits, __m256i sums, const bound_constants *c, duet_candidate *candidates,
    size_t *count) {
    size_t first = block * DUET_BLOCK;
    __m256 score = _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(rows->scales + first), c->scale), _mm256_cvtepi32_ps(sums));
    __m256 error = _mm256_fmadd_ps(
        _mm256_loadu_ps(rows->residuals + first), c->norm, _mm256_mul_ps(_mm256_loadu_ps(rows->norms + first), c->residual));
    __m256 upper = _mm256_add_ps(score, error);
    bits &= (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(upper, c->threshold, _CMP_GE_OQ));
    if (!bits) return;
    float lowers[8], uppers[8];
    _mm256_storeu_ps(lowers, _mm256_sub_ps(score, error));
    _mm256_storeu_ps(uppers, upper);
    for (; bits; bits &= bits - 1) {
        size_t lane = (size_t)__builtin_ctz(bits);
        candidates[(*count)++] = (duet_candidate){.lower = lowers[lane], .upper = uppers[lane], .row = (int32_t)(first + lane)};
    }
}

AVX2 static size_t scan(
    const duet_quantized_rows *rows, const duet_quantized_query *query, const uint64_t *mask, size_t first, size_t end,
    float threshold, duet_candidate *candidates, size_t capacity, size_t *count) {
    const size_t dimension = rows->dimension, groups = dimension / 4, stride = dimension * DUET_BLOCK;
    __m256i wide[DUET_MAXIMUM_DIMENSION / 4], magnitudes[DUET_MAXIMUM_DIMENSION / 4];
    for (size_t g = 0; g < groups; g++) {
        int32_t four;
        __builtin_memcpy(&four, query->codes + g * 4, sizeof four);
        wide[g] = _mm256_set1_epi32(four);
        magnitudes[g] = _mm256_abs_epi8(wide[g]);
    }
    const bound_constants constants = {
        .scale = _mm256_set1_ps(query->scale),
        .residual = _mm256_set1_ps(query->residual),
        .norm = _mm256_set1_ps(query->norm),
        .threshold = _mm256_set1_ps(threshold),
    };
    size_t block = first;
    // Two blocks at a time share the loads of the query.
    for (; block + 2 <= end && *count + 2 * DUET_BLOCK <= capacity; block += 2) {
        unsigned bits0 = (mask[block / 8] >> (block % 8 * 8)) & 0xff;
        unsigned bits1 = (mask[(block + 1) / 8] >> ((block + 1) % 8 * 8)) & 0xff;
        if (!(bits0 | bits1)) continue;
        const int8_t *codes = rows->codes + block * stride;
        __m256i sum0 = _mm256_setzero_si256(), sum1 = sum0;
        for (size_t g = 0; g < groups; g++) {
            sum0 = accumulate(sum0, codes + g * 32, wide[g], magnitudes[g]);
            sum1 = accumulate(sum1, codes + stride + g * 32, wide[g], magnitudes[g]);
        }
        if (bits0) emit(rows, block, bits0, sum0, &constants, candidates, count);
        if (bits1) emit(rows, block + 1, bits1, sum1, &constants, candidates, count);
    }
    for (; block < end && *count + 2 * DUET_BLOCK <= capacity; block++) {
        unsigned bits = (mask[block / 8] >> (block % 8 * 8)) & 0xff;
        if (!bits) continue;
        __m256i sum = _mm256_setzero_si256();
        for (size_t g = 0; g < groups; g++) sum = accumulate(sum, rows->codes + block * stride + g * 32, wide[g], magnitudes[g]);
        emit(rows, block, bits, sum, &constants, candidates, count);
    }
    return block;
}

AVX2 static void weigh_bitmaps(
    const uint64_t *bitmaps, const uint8_t *weights, size_t count, size_t words, uint64_t *planes) {
    duet_weigh_bitmaps_inline(bitmaps, weights, count, words, planes);
}

const duet_kernels duet_avx2_kernels = {
    .name = "avx2",
    .dot = dot,
    .axpy = axpy,
    .symmetric_gemv = symmetric_gemv,
    .sparse_normal_apply = sparse_normal_apply,
    .gather_dot = gather_dot,
    .scan = scan,
    .weigh_bitmaps = weigh_bitmaps,
};
#endif
