#pragma once
// What the panel kernels of AVX2 have in common: a group of 8 rows in registers, a vector a word.
#include "packed.h"

#if CK_X86

#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define BROADCAST32(p) _mm256_castps_si256(_mm256_broadcast_ss((const float *)(const void *)(p)))
/// Keeps a sum in its register at this point. Integer sums may be reordered, and the compiler
/// does: column after column, which fills the stack with weights.
#define IN_PLACE(v) __asm__("" : "+x"(v))

/// One group of 8 rows in registers.
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
CK_AVX2 CK_INLINE __m256 bytes8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
CK_AVX2 CK_INLINE void scales_of_k8(const uint16_t *d, const uint16_t *m, const uint8_t *scale,
                                    const uint8_t *min, rows8 *out) {
    out->scale = _mm256_mul_ps(halfs8(d), bytes8(scale));
    out->min = _mm256_sub_ps(_mm256_setzero_ps(), _mm256_mul_ps(halfs8(m), bytes8(min)));
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
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        nibbles8(p->q[j] + 32 * h, out);
        fifth_bits8(p->high[j] + r, out);
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
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
        __m128i s0 = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(p->scale[j][0] + r)));
        __m128i s1 = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(p->scale[j][1] + r)));
        out->halves = _mm256_set_m128i(_mm_unpackhi_epi16(s0, s1), _mm_unpacklo_epi16(s0, s1));
        out->scale = halfs8(p->d + r);
    }
}

CK_AVX2 CK_INLINE __m256i pairs(__m256i codes, __m256i x) { return _mm256_maddubs_epi16(codes, x); }
CK_AVX2 CK_INLINE __m256i whole(__m256i sums) {
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}
/// -offset * sum(x) of a group, from the sums of its halves.
CK_AVX2 CK_INLINE __m256i offset_of(const int offset, const int16_t *half) {
    return _mm256_madd_epi16(BROADCAST32(half), _mm256_set1_epi16((int16_t)-offset));
}
/// The sum of 16-bit pair sums and what belongs to the kind, as integers.
CK_AVX2 CK_INLINE __m256i finish(const ck_kind kind, __m256i sums, const int16_t *half) {
    __m256i s = whole(sums);
    return kind == kind_u4 ? _mm256_add_epi32(s, offset_of(8, half)) : s;
}
CK_AVX2 CK_INLINE __m256 scaled(const ck_kind kind, __m256i s, __m256 scale, __m256 min,
                                const float *d, const float *sum, __m256 c) {
    c = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s), scale), _mm256_broadcast_ss(d), c);
    if (has_minimum(kind)) c = _mm256_fmadd_ps(min, _mm256_broadcast_ss(sum), c);
    return c;
}
/// Both halves of a kind_halves group: sums of pairs of its first and second half.
CK_AVX2 CK_INLINE __m256i join_halves(__m256i a0, __m256i a1, __m256i b0, __m256i b1,
                                      __m256i halves, const int16_t *half) {
    // Scales as pairs (s0, s0) and (s1, s1), to be multiplied with pairs of sums.
    const __m256i low = _mm256_set1_epi32(0x0000ffff);
    __m256i first = _mm256_and_si256(halves, low);
    first = _mm256_or_si256(first, _mm256_slli_epi32(first, 16));
    __m256i second = _mm256_andnot_si256(low, halves);
    second = _mm256_or_si256(second, _mm256_srli_epi32(second, 16));
    __m256i s = _mm256_add_epi32(_mm256_madd_epi16(a0, first), _mm256_madd_epi16(a1, first));
    s = _mm256_add_epi32(
        s, _mm256_add_epi32(_mm256_madd_epi16(b0, second), _mm256_madd_epi16(b1, second)));
    __m256i offset = _mm256_madd_epi16(halves, BROADCAST32(half));
    return _mm256_sub_epi32(s, _mm256_slli_epi32(offset, 5));
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
void ck_panel_quantize_avx2(int64_t groups, const float *x, int8_t *q, float *d,
                            int16_t (*halves)[2]);
#endif
