// Blocks of packed weights for AVX2: unpacked to bytes (to 16-bit numbers for q8_0), then
// multiplied by tiles of activations.
#include "panels_avx2.h"

#if CK_X86

/// The integer sums of one group: [column][8 rows].
typedef struct {
    __m256i s[avx2_columns][2];
} block_sums;
CK_AVX2 CK_INLINE void store_codes(const rows8 *w, const int h, uint8_t *q) {
    UNROLL for (int v = 0; v < 8; v++)
        _mm256_storeu_si256((__m256i *)(q + 64 * v + 32 * h), w->q[v]);
}
CK_AVX2 CK_INLINE void store_wide_codes(const rows8 *w, const int h, int16_t *q) {
    UNROLL for (int v = 0; v < 8; v++) {
        char *at = (char *)q + 128 * v + 32 * h;
        _mm256_storeu_si256((__m256i *)at, _mm256_srai_epi16(_mm256_slli_epi16(w->q[v], 8), 8));
        _mm256_storeu_si256((__m256i *)(at + 64), _mm256_srai_epi16(w->q[v], 8));
    }
}
/// Rows 8 h ... 8 h + 7 of group g of a panel, as the group number `to` of a block.
CK_AVX2 CK_INLINE void unpack8(const int type, const void *panel, int64_t g, const int h,
                               void *block, int64_t to) {
    const ck_kind kind = kind_of(type);
    rows8 w;
    load8(type, panel, g, h, &w);
    if (kind == kind_s8) {
        unpacked_wide_group *u = (unpacked_wide_group *)block + to;
        store_wide_codes(&w, h, u->q);
        _mm256_storeu_ps(u->scale + 8 * h, w.scale);
    } else if (is_k(kind)) {
        unpacked_super *eight = (unpacked_super *)block + (to >> 3);
        unpacked_group *u = eight->groups + (to & 7);
        store_codes(&w, h, u->q);
        _mm256_storeu_si256((__m256i *)u->halves[8 * h], w.halves);
        _mm256_storeu_ps(eight->scale + 8 * h, w.scale);
        if (!has_minima(kind)) return;
        _mm256_storeu_ps(eight->min + 8 * h, w.min);
        if (!(to & 1)) _mm256_storeu_si256((__m256i *)u->mins[8 * h], mins8(type, panel, g, h));
    } else {
        unpacked_group *u = (unpacked_group *)block + to;
        store_codes(&w, h, u->q);
        _mm256_storeu_ps(u->scale + 8 * h, w.scale);
        if (has_minimum(kind)) _mm256_storeu_ps(u->min + 8 * h, w.min);
    }
}
CK_AVX2 CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                void *out) {
    for (int64_t g = 0; g < count; g++)
        UNROLL for (int h = 0; h < 2; h++) unpack8(type, panel, first + g, h, out, g);
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_AVX2 void ck_panel_unpack_avx2(int type, const void *panel, int64_t first, int64_t count,
                                  void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

/// Adds words first..<last of 16 rows with n columns to sums of 16 bits, which begin where `begin`
/// says or at zero.
CK_AVX2 CK_INLINE void add_words(const int n, const uint8_t *q, const char *tile, const int first,
                                 const int last, const char *begin, __m256i sums[avx2_columns][2]) {
    if (begin)
        UNROLL for (int i = 0; i < n; i++) sums[i][0] = sums[i][1] = BROADCAST32(begin + 4 * i);
    UNROLL for (int v = first; v < last; v++) {
        __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i x = BROADCAST32(tile + 32 * i + 4 * v);
            __m256i p0 = pairs(w0, x), p1 = pairs(w1, x);
            sums[i][0] = v == first && !begin ? p0 : _mm256_add_epi16(sums[i][0], p0);
            sums[i][1] = v == first && !begin ? p1 : _mm256_add_epi16(sums[i][1], p1);
            IN_PLACE(sums[i][0]);
            IN_PLACE(sums[i][1]);
        }
    }
}
/// The integer sums of one unpacked group of 16 rows with n columns, added to s beyond the `first`;
/// of a k kind with the group's scales.
CK_AVX2 CK_INLINE void sum_group(const ck_kind kind, const int n, const unpacked_group *u,
                                 const char *tile, const bool first, __m256i s[avx2_columns][2]) {
    const int words = words_at_once(kind);
    UNROLL for (int v = 0; v < 8; v += words) {
        __m256i part[avx2_columns][2];
        add_words(n, u->q, tile, v, v + words, begin_at(kind, n, tile + 32 * n, v), part);
        UNROLL for (int h = 0; h < 2; h++) {
            const __m256i factor = factor_of(kind, LOAD(u->halves[8 * h]), v);
            UNROLL for (int i = 0; i < n; i++) {
                __m256i sum = _mm256_madd_epi16(part[i][h], factor);
                s[i][h] = first && v == 0 ? sum : _mm256_add_epi32(s[i][h], sum);
            }
        }
    }
}
/// Those of 16-bit codes.
CK_AVX2 CK_INLINE void sum_wide_group(const int n, const unpacked_wide_group *u, const char *tile,
                                      __m256i s[avx2_columns][2]) {
    const char *q = (const char *)u->q;
    UNROLL for (int v = 0; v < 16; v++) {
        __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i x = BROADCAST32(tile + 64 * i + 4 * v);
            __m256i p0 = _mm256_madd_epi16(w0, x), p1 = _mm256_madd_epi16(w1, x);
            s[i][0] = v == 0 ? p0 : _mm256_add_epi32(s[i][0], p0);
            s[i][1] = v == 0 ? p1 : _mm256_add_epi32(s[i][1], p1);
            IN_PLACE(s[i][0]);
            IN_PLACE(s[i][1]);
        }
    }
}

