#pragma once
#include "CKernels.h"
#include <string.h>

// Variants are compiled beside the baseline code and only reached through dispatch.c.
#if defined(__x86_64__)
#define CK_X86 1
#include <immintrin.h>
#define CK_AVX2 __attribute__((target("avx2,fma,f16c")))
#ifndef CK_AVXVNNI // a test compiles these kernels for an emulation
#define CK_AVXVNNI __attribute__((target("avx2,fma,f16c,avxvnni")))
#endif
#ifndef CK_AVX512
#define CK_AVX512                                                                                  \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#endif
#ifndef CK_AVX512BF16
#define CK_AVX512BF16                                                                              \
    __attribute__((                                                                                \
        target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16")))
#endif
/// The shapes of the tile registers of AMX, as ldtilecfg reads them.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} ck_tile_shapes;
#ifndef CK_AMX
#define CK_AMX                                                                                     \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,"           \
                          "avx512bf16,amx-tile,amx-bf16")))
#endif
#else
#define CK_X86 0
#endif
#if defined(__aarch64__)
#define CK_NEON 1
#include <arm_neon.h>
#ifdef __clang__
#define CK_DOTPROD __attribute__((target("dotprod")))
#define CK_I8MM __attribute__((target("dotprod,i8mm")))
#else
#define CK_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define CK_I8MM __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
#endif
#else
#define CK_NEON 0
#endif
#define CK_INLINE static inline __attribute__((always_inline))
/// Before a loop whose count is known: its variables are registers.
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float (*ck_dot_function)(int64_t n, const void *row, const float *x);
typedef void (*ck_dequantize_function)(const void *source, int64_t n, float *out);

/// The kernels of one number type for one instruction set.
typedef struct {
    ck_dot_function dot;
    ck_dequantize_function dequantize;
} ck_format_kernels;

/// The kernels on f32 vectors for one instruction set.
typedef struct {
    void (*rms_norm)(int64_t, const float *, const float *, float, float *);
    void (*silu_multiply)(int64_t, float *, const float *);
    void (*softmax)(int64_t, float *, float);
    double (*exponentials)(int64_t, const float *, double, double, double *);
    void (*f32_to_f16)(int64_t, const float *, uint16_t *);
    int64_t (*largest)(int64_t, const float *, float *);
} ck_vector_kernels;

/// The kernels of attention for one instruction set.
typedef struct {
    void (*attend)(const ck_attention_block *);
    void (*merge)(int64_t, float *, const float *);
} ck_attention_kernels;

/// The kernels of training for one instruction set; see gradients/kernels.h.
typedef struct {
    float (*dot)(int64_t, const float *, const float *);
    double (*square_sum)(int64_t, const float *);
    void (*rms_norm_gradient)(int64_t, const float *, const float *, float, const float *, float *);
    void (*layer_norm_gradient)(int64_t, const float *, const float *, float, const float *,
                                float *);
    void (*silu_product)(int64_t, const float *, const float *, float *);
    void (*silu_product_gradient)(int64_t, const float *, const float *, const float *, float *,
                                  float *);
    void (*gelu_gradient)(int64_t, const float *, float *);
    float (*softmax_with_log_sum)(int64_t, float *, float);
    void (*softmax_again)(int64_t, float *, float, float);
    void (*softmax_gradient)(int64_t, const float *, float, float, float *);
    float (*cross_entropy)(int64_t, float *, int64_t, float, bool *);
    void (*dropout)(int64_t, uint64_t, uint32_t, float, const float *, float *);
    void (*adam_step)(int64_t, const ck_adam *, const float *, float *, float *, float *);
} ck_gradient_kernels;

/// Loops of `rounds` rounds that return how many operations (multiplications and additions) they
/// did; null where the instruction set has no such products, or the kernels none of integers of 16
/// bits.
typedef struct {
    int64_t (*f32_products)(int64_t rounds);
    int64_t (*byte_products)(int64_t rounds);
    int64_t (*bf16_products)(int64_t rounds);
    int64_t (*word_products)(int64_t rounds);
} ck_limit_kernels;

// Each file defines `NAME_scalar` and, on x86-64, `NAME_avx2`; dispatch.c makes the table.
#define CK_DECLARE(type, name) extern const type name##_scalar, name##_avx2;
CK_DECLARE(ck_format_kernels, ck_format_f32)
CK_DECLARE(ck_format_kernels, ck_format_f16)
CK_DECLARE(ck_format_kernels, ck_format_bf16)
CK_DECLARE(ck_format_kernels, ck_format_q8_0)
CK_DECLARE(ck_format_kernels, ck_format_q4_0)
CK_DECLARE(ck_format_kernels, ck_format_q4_1)
CK_DECLARE(ck_vector_kernels, ck_vectors)
CK_DECLARE(ck_attention_kernels, ck_attention)
extern const ck_vector_kernels ck_vectors_avx512;
extern const ck_attention_kernels ck_attention_avx512;
CK_DECLARE(ck_gradient_kernels, ck_gradients)
CK_DECLARE(ck_limit_kernels, ck_limits)
extern const ck_limit_kernels ck_limits_avxvnni, ck_limits_avx512, ck_limits_avx512bf16,
    ck_limits_amx, ck_limits_neon;

/// Rows of weights that stand side by side for products, packed or turned.
enum { panel_rows = CK_FLOAT_PANEL_ROWS };

CK_INLINE float ck_bits_to_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
CK_INLINE uint32_t ck_float_to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

/// IEEE half to single, exact, subnormals and NaN included.
CK_INLINE float ck_half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t rest = half & 0x7fff;
    if (rest >= 0x7c00) return ck_bits_to_float(sign | 0x7f800000 | (rest & 0x3ff) << 13);
    if (rest >= 0x0400) return ck_bits_to_float(sign | ((rest << 13) + 0x38000000));
    float magnitude = (float)rest * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

#if CK_X86
/// What is no faster with longer vectors.
void ck_attention_merge_avx2(int64_t head, float *into, const float *next);

CK_AVX2 CK_INLINE float ck_sum8(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
#endif
