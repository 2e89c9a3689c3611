// Blocks of packed weights for AVX2: unpacked to bytes (to 16-bit numbers for q8_0), then
// multiplied by tiles of activations.
#include "panels_avx2.h"

#if CK_X86

/// The integer sums of one group: [column][8 rows].
typedef struct {
    __m256i s[avx2_columns][2];
} block_sums;
/// What follows the codes of a group of activations.
typedef struct {
    const float *d, *sum;
    const int16_t *half;
} tails;
CK_INLINE tails tails_of(const ck_kind kind, const int n, const char *tile) {
    const float *d = (const float *)(const void *)(tile + n * (kind == kind_s8 ? 64 : 32));
    return (tails){d, d + n, (const int16_t *)(const void *)(d + 2 * n)};
}

CK_AVX2 CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                void *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = 0; g < count; g++) {
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, first + g, h, &w);
            if (kind == kind_s8) {
                unpacked_wide_group *to = (unpacked_wide_group *)out + g;
                UNROLL for (int v = 0; v < 8; v++) {
                    char *at = (char *)to->q + 128 * v + 32 * h;
                    _mm256_storeu_si256((__m256i *)at,
                                        _mm256_srai_epi16(_mm256_slli_epi16(w.q[v], 8), 8));
                    _mm256_storeu_si256((__m256i *)(at + 64), _mm256_srai_epi16(w.q[v], 8));
                }
                _mm256_storeu_ps(to->scale + 8 * h, w.scale);
            } else {
                unpacked_group *to = (unpacked_group *)out + g;
                UNROLL for (int v = 0; v < 8; v++)
                    _mm256_storeu_si256((__m256i *)(to->q + 64 * v + 32 * h), w.q[v]);
                _mm256_storeu_ps(to->scale + 8 * h, w.scale);
                if (kind == kind_halves)
                    _mm256_storeu_si256((__m256i *)to->halves[8 * h], w.halves);
                else if (has_minimum(kind))
                    _mm256_storeu_ps(to->min + 8 * h, w.min);
            }
        }
    }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_AVX2 void ck_panel_unpack_avx2(int type, const void *panel, int64_t first, int64_t count,
                                  void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

/// Adds words first..<last of 16 rows with n columns to 16-bit sums.
CK_AVX2 CK_INLINE void add_words(const int n, const uint8_t *q, const char *tile, const int first,
                                 const int last, __m256i sums[avx2_columns][2]) {
    UNROLL for (int v = first; v < last; v++) {
        __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i x = BROADCAST32(tile + 32 * i + 4 * v);
            __m256i p0 = pairs(w0, x), p1 = pairs(w1, x);
            sums[i][0] = v == first ? p0 : _mm256_add_epi16(sums[i][0], p0);
            sums[i][1] = v == first ? p1 : _mm256_add_epi16(sums[i][1], p1);
            IN_PLACE(sums[i][0]);
            IN_PLACE(sums[i][1]);
        }
    }
}

/// The integer sums of one unpacked group of 16 rows with n columns.
CK_AVX2 CK_INLINE void sum_group(const ck_kind kind, const int n, const void *group,
                                 const char *tile, const int16_t *half,
                                 __m256i s[avx2_columns][2]) {
    const unpacked_group *u = group;
    if (kind == kind_s8) {
        const char *q = (const char *)((const unpacked_wide_group *)group)->q;
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
    } else if (kind == kind_u4 || kind == kind_u4_min) {
        add_words(n, u->q, tile, 0, 8, s);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) s[i][h] =
            finish(kind, s[i][h], half + 2 * i);
    } else if (kind == kind_u5 || kind == kind_u5_min) {
        __m256i part[avx2_columns][2];
        add_words(n, u->q, tile, 0, 4, part);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) s[i][h] =
            whole(part[i][h]);
        add_words(n, u->q, tile, 4, 8, part);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) {
            s[i][h] = _mm256_add_epi32(s[i][h], whole(part[i][h]));
            if (kind == kind_u5) s[i][h] = _mm256_add_epi32(s[i][h], offset_of(16, half + 2 * i));
        }
    } else {
        UNROLL for (int h = 0; h < 2; h++) {
            __m256i halves = LOAD(u->halves[8 * h]);
            UNROLL for (int i = 0; i < n; i++) {
                __m256i a[4];
                UNROLL for (int v = 0; v < 4; v++) a[v] = _mm256_add_epi16(
                    pairs(LOAD(u->q + 128 * v + 32 * h), BROADCAST32(tile + 32 * i + 8 * v)),
                    pairs(LOAD(u->q + 128 * v + 64 + 32 * h),
                          BROADCAST32(tile + 32 * i + 8 * v + 4)));
                s[i][h] = join_halves(a[0], a[1], a[2], a[3], halves, half + 2 * i);
            }
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
        sum_group(kind, n, w, x, tails_of(kind, n, x).half, sums.s);
        all[g] = sums;
    }
    __m256 sums[avx2_columns][2];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
        accumulate ? _mm256_loadu_ps(c + i * stride + 8 * h) : _mm256_setzero_ps();
    x = tile;
    w = unpacked;
    for (int64_t g = 0; g < groups; g++, x += tile_step, w += step) {
        const tails t = tails_of(kind, n, x);
        const float *scale = (const float *)(const void *)(w + (wide ? 1024 : 512));
        const __m256 none = _mm256_setzero_ps();
        __m256 scales[2], mins[2] = {none, none};
        UNROLL for (int h = 0; h < 2; h++) {
            scales[h] = _mm256_loadu_ps(scale + 8 * h);
            if (has_minimum(kind)) mins[h] = _mm256_loadu_ps(scale + 16 + 8 * h);
        }
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
            scaled(kind, all[g].s[i][h], scales[h], mins[h], t.d + i, t.sum + i, sums[i][h]);
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + i * stride + 8 * h, sums[i][h]);
}

#define MULTIPLY(kind)                                                                             \
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
MULTIPLY(kind_u4)
MULTIPLY(kind_u4_min)
MULTIPLY(kind_u5)
MULTIPLY(kind_u5_min)
MULTIPLY(kind_halves)
MULTIPLY(kind_s8)

void ck_panel_multiply_avx2(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                            const void *tile, float *c, int64_t stride, bool accumulate,
                            const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    switch (kind) {
    case kind_u4: multiply_kind_u4(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u4_min: multiply_kind_u4_min(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u5: multiply_kind_u5(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u5_min: multiply_kind_u5_min(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_halves: multiply_kind_halves(n, unpacked, groups, tile, c, stride, accumulate); break;
    default: multiply_kind_s8(n, unpacked, groups, tile, c, stride, accumulate); break;
    }
}

#endif
