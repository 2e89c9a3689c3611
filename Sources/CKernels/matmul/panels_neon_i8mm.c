// Panel kernels for NEON with products of matrices of bytes: two rows by two columns at a time.
//
// smmla adds to four sums the products of 8 bytes of two columns with 8 bytes of two rows, twice
// the work of sdot. Rows are zipped for it when they are unpacked, columns are paired when they are
// quantized, and sums stay in its order, [column][row] of a 2 x 2 square, until all groups are
// added. Scales and minima stand in that order too, so that each element sees what it sees in
// panels_neon.c. Codes without their offset are signed as the activations are: usmmla would save
// nothing.
#include "panels_neon.h"

#if CK_NEON

/// One group of 4 rows: codes zipped, scales for rows 2 s and 2 s + 1 at index s, twice each.
/// What a format has not is not written.
typedef struct {
    int8x16_t q[8];
    int32x4_t first[2], second[2];
} code_pairs;
/// What multiplies the sums of 4 rows, in the same order.
typedef struct {
    float32x4_t scale[2], min[2];
} factor_pairs;
typedef struct {
    int16x4_t group[super_groups][2];
} minima_pairs;

/// Unpacked groups, in parts of 4 rows: one, and eight of a k kind.
typedef struct {
    code_pairs codes[4];
    factor_pairs factors[4];
} unpacked_pairs;
typedef struct {
    code_pairs codes[super_groups][4];
    factor_pairs factors[4];
    minima_pairs minima[4];
} unpacked_super_pairs;
_Static_assert(sizeof(unpacked_pairs) <= sizeof(unpacked_wide_group), "scratch");
_Static_assert(block_supers * sizeof(unpacked_super_pairs) <=
                   block_groups * sizeof(unpacked_wide_group),
               "scratch");

CK_I8MM CK_INLINE void twice_f32(float32x4_t v, float32x4_t out[2]) {
    out[0] = vcombine_f32(vget_low_f32(v), vget_low_f32(v));
    out[1] = vcombine_f32(vget_high_f32(v), vget_high_f32(v));
}
CK_I8MM CK_INLINE void twice_s32(int32x4_t v, int32x4_t out[2]) {
    out[0] = vcombine_s32(vget_low_s32(v), vget_low_s32(v));
    out[1] = vcombine_s32(vget_high_s32(v), vget_high_s32(v));
}
CK_I8MM CK_INLINE void load_codes(const int type, const void *panel, int64_t g, const int h,
                                  code_pairs *out) {
    codes4 w;
    load_codes4(type, panel, g, h, true, &w);
    UNROLL for (int v = 0; v < 8; v++) out->q[v] = w.q[v];
    if (is_k(kind_of(type))) twice_s32(w.first, out->first);
    if (kind_of(type) == kind_k6) twice_s32(w.second, out->second);
}
CK_I8MM CK_INLINE void load_factors(const int type, const void *panel, int64_t g, const int h,
                                    factor_pairs *out) {
    factors4 w = load_factors4(type, panel, g, h);
    twice_f32(w.scale, out->scale);
    if (has_minimum(kind_of(type)) || has_minima(kind_of(type))) twice_f32(w.min, out->min);
}
CK_I8MM CK_INLINE void load_minima(const int type, const void *panel, int64_t g, const int h,
                                   minima_pairs *out) {
    int16x4_t w[super_groups];
    load_minima4(type, panel, g, h, w);
    UNROLL for (int j = 0; j < super_groups; j++) {
        int32x2_t rows = vreinterpret_s32_s16(w[j]);
        out->group[j][0] = vreinterpret_s16_s32(vdup_lane_s32(rows, 0));
        out->group[j][1] = vreinterpret_s16_s32(vdup_lane_s32(rows, 1));
    }
}

/// The codes of columns i and i + 1 of a tile of n; of the last one of an odd n twice the same.
CK_I8MM CK_INLINE void load_columns(const char *tile, const int n, const int i, int8x16_t out[4]) {
    const int8_t *q = (const int8_t *)tile + 32 * i;
    UNROLL for (int p = 0; p < 4; p++) {
        if (i + 1 < n)
            out[p] = vld1q_s8(q + 16 * p);
        else
            out[p] = vcombine_s8(vld1_s8(q + 8 * p), vld1_s8(q + 8 * p));
    }
}
/// The factors of columns i and i + 1, each for two rows.
CK_I8MM CK_INLINE float32x4_t column_factors(const float *of, const bool is_pair) {
    if (!is_pair) return vdupq_n_f32(*of);
    float32x4_t two = vcombine_f32(vld1_f32(of), vdup_n_f32(0));
    return vzip1q_f32(two, two);
}

