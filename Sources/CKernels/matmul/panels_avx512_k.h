#pragma once
// The k kinds of panels_avx512.c: eight groups share one scale of their weights and one of the
// activations, so what they contribute is summed as integers and scaled once.
//
// A group's own scale is multiplied with its sum of 32 bits, which costs three operations; with a
// sum of 16 bits it is one, vpdpwssd. Those of kind_k4 have 16 bits where a half of the group is
// summed, and also where the codes have the offset 8: then |sum| <= 8 * 127 * 32. Unpacked codes
// have it, as 128 less 120, like those of kind_u4: a sum that starts where the activations say has
// its value in its low half.
//
// What the offsets of codes take is added as pairs of 16 bits too, which `mins` of unpacked groups
// hold where there are no minima: of kind_k4 an odd group's 8 * scale of the group before it and of
// its own, of kind_k6 each group's -32 * halves.
#include "panels_avx512.h"
#include <stddef.h>

#if CK_X86

/// Before a loop that shall not be unrolled.
#ifdef __clang__
#define ROLLED _Pragma("clang loop unroll(disable)")
#else
#define ROLLED _Pragma("GCC unroll 1")
#endif

/// Scales and minima stand in a panel of q5_K as in one of q4_K.
_Static_assert(offsetof(panel_q4_k, q) == offsetof(panel_q5_k, high), "panels begin alike");

CK_AVX512 CK_INLINE __m512i pairs16(__m512i first, __m512i second) {
    return _mm512_or_si512(_mm512_and_si512(first, _mm512_set1_epi32(0xffff)),
                           _mm512_slli_epi32(second, 16));
}
CK_AVX512 CK_INLINE __m512i unsigned16(const uint8_t *p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}
CK_AVX512 CK_INLINE __m512i signed16(const int8_t *p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/// Group j of the eight of a panel.
CK_AVX512 CK_INLINE void load_k16(const int type, const void *panel, const int64_t j, rows16 *out) {
    if (type == CK_Q4_K) {
        const panel_q4_k *p = panel;
        nibbles16(p->q[j], out);
        out->scales[0] = out->scales[1] = unsigned16(p->scale[j]);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = panel;
        nibbles16(p->q[j], out);
        fifth_bits16(p->high[j], out);
        out->scales[0] = out->scales[1] = unsigned16(p->scale[j]);
    } else {
        const panel_q6_k *p = panel;
        const __m512i bits = _mm512_set1_epi8(0x30);
        nibbles16(p->q[j], out);
        UNROLL for (int w = 0; w < 8; w++) {
            __m512i v = LOAD(p->high[j][w / 4]);
            const int left = 4 - 2 * (w % 4);
            v = left >= 0 ? _mm512_slli_epi32(v, left) : _mm512_srli_epi32(v, -left);
            out->q[w] = _mm512_or_si512(out->q[w], _mm512_and_si512(v, bits));
        }
        UNROLL for (int h = 0; h < 2; h++) out->scales[h] = signed16(p->scale[j][h]);
    }
}
/// The minima of groups j and j + 1 in pairs.
CK_AVX512 CK_INLINE __m512i minima16(const void *panel, const int64_t j) {
    const panel_q4_k *p = panel;
    return pairs16(unsigned16(p->min[j]), unsigned16(p->min[j + 1]));
}
/// What the sums of eight groups are multiplied with.
CK_AVX512 CK_INLINE void load_scales_k16(const ck_kind kind, const void *panel, rows16 *out) {
    if (kind == kind_k6) {
        out->scale = halfs16(((const panel_q6_k *)panel)->d);
    } else {
        const panel_q4_k *p = panel;
        out->scale = halfs16(p->d);
        out->min = _mm512_sub_ps(_mm512_setzero_ps(), halfs16(p->m));
    }
}

/// What the sums of a half are multiplied with: of a group in registers (w) or unpacked (u).
CK_AVX512 CK_INLINE __m512i scale_k16(const ck_kind kind, const int half, const rows16 *w,
                                      const unpacked_group *u) {
    if (w) return w->scales[half];
    __m512i halves = LOAD(u->halves);
    if (kind == kind_k6 && half == 0) halves = _mm512_slli_epi32(halves, 16);
    return _mm512_srai_epi32(halves, 16);
}
/// The pairs that make good for the offset 32.
CK_AVX512 CK_INLINE __m512i offsets_k16(const rows16 *w) {
    return _mm512_mullo_epi16(pairs16(w->scales[0], w->scales[1]), _mm512_set1_epi16(-32));
}

/// Adds the scaled sums of words first..<last, which are of the given half or of both.
CK_AVX512 CK_INLINE void add_part_k(const ck_kind kind, const int panels, const int n,
                                    const int first, const int last, const int half,
                                    const rows16 *w, const unpacked_group *u, activation_group x,
                                    integers16 *sums) {
    const bool has_offset = kind == kind_k4 && !w;
    integers16 s;
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int p = 0; p < panels; p++) s.of[p][i] =
        has_offset ? broadcast32(x.start + i) : _mm512_setzero_si512();
    add_words(panels, n, first, last, w ? w->q : 0, w ? 0 : u->q, x.q, &s);
    UNROLL for (int p = 0; p < panels; p++) {
        __m512i scale = scale_k16(kind, half, w, u + p * block_groups);
        UNROLL for (int i = 0; i < n; i++) {
            __m512i *sum = &sums->of[p][i];
            *sum = kind == kind_k4 ? _mm512_dpwssd_epi32(*sum, s.of[p][i], scale)
                                   : _mm512_add_epi32(*sum, _mm512_mullo_epi32(s.of[p][i], scale));
        }
    }
}
/// Adds the scaled sums of a group with n columns: of one in registers (w), or, where w is null, of
/// some panels' unpacked ones (u) but for what offsets take.
CK_AVX512 CK_INLINE void add_group_k(const ck_kind kind, const int panels, const int n,
                                     const rows16 *w, const unpacked_group *u, activation_group x,
                                     integers16 *sums) {
    if (kind == kind_k5 || (kind == kind_k4 && !w)) {
        add_part_k(kind, panels, n, 0, 8, 0, w, u, x, sums);
    } else {
        add_part_k(kind, panels, n, 0, 4, 0, w, u, x, sums);
        add_part_k(kind, panels, n, 4, 8, 1, w, u, x, sums);
    }
}

