#include <math.h>

#include "CKernels.h"

// Bounds are compared with sums of at most 256 float products: a relative slack of 2⁻¹⁶ of the norms covers their rounding.
static const double slack = 1.0 / 65536;

static float largest_magnitude(const float *x, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(x[i]));
    return largest;
}

/// The nearest code, for a scale that makes the largest magnitude 127.
static int8_t code(float x, float inverse_scale) {
    long rounded = lrintf(x * inverse_scale);
    return (int8_t)(rounded < -127 ? -127 : rounded > 127 ? 127 : rounded);
}

void duet_quantize_row(
    const float *row, size_t dimension, size_t index, int8_t *codes, float *scales, float *residuals, float *norms) {
    int8_t *place = codes + index / DUET_BLOCK * DUET_BLOCK * dimension + index % DUET_BLOCK * 4;
    float scale = largest_magnitude(row, dimension) / 127;
    float inverse = scale > 0 ? 1 / scale : 0;
    if (!isfinite(inverse)) scale = inverse = 0;  // So small that the inverse overflows: the residual carries it all.
    double residual = 0, norm = 0, exact = 0;
    for (size_t d = 0; d < dimension; d++) {
        int8_t c = code(row[d], inverse);
        double approximate = (double)scale * c, error = row[d] - approximate;
        residual += error * error;
        norm += approximate * approximate;
        exact += (double)row[d] * row[d];
        place[d / 4 * (4 * DUET_BLOCK) + d % 4] = c;
    }
    scales[index] = scale;
    residuals[index] = (float)(sqrt(residual) * (1 + slack) + sqrt(exact) * slack);
    norms[index] = (float)(sqrt(norm) * (1 + slack));
}

void duet_quantize_query(const float *query, size_t dimension, duet_quantized_query *result) {
    float scale = largest_magnitude(query, dimension) / 127;
    float inverse = scale > 0 ? 1 / scale : 0;
    if (!isfinite(inverse)) scale = inverse = 0;
    double residual = 0, norm = 0;
    for (size_t d = 0; d < dimension; d++) {
        result->codes[d] = code(query[d], inverse);
        double error = query[d] - (double)scale * result->codes[d];
        residual += error * error;
        norm += (double)query[d] * query[d];
    }
    result->scale = scale;
    result->residual = (float)(sqrt(residual) * (1 + slack));
    result->norm = (float)(sqrt(norm) * (1 + slack));
}
