#pragma once
// What the panel kernels of AVX2 have in common: a group of 8 rows in registers, a vector a word.
#include "packed.h"

#if CK_X86

#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define BROADCAST32(p) _mm256_castps_si256(_mm256_broadcast_ss((const float *)(const void *)(p)))
/// Keeps a sum in its register at this point. Integer sums may be reordered, and the compiler
/// does: column after column, which fills the stack with weights.
#define IN_PLACE(v) __asm__("" : "+x"(v))

/// One group of 8 rows in registers. Of the k kinds `scale` and `min` are those of eight groups,
/// and `halves` pairs of 16-bit scales of the group's halves.
typedef struct {
    __m256i q[8];
    __m256 scale, min;
    __m256i halves;
} rows8;

CK_AVX2 CK_INLINE __m256 halfs8(const uint16_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
CK_AVX2 CK_INLINE void nibbles8(const uint8_t *q, rows8 *out) {
    const __m256i mask = _mm256_set1_epi8(15);
    UNROLL for (int w = 0; w < 4; w++) {
        __m256i v = LOAD(q + 64 * w);
        out->q[w] = _mm256_and_si256(v, mask);
        out->q[w + 4] = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
    }
}
CK_AVX2 CK_INLINE void fifth_bits8(const uint32_t *high, rows8 *out) {
    const __m256i bit = _mm256_set1_epi8(16);
    __m256i v = LOAD(high);
    UNROLL for (int w = 0; w < 8; w++) {
        __m256i moved = w < 4 ? _mm256_slli_epi32(v, 4 - w) : _mm256_srli_epi32(v, w - 4);
        out->q[w] = _mm256_or_si256(out->q[w], _mm256_and_si256(moved, bit));
    }
}
/// Eight times (a[i], b[i]).
CK_AVX2 CK_INLINE __m128i byte_pairs8(const void *a, const void *b) {
    return _mm_unpacklo_epi8(_mm_loadl_epi64(a), _mm_loadl_epi64(b));
}
CK_AVX2 CK_INLINE void scales_of_k8(const uint16_t *d, const uint16_t *m, const uint8_t *scale,
                                    rows8 *out) {
    out->scale = halfs8(d);
    out->min = _mm256_sub_ps(_mm256_setzero_ps(), halfs8(m));
    out->halves = _mm256_cvtepu8_epi16(byte_pairs8(scale, scale));
}

/// Rows 8 h ... 8 h + 7 of group g of a panel.
CK_AVX2 CK_INLINE void load8(const int type, const void *panel, int64_t g, const int h,
                             rows8 *out) {
    const int r = 8 * h;
    if (type == CK_Q4_0) {
        const panel_q4_0 *p = (const panel_q4_0 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q4_1) {
        const panel_q4_1 *p = (const panel_q4_1 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        out->scale = halfs8(p->d + r);
        out->min = halfs8(p->m + r);
    } else if (type == CK_Q5_0) {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        fifth_bits8(p->high + r, out);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q5_1) {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        fifth_bits8(p->high + r, out);
        out->scale = halfs8(p->d + r);
        out->min = halfs8(p->m + r);
    } else if (type == CK_Q8_0) {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        UNROLL for (int w = 0; w < 8; w++) out->q[w] = LOAD(p->q + 64 * w + 32 * h);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q4_K) {
        const panel_q4_k *p = (const panel_q4_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        nibbles8(p->q[j] + 32 * h, out);
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, out);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        nibbles8(p->q[j] + 32 * h, out);
        fifth_bits8(p->high[j] + r, out);
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, out);
    } else {
        const panel_q6_k *p = (const panel_q6_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        const __m256i bits = _mm256_set1_epi8(0x30);
        nibbles8(p->q[j] + 32 * h, out);
        UNROLL for (int w = 0; w < 8; w++) {
            __m256i v = LOAD(p->high[j][w / 4] + r);
            const int left = 4 - 2 * (w % 4);
            v = left >= 0 ? _mm256_slli_epi32(v, left) : _mm256_srli_epi32(v, -left);
            out->q[w] = _mm256_or_si256(out->q[w], _mm256_and_si256(v, bits));
        }
        out->halves = _mm256_cvtepi8_epi16(byte_pairs8(p->scale[j][0] + r, p->scale[j][1] + r));
        out->scale = halfs8(p->d + r);
    }
}
/// Of a kind with minima: pairs of those of group g, which is even, and of the next.
CK_AVX2 CK_INLINE __m256i mins8(const int type, const void *panel, int64_t g, const int h) {
    const int64_t j = g & 7;
    const uint8_t(*min)[16] = type == CK_Q4_K ? ((const panel_q4_k *)panel + (g >> 3))->min
                                              : ((const panel_q5_k *)panel + (g >> 3))->min;
    return _mm256_cvtepu8_epi16(byte_pairs8(min[j] + 8 * h, min[j + 1] + 8 * h));
}

/// Sums of pairs of products, which 16 bits hold for so many words.
CK_AVX2 CK_INLINE __m256i pairs(__m256i codes, __m256i x) { return _mm256_maddubs_epi16(codes, x); }
CK_INLINE int words_at_once(const ck_kind kind) {
    return kind == kind_u5_min || kind == kind_k5 || kind == kind_k6 ? 4 : 8;
}
/// Where those of word v and the following ones begin, for n columns; null: at zero.
CK_INLINE const char *begin_at(const ck_kind kind, const int n, const char *tail, const int v) {
    const int slot = kind == kind_u4 ? 2 : kind == kind_u5 ? 3 : kind == kind_k6 ? 2 + v / 4 : 0;
    return slot ? tail + 4 * n * slot : 0;
}
/// What sums of pairs are multiplied by to be added: 1, or the scale of word v's half.
CK_AVX2 CK_INLINE __m256i factor_of(const ck_kind kind, __m256i halves, const int v) {
    if (!is_k(kind)) return _mm256_set1_epi16(1);
    if (kind != kind_k6) return halves;
    const int at = v < 4 ? 0x01000100 : 0x03020302, next = 0x04040404;
    const __m128i lanes = _mm_setr_epi32(at, at + next, at + 2 * next, at + 3 * next);
    return _mm256_shuffle_epi8(halves, _mm256_set_m128i(lanes, lanes));
}
/// c and what a group contributes, or the eight of a k kind, whose integers are s.
CK_AVX2 CK_INLINE __m256 scaled(const ck_kind kind, __m256i s, __m256 scale, __m256 min,
                                const float *d, const float *sum, __m256 c) {
    c = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s), scale), _mm256_broadcast_ss(d), c);
    if (has_minimum(kind)) c = _mm256_fmadd_ps(min, _mm256_broadcast_ss(sum), c);
    return c;
}
/// c and what the minima of eight groups contribute.
CK_AVX2 CK_INLINE __m256 add_minima(__m256i minima, __m256 min, const float *d, __m256 c) {
    return _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(minima), min), _mm256_broadcast_ss(d),
                           c);
}

/// Asks for what comes 2048 bytes later: a fifth faster than the processor's own guess.
CK_AVX2 CK_INLINE void read_ahead(const int type, const void *panel, int64_t g) {
    const int64_t bytes = panel_bytes_of(type) / groups_of(type);
    const char *at = (const char *)panel + g * bytes + 2048;
    UNROLL for (int64_t line = 0; line < bytes; line += 64) _mm_prefetch(at + line, _MM_HINT_T0);
}

/// Columns of activations in a tile.
enum { avx2_columns = 5 };
_Static_assert(avx2_columns <= max_tile, "tile");
void ck_panel_unpack_avx2(int type, const void *panel, int64_t first, int64_t count, void *out);
void ck_panel_multiply_avx2(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                            const void *tile, float *c, int64_t stride, bool accumulate,
                            const upcoming *next);
void ck_panel_quantize_avx2(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                            int16_t (*halves)[2]);
#endif
