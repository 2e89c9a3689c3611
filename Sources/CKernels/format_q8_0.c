// q8_0: blocks of 32 values, a half-precision scale d and 32 signed bytes; value = d * q.
// f32 products: a block's sum of q * x is formed in f32 and scaled once by d.
#include "internal.h"

typedef struct {
    uint16_t d;
    int8_t q[32];
} block;
_Static_assert(sizeof(block) == 34, "q8_0 block");

static float dot(int64_t n, const void *row, const float *x) {
    const block *w = row;
    float sum = 0;
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        float part = 0;
        for (int i = 0; i < 32; i++) part += (float)w[b].q[i] * x[i];
        sum += ck_half_to_float(w[b].d) * part;
    }
    return sum;
}

static void load(const void *source, int64_t n, float *out) {
    const block *w = source;
    for (int64_t b = 0; b < n / 32; b++) {
        float d = ck_half_to_float(w[b].d);
        for (int i = 0; i < 32; i++) *out++ = d * (float)w[b].q[i];
    }
}
const ck_format_kernels ck_format_q8_0_scalar = {dot, load};

#if CK_X86
CK_AVX2 CK_INLINE __m256 eight(const int8_t *q) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)q)));
}

CK_AVX2 static float dot_avx2(int64_t n, const void *row, const float *x) {
    const block *w = row;
    __m256 even = _mm256_setzero_ps(), odd = even;
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        __m256 p = _mm256_mul_ps(eight(w[b].q), _mm256_loadu_ps(x));
        __m256 s = _mm256_mul_ps(eight(w[b].q + 8), _mm256_loadu_ps(x + 8));
        p = _mm256_fmadd_ps(eight(w[b].q + 16), _mm256_loadu_ps(x + 16), p);
        s = _mm256_fmadd_ps(eight(w[b].q + 24), _mm256_loadu_ps(x + 24), s);
        __m256 d = _mm256_set1_ps(_cvtsh_ss(w[b].d));
        even = _mm256_fmadd_ps(p, d, even);
        odd = _mm256_fmadd_ps(s, d, odd);
    }
    return ck_sum8(_mm256_add_ps(even, odd));
}

CK_AVX2 static void load_avx2(const void *source, int64_t n, float *out) {
    const block *w = source;
    for (int64_t b = 0; b < n / 32; b++, out += 32) {
        __m256 d = _mm256_set1_ps(_cvtsh_ss(w[b].d));
        for (int i = 0; i < 32; i += 8)
            _mm256_storeu_ps(out + i, _mm256_mul_ps(d, eight(w[b].q + i)));
    }
}
const ck_format_kernels ck_format_q8_0_avx2 = {dot_avx2, load_avx2};
#endif
