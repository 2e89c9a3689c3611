// Normalisation, activation, softmax, exponentials, conversion and extremes of f32 vectors.
// exp in the AVX2 variants: range reduction by ln 2 in two parts and a polynomial of degree 6
// (Cephes expf), at most 2 units in the last place over the range where the result is normal.
#include "internal.h"
#include <math.h>

static void rms_norm(int64_t n, const float *x, const float *weight, float epsilon, float *out) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    float scale = 1.0f / sqrtf((float)(sum / (double)n) + epsilon);
    for (int64_t i = 0; i < n; i++) out[i] = x[i] * scale * weight[i];
}

static void silu_multiply(int64_t n, float *gate, const float *up) {
    for (int64_t i = 0; i < n; i++) gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

static void softmax(int64_t n, float *x, float scale) {
    float largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) largest = fmaxf(largest, x[i]);
    for (int64_t i = 0; i < n; i++) {
        x[i] = expf((x[i] - largest) * scale);
        sum += x[i];
    }
    for (int64_t i = 0; i < n; i++) x[i] /= sum;
}

static uint16_t half_from_float(float value) {
    uint32_t bits = ck_float_to_bits(value), sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (bits >= 0x47800000) return (uint16_t)(sign | 0x7c00);
    if (bits < 0x38800000) { // subnormal: adding 0.5 aligns the mantissa and rounds to even
        float shifted = ck_bits_to_float(bits) + 0.5f;
        return (uint16_t)(sign | (ck_float_to_bits(shifted) - 0x3f000000));
    }
    uint32_t rounded = bits - 0x38000000 + 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | rounded >> 13);
}

static void f32_to_f16(int64_t n, const float *x, uint16_t *out) {
    for (int64_t i = 0; i < n; i++) out[i] = half_from_float(x[i]);
}

static double exponentials(int64_t n, const float *x, double shift, double scale, double *out) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double value = exp(((double)x[i] - shift) * scale);
        if (out) out[i] = value;
        sum += value;
    }
    return sum;
}

static int64_t largest(int64_t n, const float *x, float *second) {
    int64_t best = 0;
    float top = -INFINITY, next = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] > next)) continue;
        if (x[i] > top) {
            next = top;
            top = x[i];
            best = i;
        } else {
            next = x[i];
        }
    }
    *second = next;
    return best;
}

const ck_vector_kernels ck_vectors_scalar = {rms_norm,     silu_multiply, softmax,
                                             exponentials, f32_to_f16,    largest};

#if CK_X86
CK_AVX2 CK_INLINE __m256 exp8(__m256 x) {
    const __m256 low = _mm256_set1_ps(-87.33654f), high = _mm256_set1_ps(88.37626f);
    __m256 underflow = _mm256_cmp_ps(x, low, _CMP_LT_OQ);
    __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    __m256 y = _mm256_min_ps(_mm256_max_ps(x, low), high);
    __m256 k = _mm256_round_ps(_mm256_mul_ps(y, _mm256_set1_ps(1.44269504f)),
                               _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    y = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375f), y);
    y = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4f), y);
    __m256 p = _mm256_set1_ps(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, y, _mm256_set1_ps(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, y, _mm256_set1_ps(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, y, _mm256_set1_ps(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, y, _mm256_set1_ps(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, y, _mm256_set1_ps(5.0000001201e-1f));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(y, y), _mm256_add_ps(y, _mm256_set1_ps(1)));
    __m256i power =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(power));
    p = _mm256_andnot_ps(underflow, p);
    return _mm256_blendv_ps(p, x, is_nan);
}

CK_AVX2 static void rms_norm_avx2(int64_t n, const float *x, const float *weight, float epsilon,
                                  float *out) {
    __m256d a = _mm256_setzero_pd(), b = a;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256d low = _mm256_cvtps_pd(_mm_loadu_ps(x + i));
        __m256d high = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4));
        a = _mm256_fmadd_pd(low, low, a);
        b = _mm256_fmadd_pd(high, high, b);
    }
    double parts[4];
    _mm256_storeu_pd(parts, _mm256_add_pd(a, b));
    double sum = (parts[0] + parts[2]) + (parts[1] + parts[3]);
    for (; i < n; i++) sum += (double)x[i] * (double)x[i];
    float scale = 1.0f / sqrtf((float)(sum / (double)n) + epsilon);
    for (int64_t j = 0; j < n; j++) out[j] = x[j] * scale * weight[j];
}

