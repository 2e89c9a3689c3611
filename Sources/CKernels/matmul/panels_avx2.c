// Panel kernels for AVX2: 8 rows a vector.
//
// There is no dot product of bytes into 32 bits. vpmaddubsw adds pairs of products into 16 bits
// with saturation, so codes must be small: eight pairs of codes up to 15 fit (8 * 2 * 15 * 127 =
// 30480), four up to 31 (31496), two up to 63 (32004), and none of q8_0's. Those are multiplied as
// 16-bit numbers by vpmaddwd. All sums are exact, and equal the scalar kernels' to the bit.
#include "panels_avx2.h"

#if CK_X86

/// Columns up to which weights are multiplied as they are read: two rounds of a tile are faster
/// than to unpack them first.
enum { direct_limit = 2 * avx2_columns };

/// The integer sum of one group of 8 rows with one column of activations, of small codes.
CK_AVX2 CK_INLINE __m256i group_sum(const ck_kind kind, const rows8 *w, const char *x,
                                    const int16_t *half) {
    __m256i a[4];
    UNROLL for (int v = 0; v < 4; v++) a[v] =
        _mm256_add_epi16(pairs(w->q[2 * v], BROADCAST32(x + 8 * v)),
                         pairs(w->q[2 * v + 1], BROADCAST32(x + 8 * v + 4)));
    if (kind == kind_halves) return join_halves(a[0], a[1], a[2], a[3], w->halves, half);
    __m256i low = _mm256_add_epi16(a[0], a[1]), high = _mm256_add_epi16(a[2], a[3]);
    if (kind == kind_u4 || kind == kind_u4_min)
        return finish(kind, _mm256_add_epi16(low, high), half);
    __m256i s = _mm256_add_epi32(whole(low), whole(high));
    return kind == kind_u5 ? _mm256_add_epi32(s, offset_of(16, half)) : s;
}
/// Those of n columns, of codes that become 16-bit numbers: once for all columns.
CK_AVX2 CK_INLINE void wide_sums(const int n, const rows8 *w, const char *x,
                                 __m256i s[avx2_columns]) {
    UNROLL for (int v = 0; v < 8; v++) {
        __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(w->q[v], 8), 8);
        __m256i odd = _mm256_srai_epi16(w->q[v], 8);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i sum = _mm256_madd_epi16(even, BROADCAST32(x + 64 * i + 8 * v));
            if (v > 0) sum = _mm256_add_epi32(s[i], sum);
            s[i] =
                _mm256_add_epi32(sum, _mm256_madd_epi16(odd, BROADCAST32(x + 64 * i + 8 * v + 4)));
            IN_PLACE(s[i]);
        }
    }
}

CK_AVX2 CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const bool wide = kind == kind_s8;
    const int bytes = wide ? 64 : 32;
    __m256 sums[avx2_columns][2];
    UNROLL for (int i = 0; i < n; i++) sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * (bytes + tail_bytes)) {
        const float *d = (const float *)(const void *)(tile + n * bytes), *sum = d + n;
        const int16_t *half = (const int16_t *)(const void *)(sum + n);
        read_ahead(type, panel, g);
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, g, h, &w);
            __m256i s[avx2_columns];
            if (wide)
                wide_sums(n, &w, tile, s);
            else
                UNROLL for (int i = 0; i < n; i++) s[i] =
                    group_sum(kind, &w, tile + bytes * i, half + 2 * i);
            UNROLL for (int i = 0; i < n; i++) sums[i][h] =
                scaled(kind, s[i], w.scale, w.min, d + i, sum + i, sums[i][h]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        _mm256_storeu_ps(c + 16 * i, sums[i][0]);
        _mm256_storeu_ps(c + 16 * i + 8, sums[i][1]);
    }
}

#define DIRECT(type)                                                                               \
    CK_AVX2 static void direct_##type(int n, const void *p, int64_t g, const char *t, float *c) {  \
        switch (n) {                                                                               \
        case 1: direct_n(CK_##type, 1, p, g, t, c); break;                                         \
        case 2: direct_n(CK_##type, 2, p, g, t, c); break;                                         \
        case 3: direct_n(CK_##type, 3, p, g, t, c); break;                                         \
        case 4: direct_n(CK_##type, 4, p, g, t, c); break;                                         \
        default: direct_n(CK_##type, 5, p, g, t, c); break;                                        \
        }                                                                                          \
    }
DIRECT_OF_EACH_TYPE

CK_AVX2 CK_INLINE void quantize_group(const float *x, int8_t *q, float *d, int16_t halves[2]) {
    const __m256 sign = _mm256_set1_ps(-0.0f), largest = _mm256_set1_ps(3.4028234664e38f);
    __m256 v[4], top = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        __m256 size = _mm256_andnot_ps(sign, v[i]);
        finite = _mm256_and_ps(finite, _mm256_cmp_ps(size, largest, _CMP_LE_OQ));
        top = _mm256_max_ps(top, size);
    }
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    float inverse = activation_scale(_mm_cvtss_f32(m), _mm256_movemask_ps(finite) == 255, d);
    __m256 factor = _mm256_set1_ps(inverse);
    __m256i w[4];
    for (int i = 0; i < 4; i++) w[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], factor));
    __m256i a = _mm256_packs_epi32(w[0], w[1]), b = _mm256_packs_epi32(w[2], w[3]);
    __m256i bytes = _mm256_packs_epi16(a, b);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    bytes = _mm256_permutevar8x32_epi32(bytes, order);
    if (inverse == 0) bytes = _mm256_setzero_si256();
    _mm256_storeu_si256((__m256i *)q, bytes);
    // Each 8 bytes are summed without their signs, 128 too much each.
    __m256i eights =
        _mm256_sad_epu8(_mm256_xor_si256(bytes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
    __m256i sums = _mm256_add_epi64(eights, _mm256_unpackhi_epi64(eights, eights));
    halves[0] = (int16_t)(_mm256_extract_epi16(sums, 0) - 16 * 128);
    halves[1] = (int16_t)(_mm256_extract_epi16(sums, 8) - 16 * 128);
}
CK_AVX2 void ck_panel_quantize_avx2(int64_t groups, const float *x, int8_t *q, float *d,
                                    int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g++) quantize_group(x + 32 * g, q + 32 * g, d + g, halves[g]);
}

const ck_panel_kernels ck_panels_avx2 = {avx2_columns,
                                         1,
                                         direct_limit,
                                         true,
                                         false,
                                         direct,
                                         ck_panel_unpack_avx2,
                                         ck_panel_multiply_avx2,
                                         ck_panel_quantize_avx2};
#endif
