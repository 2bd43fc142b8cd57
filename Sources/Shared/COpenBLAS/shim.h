#pragma once
#include <cblas.h>
/* LAPACK routines that OpenBLAS carries; Debian ships no C header for them beside cblas.h. Column-major, all arguments by address. */
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void spotri_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void spotrs_(const char *uplo, const int *n, const int *nrhs, const float *a, const int *lda, float *b, const int *ldb, int *info);