CK_AVX2 static void silu_multiply_avx2(int64_t n, float *gate, const float *up) {
    const __m256 one = _mm256_set1_ps(1), zero = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 g = _mm256_loadu_ps(gate + i);
        __m256 e = exp8(_mm256_sub_ps(zero, g));
        __m256 s = _mm256_div_ps(g, _mm256_add_ps(one, e));
        _mm256_storeu_ps(gate + i, _mm256_mul_ps(s, _mm256_loadu_ps(up + i)));
    }
    silu_multiply(n - i, gate + i, up + i);
}

/// `exp8` for 16 numbers.
CK_AVX512 CK_INLINE __m512 exp16(__m512 x) {
    const __m512 low = _mm512_set1_ps(-87.33654f), high = _mm512_set1_ps(88.37626f);
    __mmask16 normal = _mm512_cmp_ps_mask(x, low, _CMP_NLT_UQ);
    __m512 y = _mm512_min_ps(_mm512_max_ps(x, low), high);
    __m512 k = _mm512_roundscale_ps(_mm512_mul_ps(y, _mm512_set1_ps(1.44269504f)),
                                    _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    y = _mm512_fnmadd_ps(k, _mm512_set1_ps(0.693359375f), y);
    y = _mm512_fnmadd_ps(k, _mm512_set1_ps(-2.12194440e-4f), y);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, y, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, y, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, y, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, y, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, y, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(y, y), _mm512_add_ps(y, _mm512_set1_ps(1)));
    __m512i power =
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(k), _mm512_set1_epi32(127)), 23);
    p = _mm512_maskz_mul_ps(normal, p, _mm512_castsi512_ps(power));
    return _mm512_mask_mov_ps(p, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

CK_AVX512 static void silu_multiply_avx512(int64_t n, float *gate, const float *up) {
    const __m512 one = _mm512_set1_ps(1), zero = _mm512_setzero_ps();
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 g = _mm512_loadu_ps(gate + i);
        __m512 e = exp16(_mm512_sub_ps(zero, g));
        __m512 s = _mm512_div_ps(g, _mm512_add_ps(one, e));
        _mm512_storeu_ps(gate + i, _mm512_mul_ps(s, _mm512_loadu_ps(up + i)));
    }
    silu_multiply_avx2(n - i, gate + i, up + i);
}

CK_AVX2 static void softmax_avx2(int64_t n, float *x, float scale) {
    float largest = -INFINITY;
    int64_t i = 0;
    if (n >= 8) {
        __m256 top = _mm256_loadu_ps(x);
        for (i = 8; i + 8 <= n; i += 8) top = _mm256_max_ps(top, _mm256_loadu_ps(x + i));
        float lanes[8];
        _mm256_storeu_ps(lanes, top);
        for (int j = 0; j < 8; j++) largest = fmaxf(largest, lanes[j]);
    }
    for (; i < n; i++) largest = fmaxf(largest, x[i]);
    __m256 shift = _mm256_set1_ps(largest), factor = _mm256_set1_ps(scale);
    __m256 total = _mm256_setzero_ps();
    for (i = 0; i + 8 <= n; i += 8) {
        __m256 e = exp8(_mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i), shift), factor));
        _mm256_storeu_ps(x + i, e);
        total = _mm256_add_ps(total, e);
    }
    float sum = ck_sum8(total);
    for (; i < n; i++) {
        x[i] = expf((x[i] - largest) * scale);
        sum += x[i];
    }
    float inverse = 1.0f / sum;
    for (int64_t j = 0; j < n; j++) x[j] *= inverse;
}

CK_AVX2 static void f32_to_f16_avx2(int64_t n, const float *x, uint16_t *out) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(out + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    f32_to_f16(n - i, x + i, out + i);
}