/// Adds 16-bit pairs, multiplied with those of n columns.
CK_AVX512 CK_INLINE void add_pairs(const int n, __m512i pairs, const void *columns, __m512i *sums) {
    UNROLL for (int i = 0; i < n; i++) sums[i] =
        _mm512_dpwssd_epi32(sums[i], pairs, broadcast32((const char *)columns + 4 * i));
}

/// Adds what eight groups contribute to n columns: their sums of codes and of minima.
CK_AVX512 CK_INLINE void scale_k(const ck_kind kind, const int n, const rows16 *w,
                                 activation_group x, const __m512i *sums, const __m512i *minima,
                                 __m512 *c) {
    UNROLL for (int i = 0; i < n; i++) {
        __m512 d = _mm512_set1_ps(x.d[i]);
        c[i] = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), w->scale), d, c[i]);
        if (has_minima(kind))
            c[i] = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(minima[i]), w->min), d, c[i]);
    }
}

CK_AVX512 CK_INLINE void direct_k(const int type, const int n, const void *panel, int64_t groups,
                                  const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const int64_t bytes = panel_bytes_of(type), step = n * group_bytes;
    const char *at = panel;
    __m512 out[direct_columns];
    UNROLL for (int i = 0; i < n; i++) out[i] = _mm512_setzero_ps();
    for (; groups > 0; groups -= super_groups, at += bytes) {
        integers16 sums, minima;
        fill16(1, n, _mm512_setzero_si512(), &sums);
        fill16(1, n, _mm512_setzero_si512(), &minima);
        for (int64_t j = 0; j < super_groups; j += 2, tile += 2 * step) {
            fetch_ahead(at + j * (bytes / super_groups), bytes / 4);
            UNROLL for (int odd = 0; odd < 2; odd++) {
                rows16 w;
                load_k16(type, at, j + odd, &w);
                const activation_group x = activations_at(n, tile + odd * step);
                add_group_k(kind, 1, n, &w, 0, x, &sums);
                if (kind == kind_k6) add_pairs(n, offsets_k16(&w), x.half, sums.of[0]);
            }
            if (has_minima(kind))
                add_pairs(n, minima16(at, j), activations_at(n, tile).sum, minima.of[0]);
        }
        rows16 w;
        load_scales_k16(kind, at, &w);
        scale_k(kind, n, &w, activations_at(n, tile - step), sums.of[0], minima.of[0], out);
    }
    UNROLL for (int i = 0; i < n; i++) _mm512_storeu_ps(c + 16 * i, out[i]);
}

