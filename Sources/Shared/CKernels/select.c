#include <math.h>

#include "CKernels.h"

static void swap(duet_candidate *a, duet_candidate *b) {
    duet_candidate kept = *a;
    *a = *b;
    *b = kept;
}

/// Puts the k largest lower bounds first and returns the k-th (Hoare's selection, median of three).
static float kth_lower(duet_candidate *c, ptrdiff_t count, ptrdiff_t k) {
    ptrdiff_t low = 0, high = count - 1, target = k - 1;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (c[middle].lower > c[low].lower) swap(&c[middle], &c[low]);
        if (c[high].lower > c[low].lower) swap(&c[high], &c[low]);
        if (c[high].lower > c[middle].lower) swap(&c[high], &c[middle]);
        const float pivot = c[middle].lower;
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (c[i].lower > pivot) i++;
            while (c[j].lower < pivot) j--;
            if (i <= j) swap(&c[i++], &c[j--]);
        }
        if (target <= j) high = j;
        else if (target >= i) low = i;
        else break;  // Between j and i lies the pivot itself.
    }
    return c[target].lower;
}

float duet_keep_possible(duet_candidate *candidates, size_t *count, size_t k) {
    if (k == 0 || *count < k) return -INFINITY;
    float threshold = kth_lower(candidates, (ptrdiff_t)*count, (ptrdiff_t)k);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (candidates[i].upper >= threshold) candidates[kept++] = candidates[i];
    *count = kept;
    return threshold;
}