/// exp in f64 for x <= 0: range reduction by ln 2 in two parts and Taylor's polynomial of degree
/// 13, whose error is below a tenth of a unit in the last place; 0 where the result would not be
/// normal.
CK_AVX2 CK_INLINE __m256d exp4(__m256d x) {
    static const double inverse_factorials[] = {1.0 / 479001600,
                                                1.0 / 39916800,
                                                1.0 / 3628800,
                                                1.0 / 362880,
                                                1.0 / 40320,
                                                1.0 / 5040,
                                                1.0 / 720,
                                                1.0 / 120,
                                                1.0 / 24,
                                                1.0 / 6,
                                                0.5,
                                                1,
                                                1};
    __m256d y = _mm256_max_pd(x, _mm256_set1_pd(-708));
    __m256d k = _mm256_round_pd(_mm256_mul_pd(y, _mm256_set1_pd(1.4426950408889634)),
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256d r = _mm256_fnmadd_pd(k, _mm256_set1_pd(6.93147180369123816490e-01), y);
    r = _mm256_fnmadd_pd(k, _mm256_set1_pd(1.90821492927058770002e-10), r);
    __m256d p = _mm256_set1_pd(1.0 / 6227020800);
    for (size_t i = 0; i < sizeof inverse_factorials / sizeof(double); i++)
        p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(inverse_factorials[i]));
    __m256i power =
        _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(k)), _mm256_set1_epi64x(1023));
    p = _mm256_mul_pd(p, _mm256_castsi256_pd(_mm256_slli_epi64(power, 52)));
    p = _mm256_andnot_pd(_mm256_cmp_pd(x, _mm256_set1_pd(-708), _CMP_LT_OQ), p);
    return _mm256_blendv_pd(p, x, _mm256_cmp_pd(x, x, _CMP_UNORD_Q));
}

CK_AVX2 static double exponentials_avx2(int64_t n, const float *x, double shift, double scale,
                                        double *out) {
    const __m256d s = _mm256_set1_pd(shift), f = _mm256_set1_pd(scale);
    __m256d low = _mm256_setzero_pd(), high = low;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256d a = _mm256_cvtps_pd(_mm_loadu_ps(x + i));
        __m256d b = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4));
        a = exp4(_mm256_mul_pd(_mm256_sub_pd(a, s), f));
        b = exp4(_mm256_mul_pd(_mm256_sub_pd(b, s), f));
        if (out) {
            _mm256_storeu_pd(out + i, a);
            _mm256_storeu_pd(out + i + 4, b);
        }
        low = _mm256_add_pd(low, a);
        high = _mm256_add_pd(high, b);
    }
    double parts[4];
    _mm256_storeu_pd(parts, _mm256_add_pd(low, high));
    return (parts[0] + parts[2]) + (parts[1] + parts[3]) +
           exponentials(n - i, x + i, shift, scale, out ? out + i : 0);
}

/// The largest and the second of each lane, then of the lanes, then the place of the first. A
/// comparison with NaN gives its second operand.
CK_AVX2 static int64_t largest_avx2(int64_t n, const float *x, float *second) {
    __m256 top = _mm256_set1_ps(-INFINITY), next = top, top_b = top, next_b = top;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
        next = _mm256_max_ps(_mm256_min_ps(top, a), next);
        next_b = _mm256_max_ps(_mm256_min_ps(top_b, b), next_b);
        top = _mm256_max_ps(a, top);
        top_b = _mm256_max_ps(b, top_b);
    }
    float found[32 + 16], of_found;
    _mm256_storeu_ps(found, top);
    _mm256_storeu_ps(found + 8, top_b);
    _mm256_storeu_ps(found + 16, next);
    _mm256_storeu_ps(found + 24, next_b);
    for (int64_t j = i; j < n; j++) found[32 + j - i] = x[j];
    float most = found[largest(32 + n - i, found, second)];
    if (most == -INFINITY) return 0;
    const __m256 wanted = _mm256_set1_ps(most);
    for (i = 0; i + 8 <= n; i += 8) {
        int equal = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(x + i), wanted, _CMP_EQ_OQ));
        if (equal) return i + __builtin_ctz((unsigned)equal);
    }
    return i + largest(n - i, x + i, &of_found);
}

const ck_vector_kernels ck_vectors_avx2 = {rms_norm_avx2,     silu_multiply_avx2, softmax_avx2,
                                           exponentials_avx2, f32_to_f16_avx2,    largest_avx2};
/// The others are limited by memory at 8 lanes already.
const ck_vector_kernels ck_vectors_avx512 = {rms_norm_avx2,     silu_multiply_avx512, softmax_avx2,
                                             exponentials_avx2, f32_to_f16_avx2,      largest_avx2};
#endif
