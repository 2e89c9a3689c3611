#pragma once
#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
// Accelerate chooses its own threads; we call it from one thread per panel of the matrix.
static inline void billion_blas_use_calling_thread_only(void) {}
static inline const char *billion_blas_description(void) { return "Accelerate"; }
static inline const char *billion_blas_core(void) { return ""; }
#else
#include <cblas.h>
// The engine splits matrices over its own threads, so OpenBLAS must not start a second pool.
static inline void billion_blas_use_calling_thread_only(void) { openblas_set_num_threads(1); }
static inline const char *billion_blas_description(void) { return openblas_get_config(); }
static inline const char *billion_blas_core(void) { return openblas_get_corename(); }
#endif