/// First the integer sums of all groups, then what their scales make of them. In one loop the
/// chains of the second would keep the multipliers waiting, and the registers do not hold both.
CK_AVX2 CK_INLINE void multiply_n(const ck_kind kind, const int n, const void *unpacked,
                                  int64_t groups, const char *tile, float *c, int64_t stride,
                                  bool accumulate) {
    const bool wide = kind == kind_s8;
    const int64_t tile_step = n * ((wide ? 64 : 32) + tail_bytes);
    const int64_t step = wide ? sizeof(unpacked_wide_group) : sizeof(unpacked_group);
    const char *x = tile, *w = unpacked;
    block_sums all[block_groups];
    for (int64_t g = 0; g < groups; g++, x += tile_step, w += step) {
        block_sums sums; // in registers
        if (wide)
            sum_wide_group(n, (const void *)w, x, sums.s);
        else
            sum_group(kind, n, (const void *)w, x, true, sums.s);
        all[g] = sums;
    }
    __m256 sums[avx2_columns][2];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
        accumulate ? _mm256_loadu_ps(c + i * stride + 8 * h) : _mm256_setzero_ps();
    x = tile;
    w = unpacked;
    for (int64_t g = 0; g < groups; g++, x += tile_step, w += step) {
        const float *d = (const float *)(const void *)(x + n * (wide ? 64 : 32));
        const float *scale = (const float *)(const void *)(w + (wide ? 1024 : 512));
        const __m256 none = _mm256_setzero_ps();
        __m256 scales[2], mins[2] = {none, none};
        UNROLL for (int h = 0; h < 2; h++) {
            scales[h] = _mm256_loadu_ps(scale + 8 * h);
            if (has_minimum(kind)) mins[h] = _mm256_loadu_ps(scale + 16 + 8 * h);
        }
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
            scaled(kind, all[g].s[i][h], scales[h], mins[h], d + i, d + n + i, sums[i][h]);
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + i * stride + 8 * h, sums[i][h]);
}