/// Adds the integer sums of one group to two squares.
CK_I8MM CK_INLINE void add_codes(const ck_kind kind, const code_pairs *w, const int8x16_t x[4],
                                 int32x4_t sums[2]) {
    UNROLL for (int s = 0; s < 2; s++) {
        int32x4_t a = is_k(kind) ? vdupq_n_s32(0) : sums[s];
        a = vmmlaq_s32(a, x[0], w->q[s]);
        a = vmmlaq_s32(a, x[1], w->q[2 + s]);
        if (kind == kind_k6) {
            sums[s] = vmlaq_s32(sums[s], a, w->first[s]);
            a = vdupq_n_s32(0);
        }
        a = vmmlaq_s32(a, x[2], w->q[4 + s]);
        a = vmmlaq_s32(a, x[3], w->q[6 + s]);
        if (is_k(kind))
            sums[s] = vmlaq_s32(sums[s], a, kind == kind_k6 ? w->second[s] : w->first[s]);
        else
            sums[s] = a;
    }
}

/// The minima of eight groups times the sums of columns i and i + 1 of n: two squares.
CK_I8MM CK_INLINE void sum_minima(const minima_pairs *w, const char *tile, const int n, const int i,
                                  int32x4_t out[2]) {
    out[0] = out[1] = vdupq_n_s32(0);
    UNROLL for (int j = 0; j < super_groups; j += 2) {
        const int32_t *of = sum_pair(tile_at(tile, false, n, j), n, i);
        int16x4_t pairs = vreinterpret_s16_s32(i + 1 < n ? vld1_s32(of) : vld1_dup_s32(of));
        int16x4_t even = vtrn1_s16(pairs, pairs), odd = vtrn2_s16(pairs, pairs);
        UNROLL for (int s = 0; s < 2; s++) {
            out[s] = vmlal_s16(out[s], w->group[j][s], even);
            out[s] = vmlal_s16(out[s], w->group[j + 1][s], odd);
        }
    }
}

/// c + what the group or the eight whose codes' sums are `sums` contribute with columns i and i + 1
/// of n: two squares.
CK_I8MM CK_INLINE void add_scaled(const ck_kind kind, const int32x4_t sums[2],
                                  const factor_pairs *w, const minima_pairs *minima,
                                  const char *tile, const int n, const int i, float32x4_t c[2]) {
    const float *of = (const float *)(const void *)(tile + 32 * n) + i;
    const float32x4_t d = column_factors(of, i + 1 < n);
    UNROLL for (int s = 0; s < 2; s++) c[s] =
        vfmaq_f32(c[s], vmulq_f32(vcvtq_f32_s32(sums[s]), w->scale[s]), d);
    if (has_minimum(kind)) {
        const float32x4_t sum = column_factors(of + n, i + 1 < n);
        UNROLL for (int s = 0; s < 2; s++) c[s] = vfmaq_f32(c[s], w->min[s], sum);
    }
    if (has_minima(kind)) {
        int32x4_t m[2];
        sum_minima(minima, tile, n, i, m);
        UNROLL for (int s = 0; s < 2; s++) c[s] =
            vfmaq_f32(c[s], vmulq_f32(vcvtq_f32_s32(m[s]), w->min[s]), d);
    }
}

/// From 4 rows of two columns to two squares, and back.
CK_I8MM CK_INLINE void exchange(float32x4_t v[2]) {
    float32x4_t low = vcombine_f32(vget_low_f32(v[0]), vget_low_f32(v[1]));
    v[1] = vcombine_f32(vget_high_f32(v[0]), vget_high_f32(v[1]));
    v[0] = low;
}
CK_I8MM CK_INLINE void load_sums(const float *c, int64_t stride, const bool is_pair,
                                 float32x4_t sums[2]) {
    sums[0] = vld1q_f32(c);
    sums[1] = is_pair ? vld1q_f32(c + stride) : sums[0];
    exchange(sums);
}
CK_I8MM CK_INLINE void store_sums(float *c, int64_t stride, const bool is_pair,
                                  float32x4_t sums[2]) {
    exchange(sums);
    vst1q_f32(c, sums[0]);
    if (is_pair) vst1q_f32(c + stride, sums[1]);
}

enum { i8mm_tile = 4, i8mm_pairs = i8mm_tile / 2 };

/// Two columns.
CK_I8MM CK_INLINE void direct_2(const int type, const void *panel, int64_t groups, const char *tile,
                                float *c) {
    const ck_kind kind = kind_of(type);
    const int together = groups_of(type);
    float32x4_t sums[4][2];
    UNROLL for (int h = 0; h < 4; h++) sums[h][0] = sums[h][1] = vdupq_n_f32(0);
    for (int64_t g = 0; g < groups; g += together) {
        const char *at = tile_at(tile, false, 2, g);
        int32x4_t s[4][2];
        UNROLL for (int h = 0; h < 4; h++) s[h][0] = s[h][1] = vdupq_n_s32(0);
        for (int j = 0; j < together; j++) {
            int8x16_t x[4];
            load_columns(tile_at(at, false, 2, j), 2, 0, x);
            UNROLL for (int h = 0; h < 4; h++) {
                code_pairs w;
                load_codes(type, panel, g + j, h, &w);
                add_codes(kind, &w, x, s[h]);
            }
        }
        UNROLL for (int h = 0; h < 4; h++) {
            factor_pairs w;
            minima_pairs minima;
            load_factors(type, panel, g, h, &w);
            if (has_minima(kind)) load_minima(type, panel, g, h, &minima);
            add_scaled(kind, s[h], &w, &minima, at, 2, 0, sums[h]);
        }
    }
    UNROLL for (int h = 0; h < 4; h++) store_sums(c + 4 * h, panel_rows, true, sums[h]);
}
#define DIRECT(type)                                                                               \
    case CK_##type: direct_2(CK_##type, panel, groups, tile, c); break