CK_AVX512 CK_INLINE void unpack_k(const int type, const void *panel, int64_t first, int64_t count,
                                  unpacked_super *out) {
    const ck_kind kind = kind_of(type);
    const char *at = (const char *)panel + first / super_groups * panel_bytes_of(type);
    for (; count > 0; count -= super_groups, at += panel_bytes_of(type), out++) {
        rows16 w;
        for (int64_t j = 0; j < super_groups; j += 2) {
            __m512i scales[2];
            UNROLL for (int odd = 0; odd < 2; odd++) {
                unpacked_group *group = out->groups + j + odd;
                load_k16(type, at, j + odd, &w);
                UNROLL for (int v = 0; v < 8; v++) {
                    if (kind == kind_k4) w.q[v] = _mm512_add_epi8(w.q[v], _mm512_set1_epi8(120));
                    _mm512_storeu_si512((void *)(group->q + 64 * v), w.q[v]);
                }
                _mm512_storeu_si512((void *)group->halves, pairs16(w.scales[0], w.scales[1]));
                if (kind == kind_k6) _mm512_storeu_si512((void *)group->mins, offsets_k16(&w));
                scales[odd] = w.scales[0];
            }
            if (has_minima(kind)) _mm512_storeu_si512((void *)out->groups[j].mins, minima16(at, j));
            if (kind == kind_k4)
                _mm512_storeu_si512((void *)out->groups[j + 1].mins,
                                    _mm512_slli_epi16(pairs16(scales[0], scales[1]), 3));
        }
        load_scales_k16(kind, at, &w);
        _mm512_storeu_ps(out->scale, w.scale);
        if (has_minima(kind)) _mm512_storeu_ps(out->min, w.min);
    }
}

/// The sums of eight unpacked groups of some panels, but for what offsets take.
CK_AVX512 CK_INLINE void multiply_eight(const ck_kind kind, const int panels, const int n,
                                        const unpacked_group *u, const char *tile, integers16 *sums,
                                        gradual_fetch *fetching) {
    fill16(panels, n, _mm512_setzero_si512(), sums);
    for (const unpacked_group *end = u + super_groups; u < end; u++, tile += n * group_bytes) {
        fetch_some(fetching);
        add_group_k(kind, panels, n, 0, u, activations_at(n, tile), sums);
    }
}
/// What offsets take from those, and the sums of minima. A loop, for of a row of additions clang
/// would make two operations each, fearing to wait for one after the other.
CK_AVX512 CK_INLINE void multiply_pairs(const ck_kind kind, const int panels, const int n,
                                        const unpacked_group *u, const char *tile, integers16 *sums,
                                        integers16 *minima) {
    const int step = kind == kind_k6 ? 1 : 2;
    fill16(panels, n, _mm512_setzero_si512(), minima);
    ROLLED for (int j = 0; j < super_groups; j += step, u += step, tile += step * n * group_bytes) {
        const activation_group x = activations_at(n, tile);
        UNROLL for (int p = 0; p < panels; p++) {
            const unpacked_group *group = u + p * block_groups;
            __m512i pairs = LOAD(group[0].mins);
            if (kind == kind_k6)
                add_pairs(n, pairs, x.half, sums->of[p]);
            else
                add_pairs(n, pairs, x.sum, minima->of[p]);
            if (kind == kind_k4) add_pairs(n, LOAD(group[1].mins), x.sum, sums->of[p]);
        }
    }
}

CK_AVX512 CK_INLINE void multiply_k(const ck_kind kind, const int panels, const int n,
                                    const unpacked_super *u, int64_t groups, const char *tile,
                                    float *c, int64_t stride, bool accumulate,
                                    const upcoming *next) {
    gradual_fetch fetching = fetch_with_each(next, groups);
    if (!accumulate) UNROLL for (int i = 0; i < n; i++) memset(c + i * stride, 0, 64 * panels);
    for (; groups > 0; groups -= super_groups, u++) {
        integers16 sums, minima;
        multiply_eight(kind, panels, n, u->groups, tile, &sums, &fetching);
        multiply_pairs(kind, panels, n, u->groups, tile, &sums, &minima);
        UNROLL for (int p = 0; p < panels; p++) {
            const unpacked_super *of_panel = (const void *)(u->groups + p * block_groups);
            rows16 w;
            w.scale = _mm512_loadu_ps(of_panel->scale);
            if (has_minima(kind)) w.min = _mm512_loadu_ps(of_panel->min);
            __m512 out[direct_columns];
            UNROLL for (int i = 0; i < n; i++) out[i] = _mm512_loadu_ps(c + i * stride + 16 * p);
            scale_k(kind, n, &w, activations_at(n, tile), sums.of[p], minima.of[p], out);
            UNROLL for (int i = 0; i < n; i++) _mm512_storeu_ps(c + i * stride + 16 * p, out[i]);
        }
        tile += super_groups * n * group_bytes;
    }
}

#endif
