// Panel kernels for AVX2: 8 rows a vector.
//
// There is no dot product of bytes into 32 bits. vpmaddubsw adds pairs of products into 16 bits
// with saturation, which codes up to 63 do not reach (2 * 63 * 127 = 16002). Sums of pairs may go
// around 16 bits on their way as long as what they end at fits: of eight words with codes up to 15
// (8 * 2 * 15 * 127 = 30480) or -16...15 (32512), of four up to 31 (31496) or -32...31 (32512). So
// sums of codes with an offset do not begin at zero but at what the offset makes of the activations
// (packed.h), which costs no multiplication. None of this can be had of q8_0's codes: they are
// multiplied as 16-bit numbers by vpmaddwd. All sums are exact, and equal the scalar kernels' to
// the bit.
#include "panels_avx2.h"

#if CK_X86

/// Columns up to which weights are multiplied as they are read: two rounds of a tile are faster
/// than to unpack them first.
enum { direct_limit = 2 * avx2_columns };

/// The integer sum of one group of 8 rows with column i of n, of small codes; of a k kind with the
/// group's scales.
CK_AVX2 CK_INLINE __m256i group_sum(const ck_kind kind, const rows8 *w, const int n, const int i,
                                    const char *tile) {
    const int words = words_at_once(kind);
    __m256i all = _mm256_setzero_si256();
    UNROLL for (int v = 0; v < 8; v += words) {
        const char *begin = begin_at(kind, n, tile + 32 * n, v);
        __m256i p[8];
        UNROLL for (int j = 0; j < words; j++) p[j] =
            pairs(w->q[v + j], BROADCAST32(tile + 32 * i + 4 * (v + j)));
        if (begin) p[0] = _mm256_add_epi16(p[0], BROADCAST32(begin + 4 * i));
        // As a tree: few columns would wait for a chain.
        UNROLL for (int near = 1; near < words; near *= 2)
            UNROLL for (int j = 0; j < words; j += 2 * near) p[j] =
                _mm256_add_epi16(p[j], p[j + near]);
        __m256i s = _mm256_madd_epi16(p[0], factor_of(kind, w->halves, v));
        all = v == 0 ? s : _mm256_add_epi32(all, s);
    }
    return all;
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

/// What is added as integers before it is scaled: a group, or the eight of a k kind.
CK_AVX2 CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const int together = groups_of(type), bytes = kind == kind_s8 ? 64 : 32;
    __m256 all[avx2_columns][2];
    UNROLL for (int i = 0; i < n; i++) all[i][0] = all[i][1] = _mm256_setzero_ps();
    for (int64_t first = 0; first < groups; first += together) {
        const float *d = (const float *)(const void *)(tile + n * bytes), *sum = d + n;
        __m256i s[2][avx2_columns], minima[2][avx2_columns];
        rows8 w[2];
        UNROLL for (int h = 0; h < 2; h++) UNROLL for (int i = 0; i < n; i++) s[h][i] =
            minima[h][i] = _mm256_setzero_si256();
        for (int64_t g = first; g < first + together; g++, tile += n * (bytes + tail_bytes)) {
            read_ahead(type, panel, g);
            UNROLL for (int h = 0; h < 2; h++) {
                load8(type, panel, g, h, &w[h]);
                if (kind == kind_s8) {
                    wide_sums(n, &w[h], tile, s[h]);
                    continue;
                }
                UNROLL for (int i = 0; i < n; i++) {
                    __m256i codes = group_sum(kind, &w[h], n, i, tile);
                    s[h][i] = together == 1 ? codes : _mm256_add_epi32(s[h][i], codes);
                }
                if (!has_minima(kind) || g % 2) continue;
                const __m256i mins = mins8(type, panel, g, h);
                UNROLL for (int i = 0; i < n; i++) minima[h][i] = _mm256_add_epi32(
                    minima[h][i],
                    _mm256_madd_epi16(mins, BROADCAST32(activations_at(n, tile).sum + i)));
            }
        }
        UNROLL for (int h = 0; h < 2; h++) UNROLL for (int i = 0; i < n; i++) {
            all[i][h] = scaled(kind, s[h][i], w[h].scale, w[h].min, d + i, sum + i, all[i][h]);
            if (has_minima(kind)) all[i][h] = add_minima(minima[h][i], w[h].min, d + i, all[i][h]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + 16 * i + 8 * h, all[i][h]);
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

/// The largest size of 32 numbers, and whether all of them (and all before) are finite.
CK_AVX2 CK_INLINE __m256 larger(__m256 top, const float *x, __m256 *finite) {
    const __m256 sign = _mm256_set1_ps(-0.0f), largest = _mm256_set1_ps(3.4028234664e38f);
    for (int i = 0; i < 4; i++) {
        __m256 size = _mm256_andnot_ps(sign, _mm256_loadu_ps(x + 8 * i));
        *finite = _mm256_and_ps(*finite, _mm256_cmp_ps(size, largest, _CMP_LE_OQ));
        top = _mm256_max_ps(top, size);
    }
    return top;
}
CK_AVX2 CK_INLINE void round_group(const float *x, float inverse, int8_t *q, int16_t halves[2]) {
    __m256 factor = _mm256_set1_ps(inverse);
    __m256i w[4];
    for (int i = 0; i < 4; i++)
        w[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), factor));
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
CK_AVX2 void ck_panel_quantize_avx2(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                                    int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g += shared, d++) {
        __m256 top = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
        for (int64_t j = g; j < g + shared; j++) top = larger(top, x + 32 * j, &finite);
        __m128 m = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
        m = _mm_max_ps(m, _mm_movehl_ps(m, m));
        m = _mm_max_ss(m, _mm_movehdup_ps(m));
        float inverse = activation_scale(_mm_cvtss_f32(m), _mm256_movemask_ps(finite) == 255, d);
        for (int64_t j = g; j < g + shared; j++)
            round_group(x + 32 * j, inverse, q + 32 * j, halves[j]);
    }
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
