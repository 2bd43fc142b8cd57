#pragma once
#include <stddef.h>
#include <stdint.h>

// Numeric kernels. Each has an AVX2+FMA version, chosen once when the library is loaded, and a portable one behind it.
// Pointers need no alignment beyond that of their type; lengths are in elements.

/// The instruction set in use: "avx2" or "portable".
const char *_Nonnull duet_kernel_name(void);

/// Σ a[i]·b[i].
float duet_dot(const float *_Nonnull a, const float *_Nonnull b, size_t count);

/// y += alpha·x.
void duet_axpy(float alpha, const float *_Nonnull x, float *_Nonnull y, size_t count);

/// y = A·x for a symmetric row-major n × n matrix with both triangles filled.
void duet_symmetric_gemv(const float *_Nonnull matrix, const float *_Nonnull x, float *_Nonnull y, size_t n);

/// y += Σ (targets[k] + scale·weights[k]·(f_k·x))·f_k over the rows f_k = factors[indices[k]] of a row-major matrix.
///
/// With `targets` and scale -1 it is the data part of a least-squares residual, without targets and with scale 1 the data part of
/// the normal matrix applied to x: the two operations of a conjugate-gradient step that never forms the matrix.
void duet_sparse_normal_apply(
    const float *_Nonnull factors, size_t dimension, const int32_t *_Nonnull indices, const float *_Nonnull weights,
    const float *_Nullable targets, float scale, size_t count, const float *_Nonnull x, float *_Nonnull y);

/// scores[k] = rows[ids[k]]·query over a row-major matrix.
void duet_gather_dot(
    const float *_Nonnull rows, size_t dimension, const int32_t *_Nonnull ids, size_t count, const float *_Nonnull query,
    float *_Nonnull scores);

enum { DUET_BLOCK = 8, DUET_MAXIMUM_DIMENSION = 256 };

/// Vectors in eight bits, in blocks of DUET_BLOCK rows. Inside a block, four consecutive dimensions of row 0 are followed by the same
/// four of row 1, and so on. `dimension` is a multiple of 8 and at most DUET_MAXIMUM_DIMENSION. Codes lie in -127...127.
typedef struct {
    const int8_t *_Nonnull codes;
    const float *_Nonnull scales;     ///< Row = scale · codes, up to the residual.
    const float *_Nonnull residuals;  ///< Euclidean norm of row − scale · codes, never rounded down.
    const float *_Nonnull norms;      ///< Euclidean norm of scale · codes, never rounded down.
    size_t dimension;
} duet_quantized_rows;

/// A query in eight bits, with what bounds the error that this makes.
typedef struct {
    int8_t codes[DUET_MAXIMUM_DIMENSION];
    float scale;
    float residual;  ///< Euclidean norm of query − scale · codes, never rounded down.
    float norm;      ///< Euclidean norm of the query, never rounded down.
} duet_quantized_query;

/// A row whose inner product with the query lies in lower...upper.
typedef struct {
    float lower, upper;
    int32_t row;
} duet_candidate;

/// Quantises one row of `dimension` floats into its place in a block and fills its scale, residual and norm.
void duet_quantize_row(
    const float *_Nonnull row, size_t dimension, size_t index, int8_t *_Nonnull codes, float *_Nonnull scales,
    float *_Nonnull residuals, float *_Nonnull norms);

void duet_quantize_query(const float *_Nonnull query, size_t dimension, duet_quantized_query *_Nonnull result);

/// Scans blocks first..<end, appending the rows whose bit is set in `mask` and whose upper bound reaches `threshold`.
///
/// Stops early when fewer than 2·DUET_BLOCK places are free in `candidates`.
/// @return The first block that was not scanned.
size_t duet_scan(
    const duet_quantized_rows *_Nonnull rows, const duet_quantized_query *_Nonnull query, const uint64_t *_Nonnull mask,
    size_t first, size_t end, float threshold, duet_candidate *_Nonnull candidates, size_t capacity, size_t *_Nonnull count);

/// Drops the candidates that cannot be among the best k: those whose upper bound is below the k-th largest lower bound.
/// @return That bound, the threshold of further scans; -infinity while there are fewer than k candidates.
float duet_keep_possible(duet_candidate *_Nonnull candidates, size_t *_Nonnull count, size_t k);

enum { DUET_PLANES = 7 };

/// Sums weights over bitmaps, for 64 rows in one operation: bit p of a row's sum is its bit in plane p.
///
/// Bitmap `b` starts at `bitmaps + b * words`, plane `p` at `planes + p * words`; `words` is a multiple of 4. A sum that needs more
/// than DUET_PLANES bits loses the bits above.
void duet_weigh_bitmaps(
    const uint64_t *_Nonnull bitmaps, const uint8_t *_Nonnull weights, size_t count, size_t words, uint64_t *_Nonnull planes);
