// f32, f16 and bf16 rows: dot product with an f32 vector, and conversion to f32.
// The accumulator is f32: one lane in the scalar version, four vectors of eight in AVX2, which
// hide the latency of the fused multiply-add. Conversions are exact.
#include "internal.h"

static float dot_f32(int64_t n, const void *row, const float *x) {
    const float *w = row;
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += w[i] * x[i];
    return sum;
}
static void load_f32(const void *source, int64_t n, float *out) { memcpy(out, source, n * 4); }
const ck_format_kernels ck_format_f32_scalar = {dot_f32, load_f32};

static float dot_f16(int64_t n, const void *row, const float *x) {
    const uint16_t *w = row;
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ck_half_to_float(w[i]) * x[i];
    return sum;
}
static void load_f16(const void *source, int64_t n, float *out) {
    const uint16_t *w = source;
    for (int64_t i = 0; i < n; i++) out[i] = ck_half_to_float(w[i]);
}
const ck_format_kernels ck_format_f16_scalar = {dot_f16, load_f16};

static float dot_bf16(int64_t n, const void *row, const float *x) {
    const uint16_t *w = row;
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ck_bits_to_float((uint32_t)w[i] << 16) * x[i];
    return sum;
}
static void load_bf16(const void *source, int64_t n, float *out) {
    const uint16_t *w = source;
    for (int64_t i = 0; i < n; i++) out[i] = ck_bits_to_float((uint32_t)w[i] << 16);
}
const ck_format_kernels ck_format_bf16_scalar = {dot_bf16, load_bf16};

#if CK_X86
CK_AVX2 CK_INLINE __m256 eight_f32(const void *row, int64_t i) {
    return _mm256_loadu_ps((const float *)row + i);
}
CK_AVX2 CK_INLINE __m256 eight_f16(const void *row, int64_t i) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)((const uint16_t *)row + i)));
}
CK_AVX2 CK_INLINE __m256 eight_bf16(const void *row, int64_t i) {
    __m128i bits = _mm_loadu_si128((const __m128i *)((const uint16_t *)row + i));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

// One body for the three types: `eight` loads values i ..< i+8 as f32.
#define CK_FLOAT_KERNELS(type, tail_dot, tail_load, bytes)                                         \
    CK_AVX2 static float dot_##type##_avx2(int64_t n, const void *row, const float *x) {           \
        __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;                                       \
        int64_t i = 0;                                                                             \
        for (; i + 32 <= n; i += 32) {                                                             \
            a = _mm256_fmadd_ps(eight_##type(row, i), _mm256_loadu_ps(x + i), a);                  \
            b = _mm256_fmadd_ps(eight_##type(row, i + 8), _mm256_loadu_ps(x + i + 8), b);          \
            c = _mm256_fmadd_ps(eight_##type(row, i + 16), _mm256_loadu_ps(x + i + 16), c);        \
            d = _mm256_fmadd_ps(eight_##type(row, i + 24), _mm256_loadu_ps(x + i + 24), d);        \
        }                                                                                          \
        for (; i + 8 <= n; i += 8)                                                                 \
            a = _mm256_fmadd_ps(eight_##type(row, i), _mm256_loadu_ps(x + i), a);                  \
        float sum = ck_sum8(_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d)));              \
        return i < n ? sum + tail_dot(n - i, (const char *)row + i * bytes, x + i) : sum;          \
    }                                                                                              \
    CK_AVX2 static void load_##type##_avx2(const void *source, int64_t n, float *out) {            \
        int64_t i = 0;                                                                             \
        for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, eight_##type(source, i));             \
        if (i < n) tail_load((const char *)source + i * bytes, n - i, out + i);                    \
    }                                                                                              \
    const ck_format_kernels ck_format_##type##_avx2 = {dot_##type##_avx2, load_##type##_avx2};

CK_FLOAT_KERNELS(f32, dot_f32, load_f32, 4)
CK_FLOAT_KERNELS(f16, dot_f16, load_f16, 2)
CK_FLOAT_KERNELS(bf16, dot_bf16, load_bf16, 2)
#endif