/// The minima of eight groups, each with the sum of its activations.
CK_AVX2 CK_INLINE void sum_minima(const int n, const unpacked_group *u, const char *tile,
                                  __m256i s[avx2_columns][2]) {
    UNROLL for (int g = 0; g < super_groups; g += 2) UNROLL for (int h = 0; h < 2; h++) {
        const __m256i mins = LOAD(u[g].mins[8 * h]);
        const float *x = activations_at(n, tile_at(tile, false, n, g)).sum;
        UNROLL for (int i = 0; i < n; i++) {
            __m256i sum = _mm256_madd_epi16(mins, BROADCAST32(x + i));
            s[i][h] = g == 0 ? sum : _mm256_add_epi32(s[i][h], sum);
        }
    }
}
/// The same for the k kinds: eight groups at a time.
CK_AVX2 CK_INLINE void multiply_k(const ck_kind kind, const int n, const void *unpacked,
                                  int64_t groups, const char *tile, float *c, int64_t stride,
                                  bool accumulate) {
    const int64_t step = n * (32 + tail_bytes);
    const unpacked_super *u = unpacked, *end = u + groups / super_groups;
    for (; u < end; u++, tile += super_groups * step, accumulate = true) {
        block_sums sums, minima;
        sum_group(kind, n, u->groups, tile, true, sums.s);
        for (int g = 1; g < super_groups; g++)
            sum_group(kind, n, u->groups + g, tile + g * step, false, sums.s);
        if (has_minima(kind)) sum_minima(n, u->groups, tile, minima.s);
        const float *d = activations_at(n, tile).d;
        UNROLL for (int h = 0; h < 2; h++) {
            const __m256 scale = _mm256_loadu_ps(u->scale + 8 * h);
            const __m256 min = _mm256_loadu_ps(u->min + 8 * h);
            UNROLL for (int i = 0; i < n; i++) {
                float *to = c + i * stride + 8 * h;
                __m256 sum = accumulate ? _mm256_loadu_ps(to) : _mm256_setzero_ps();
                sum = scaled(kind, sums.s[i][h], scale, min, d + i, 0, sum);
                if (has_minima(kind)) sum = add_minima(minima.s[i][h], min, d + i, sum);
                _mm256_storeu_ps(to, sum);
            }
        }
    }
}

#define MULTIPLY(multiply_n, kind)                                                                 \
    CK_AVX2 static void multiply_##kind(int n, const void *u, int64_t g, const char *t, float *c,  \
                                        int64_t s, bool a) {                                       \
        switch (n) {                                                                               \
        case 1: multiply_n(kind, 1, u, g, t, c, s, a); break;                                      \
        case 2: multiply_n(kind, 2, u, g, t, c, s, a); break;                                      \
        case 3: multiply_n(kind, 3, u, g, t, c, s, a); break;                                      \
        case 4: multiply_n(kind, 4, u, g, t, c, s, a); break;                                      \
        default: multiply_n(kind, 5, u, g, t, c, s, a); break;                                     \
        }                                                                                          \
    }
MULTIPLY(multiply_n, kind_u4)
MULTIPLY(multiply_n, kind_u4_min)
MULTIPLY(multiply_n, kind_u5)
MULTIPLY(multiply_n, kind_u5_min)
MULTIPLY(multiply_n, kind_s8)
MULTIPLY(multiply_k, kind_k4)
MULTIPLY(multiply_k, kind_k5)
MULTIPLY(multiply_k, kind_k6)

CK_INLINE void multiply(const ck_kind kind, int n, const void *unpacked, int64_t groups,
                        const char *tile, float *c, int64_t stride, bool accumulate) {
#define CASE(kind)                                                                                 \
    case kind: multiply_##kind(n, unpacked, groups, tile, c, stride, accumulate); break
    switch (kind) {
        CASE(kind_u4);
        CASE(kind_u4_min);
        CASE(kind_u5);
        CASE(kind_u5_min);
        CASE(kind_s8);
        CASE(kind_k4);
        CASE(kind_k5);
        CASE(kind_k6);
    case kind_count: break;
    }
}

/// Lines that are fetched at a time: more would be waited for.
enum { lines_at_once = 24 };

void ck_panel_multiply_avx2(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                            const void *tile, float *c, int64_t stride, bool accumulate,
                            const upcoming *next) {
    (void)panels;
    const int64_t bytes = next->to - next->from;
    int64_t fetched = next->from & ~63ll;
    if (bytes <= 64 * lines_at_once) {
        fetch(next, fetched, next->to);
        multiply(kind, n, unpacked, groups, tile, c, stride, accumulate);
        return;
    }
    // Of few columns, each has a large share of the next panel to fetch: some with each piece.
    const int64_t unit = is_k(kind) ? super_groups : 1, units = groups / unit;
    const int64_t size = is_k(kind)        ? sizeof(unpacked_super)
                         : kind == kind_s8 ? sizeof(unpacked_wide_group)
                                           : sizeof(unpacked_group);
    int64_t pieces = bytes / (64 * lines_at_once) + 1;
    if (pieces > units) pieces = units;
    for (int64_t piece = 0; piece < pieces; piece++) {
        const int64_t first = units * piece / pieces, last = units * (piece + 1) / pieces;
        fetched = fetch(next, fetched, next->from + bytes * (piece + 1) / pieces);
        multiply(kind, n, (const char *)unpacked + first * size, (last - first) * unit,
                 tile_at(tile, kind == kind_s8, n, first * unit), c, stride,
                 accumulate || first > 0);
    }
}

#endif
