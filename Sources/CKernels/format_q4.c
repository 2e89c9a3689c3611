// q4_0 and q4_1: blocks of 32 values in 16 bytes; value i is the low nibble of byte i, value
// i + 16 the high nibble. q4_0: d * (nibble - 8). q4_1: d * nibble + m.
// f32 products; a block's sum is scaled once by d (and q4_1 adds m times the sum of x).
#include "internal.h"

typedef struct {
    uint16_t d;
    uint8_t q[16];
} block_q4_0;
typedef struct {
    uint16_t d, m;
    uint8_t q[16];
} block_q4_1;
_Static_assert(sizeof(block_q4_0) == 18, "q4_0 block");
_Static_assert(sizeof(block_q4_1) == 20, "q4_1 block");

static float dot_q4_0(int64_t n, const void *row, const float *x) {
    const block_q4_0 *w = row;
    float sum = 0;
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        float part = 0;
        for (int i = 0; i < 16; i++) {
            part += (float)((w[b].q[i] & 15) - 8) * x[i];
            part += (float)((w[b].q[i] >> 4) - 8) * x[i + 16];
        }
        sum += ck_half_to_float(w[b].d) * part;
    }
    return sum;
}
static void load_q4_0(const void *source, int64_t n, float *out) {
    const block_q4_0 *w = source;
    for (int64_t b = 0; b < n / 32; b++, out += 32) {
        float d = ck_half_to_float(w[b].d);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)((w[b].q[i] & 15) - 8);
            out[i + 16] = d * (float)((w[b].q[i] >> 4) - 8);
        }
    }
}
const ck_format_kernels ck_format_q4_0_scalar = {dot_q4_0, load_q4_0};

static float dot_q4_1(int64_t n, const void *row, const float *x) {
    const block_q4_1 *w = row;
    float sum = 0;
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        float part = 0, total = 0;
        for (int i = 0; i < 16; i++) {
            part += (float)(w[b].q[i] & 15) * x[i] + (float)(w[b].q[i] >> 4) * x[i + 16];
            total += x[i] + x[i + 16];
        }
        sum += ck_half_to_float(w[b].d) * part + ck_half_to_float(w[b].m) * total;
    }
    return sum;
}
static void load_q4_1(const void *source, int64_t n, float *out) {
    const block_q4_1 *w = source;
    for (int64_t b = 0; b < n / 32; b++, out += 32) {
        float d = ck_half_to_float(w[b].d), m = ck_half_to_float(w[b].m);
        for (int i = 0; i < 16; i++) {
            out[i] = d * (float)(w[b].q[i] & 15) + m;
            out[i + 16] = d * (float)(w[b].q[i] >> 4) + m;
        }
    }
}
const ck_format_kernels ck_format_q4_1_scalar = {dot_q4_1, load_q4_1};

#if CK_X86
/// The 32 nibbles of a block as f32, in the order of the values.
CK_AVX2 CK_INLINE void nibbles(const uint8_t *q, __m256 out[4]) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)q);
    __m128i mask = _mm_set1_epi8(15);
    __m128i low = _mm_and_si128(bytes, mask);
    __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
    out[0] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low));
    out[1] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(low, 8)));
    out[2] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high));
    out[3] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(high, 8)));
}

CK_AVX2 static float dot_q4_0_avx2(int64_t n, const void *row, const float *x) {
    const block_q4_0 *w = row;
    const __m256 eight = _mm256_set1_ps(8);
    __m256 even = _mm256_setzero_ps(), odd = even, v[4];
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        nibbles(w[b].q, v);
        __m256 p = _mm256_mul_ps(_mm256_sub_ps(v[0], eight), _mm256_loadu_ps(x));
        __m256 s = _mm256_mul_ps(_mm256_sub_ps(v[1], eight), _mm256_loadu_ps(x + 8));
        p = _mm256_fmadd_ps(_mm256_sub_ps(v[2], eight), _mm256_loadu_ps(x + 16), p);
        s = _mm256_fmadd_ps(_mm256_sub_ps(v[3], eight), _mm256_loadu_ps(x + 24), s);
        __m256 d = _mm256_set1_ps(_cvtsh_ss(w[b].d));
        even = _mm256_fmadd_ps(p, d, even);
        odd = _mm256_fmadd_ps(s, d, odd);
    }
    return ck_sum8(_mm256_add_ps(even, odd));
}
CK_AVX2 static void load_q4_0_avx2(const void *source, int64_t n, float *out) {
    const block_q4_0 *w = source;
    const __m256 eight = _mm256_set1_ps(8);
    __m256 v[4];
    for (int64_t b = 0; b < n / 32; b++, out += 32) {
        nibbles(w[b].q, v);
        __m256 d = _mm256_set1_ps(_cvtsh_ss(w[b].d));
        for (int i = 0; i < 4; i++)
            _mm256_storeu_ps(out + 8 * i, _mm256_mul_ps(d, _mm256_sub_ps(v[i], eight)));
    }
}
const ck_format_kernels ck_format_q4_0_avx2 = {dot_q4_0_avx2, load_q4_0_avx2};

CK_AVX2 static float dot_q4_1_avx2(int64_t n, const void *row, const float *x) {
    const block_q4_1 *w = row;
    __m256 sum = _mm256_setzero_ps(), offset = sum, v[4];
    for (int64_t b = 0; b < n / 32; b++, x += 32) {
        nibbles(w[b].q, v);
        __m256 x0 = _mm256_loadu_ps(x), x1 = _mm256_loadu_ps(x + 8);
        __m256 x2 = _mm256_loadu_ps(x + 16), x3 = _mm256_loadu_ps(x + 24);
        __m256 p = _mm256_fmadd_ps(v[1], x1, _mm256_mul_ps(v[0], x0));
        __m256 s = _mm256_fmadd_ps(v[3], x3, _mm256_mul_ps(v[2], x2));
        __m256 total = _mm256_add_ps(_mm256_add_ps(x0, x1), _mm256_add_ps(x2, x3));
        sum = _mm256_fmadd_ps(_mm256_add_ps(p, s), _mm256_set1_ps(_cvtsh_ss(w[b].d)), sum);
        offset = _mm256_fmadd_ps(total, _mm256_set1_ps(_cvtsh_ss(w[b].m)), offset);
    }
    return ck_sum8(_mm256_add_ps(sum, offset));
}
// Multiply, then add, as the definition does: a fused multiply-add would round differently.
CK_AVX2 static void load_q4_1_avx2(const void *source, int64_t n, float *out) {
    const block_q4_1 *w = source;
    __m256 v[4];
    for (int64_t b = 0; b < n / 32; b++, out += 32) {
        nibbles(w[b].q, v);
        __m256 d = _mm256_set1_ps(_cvtsh_ss(w[b].d)), m = _mm256_set1_ps(_cvtsh_ss(w[b].m));
        for (int i = 0; i < 4; i++)
            _mm256_storeu_ps(out + 8 * i, _mm256_add_ps(_mm256_mul_ps(d, v[i]), m));
    }
}
const ck_format_kernels ck_format_q4_1_avx2 = {dot_q4_1_avx2, load_q4_1_avx2};
#endif