CK_I8MM static void direct(int type, int n, const void *panel, int64_t groups, const void *tile,
                           float *c) {
    // Half of each square would be for nothing.
    if (n == 1) {
        ck_panel_direct_neon(type, n, panel, groups, tile, c);
        return;
    }
    switch (type) { EACH_PACKED_TYPE(DIRECT); }
}

CK_I8MM CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                void *out) {
    const ck_kind kind = kind_of(type);
    const int together = groups_of(type);
    for (int64_t g = 0; g < count; g += together) {
        unpacked_pairs *one = (unpacked_pairs *)out + g;
        unpacked_super_pairs *eight = (unpacked_super_pairs *)out + g / super_groups;
        for (int j = 0; j < together; j++)
            UNROLL for (int h = 0; h < 4; h++) load_codes(
                type, panel, first + g + j, h, (is_k(kind) ? eight->codes[j] : one->codes) + h);
        UNROLL for (int h = 0; h < 4; h++) {
            load_factors(type, panel, first + g, h,
                         (is_k(kind) ? eight->factors : one->factors) + h);
            if (has_minima(kind)) load_minima(type, panel, first + g, h, eight->minima + h);
        }
    }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_I8MM static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_I8MM CK_INLINE void multiply_n(const ck_kind kind, const int n, const void *block,
                                  int64_t groups, const char *tile, float *c, int64_t stride,
                                  bool accumulate) {
    const int together = is_k(kind) ? super_groups : 1;
    // Eight rows: four columns of activations and the sums stay in registers, weights pass by.
    for (int h = 0; h < 4; h += 2) {
        float32x4_t sums[2][i8mm_pairs][2];
        UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2) {
            float32x4_t *s = sums[part][i / 2];
            if (accumulate)
                load_sums(c + i * stride + 4 * (h + part), stride, i + 1 < n, s);
            else
                s[0] = s[1] = vdupq_n_f32(0);
        }
        for (int64_t g = 0; g < groups; g += together) {
            const unpacked_pairs *one = (const unpacked_pairs *)block + g;
            const unpacked_super_pairs *eight =
                (const unpacked_super_pairs *)block + g / super_groups;
            const char *at = tile_at(tile, false, n, g);
            int32x4_t s[2][i8mm_pairs][2];
            UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2)
                s[part][i / 2][0] = s[part][i / 2][1] = vdupq_n_s32(0);
            for (int j = 0; j < together; j++) {
                const code_pairs *w = (is_k(kind) ? eight->codes[j] : one->codes) + h;
                int8x16_t x[i8mm_pairs][4];
                UNROLL for (int i = 0; i < n; i += 2)
                    load_columns(tile_at(at, false, n, j), n, i, x[i / 2]);
                UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2)
                    add_codes(kind, w + part, x[i / 2], s[part][i / 2]);
            }
            const factor_pairs *w = (is_k(kind) ? eight->factors : one->factors) + h;
            UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2)
                add_scaled(kind, s[part][i / 2], w + part, eight->minima + h + part, at, n, i,
                           sums[part][i / 2]);
        }
        UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2)
            store_sums(c + i * stride + 4 * (h + part), stride, i + 1 < n, sums[part][i / 2]);
    }
}
#define MULTIPLY(kind)                                                                             \
    switch (n) {                                                                                   \
    case 1: multiply_n(kind, 1, unpacked, groups, tile, c, stride, accumulate); break;             \
    case 2: multiply_n(kind, 2, unpacked, groups, tile, c, stride, accumulate); break;             \
    case 3: multiply_n(kind, 3, unpacked, groups, tile, c, stride, accumulate); break;             \
    default: multiply_n(kind, 4, unpacked, groups, tile, c, stride, accumulate); break;            \
    }
CK_I8MM static void multiply(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                             const void *tile, float *c, int64_t stride, bool accumulate,
                             const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    if (has_minimum(kind))
        MULTIPLY(kind_u4_min)
    else if (has_minima(kind))
        MULTIPLY(kind_k4)
    else if (kind == kind_k6)
        MULTIPLY(kind_k6)
    else
        MULTIPLY(kind_s8)
}

const ck_panel_kernels ck_panels_neoni8mm = {
    i8mm_tile, 1, 2, false, true, direct, unpack, multiply, ck_panel_quantize_neon};
#endif
