// Weighted sum of cached values: out += sum over s of weights[s] * V[s]; f32 accumulation.
#include "internal.h"

static void mix_f32(int64_t n, int64_t head, const float *weights, const void *values, float *out) {
    const float *v = values;
    for (int64_t s = 0; s < n; s++, v += head)
        for (int64_t i = 0; i < head; i++) out[i] += weights[s] * v[i];
}

static void mix_f16(int64_t n, int64_t head, const float *weights, const void *values, float *out) {
    const uint16_t *v = values;
    for (int64_t s = 0; s < n; s++, v += head)
        for (int64_t i = 0; i < head; i++) out[i] += weights[s] * ck_half_to_float(v[i]);
}

const ck_attention_kernels ck_attention_scalar = {mix_f32, mix_f16};

#if CK_X86
// The sums stay in registers for 32 of the head's elements while all positions stream by.
#define CK_MIX(type, load8, step)                                                                  \
    CK_AVX2 static void mix_##type##_avx2(int64_t n, int64_t head, const float *weights,           \
                                          const void *values, float *out) {                        \
        int64_t i = 0;                                                                             \
        for (; i + 32 <= head; i += 32) {                                                          \
            __m256 a = _mm256_loadu_ps(out + i), b = _mm256_loadu_ps(out + i + 8);                 \
            __m256 c = _mm256_loadu_ps(out + i + 16), d = _mm256_loadu_ps(out + i + 24);           \
            const step *v = (const step *)values + i;                                              \
            for (int64_t s = 0; s < n; s++, v += head) {                                           \
                __m256 w = _mm256_broadcast_ss(weights + s);                                       \
                a = _mm256_fmadd_ps(w, load8(v), a);                                               \
                b = _mm256_fmadd_ps(w, load8(v + 8), b);                                           \
                c = _mm256_fmadd_ps(w, load8(v + 16), c);                                          \
                d = _mm256_fmadd_ps(w, load8(v + 24), d);                                          \
            }                                                                                      \
            _mm256_storeu_ps(out + i, a);                                                          \
            _mm256_storeu_ps(out + i + 8, b);                                                      \
            _mm256_storeu_ps(out + i + 16, c);                                                     \
            _mm256_storeu_ps(out + i + 24, d);                                                     \
        }                                                                                          \
        for (; i < head; i++)                                                                      \
            for (int64_t s = 0; s < n; s++)                                                        \
                out[i] += weights[s] * one_##type(((const step *)values)[s * head + i]);           \
    }
CK_AVX2 CK_INLINE __m256 load8_f16(const uint16_t *v) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)v));
}
CK_INLINE float one_f32(float v) { return v; }
CK_INLINE float one_f16(uint16_t v) { return ck_half_to_float(v); }
CK_MIX(f32, _mm256_loadu_ps, float)
CK_MIX(f16, load8_f16, uint16_t)

const ck_attention_kernels ck_attention_avx2 = {mix_f32_avx2, mix_f16_avx2};
#endif
