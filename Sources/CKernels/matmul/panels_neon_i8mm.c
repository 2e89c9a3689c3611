// Panel kernels for NEON with products of matrices of bytes: two rows by two columns at a time.
//
// smmla adds to four sums the products of 8 bytes of two columns with 8 bytes of two rows, twice
// the work of sdot. Rows are zipped for it when they are unpacked, columns are paired when they are
// quantized, and sums stay in its order, [column][row] of a 2 x 2 square, until all groups are
// added. Scales stand in the same order, so that each element sees what it sees in panels_neon.c.
// Codes without their offset are signed as the activations are: usmmla would save nothing.
#include "panels_neon.h"

#if CK_NEON

/// One group of 4 rows: codes zipped, the rest for rows 2 s and 2 s + 1 at index s, twice each.
/// This is an unpacked group's quarter too; what a format has not is not written.
typedef struct {
    int8x16_t q[8];
    float32x4_t scale[2], min[2];
    int32x4_t first[2], second[2];
} row_pairs;
_Static_assert(4 * sizeof(row_pairs) <= sizeof(unpacked_wide_group), "scratch");

/// One group of two columns; of the last one of an odd number twice the same.
typedef struct {
    int8x16_t q[4];
    float32x4_t d, sum;
} column_pair;

CK_I8MM CK_INLINE void twice_f32(float32x4_t v, float32x4_t out[2]) {
    out[0] = vcombine_f32(vget_low_f32(v), vget_low_f32(v));
    out[1] = vcombine_f32(vget_high_f32(v), vget_high_f32(v));
}
CK_I8MM CK_INLINE void twice_s32(int32x4_t v, int32x4_t out[2]) {
    out[0] = vcombine_s32(vget_low_s32(v), vget_low_s32(v));
    out[1] = vcombine_s32(vget_high_s32(v), vget_high_s32(v));
}
CK_I8MM CK_INLINE void load_rows(const int type, const void *panel, int64_t g, const int h,
                                 row_pairs *out) {
    rows4 w;
    load4(type, panel, g, h, true, &w);
    UNROLL for (int v = 0; v < 8; v++) out->q[v] = w.q[v];
    twice_f32(w.scale, out->scale);
    if (has_minimum(kind_of(type))) twice_f32(w.min, out->min);
    if (kind_of(type) == kind_halves) {
        twice_s32(w.first, out->first);
        twice_s32(w.second, out->second);
    }
}

/// The factors of columns i and i + 1, each for two rows.
CK_I8MM CK_INLINE float32x4_t factors(const float *of, const bool is_pair) {
    if (!is_pair) return vdupq_n_f32(*of);
    float32x4_t two = vcombine_f32(vld1_f32(of), vdup_n_f32(0));
    return vzip1q_f32(two, two);
}
/// Columns i and i + 1 of a tile of n.
CK_I8MM CK_INLINE void load_columns(const char *tile, const int n, const int i, column_pair *out) {
    const int8_t *q = (const int8_t *)tile + 32 * i;
    const float *d = (const float *)(const void *)(tile + 32 * n) + i;
    const bool is_pair = i + 1 < n;
    UNROLL for (int p = 0; p < 4; p++) {
        if (is_pair)
            out->q[p] = vld1q_s8(q + 16 * p);
        else
            out->q[p] = vcombine_s8(vld1_s8(q + 8 * p), vld1_s8(q + 8 * p));
    }
    out->d = factors(d, is_pair);
    out->sum = factors(d + n, is_pair);
}

/// c + the products of one group: two squares.
CK_I8MM CK_INLINE void add_group(const ck_kind kind, const row_pairs *w, const column_pair *x,
                                 float32x4_t c[2]) {
    UNROLL for (int s = 0; s < 2; s++) {
        int32x4_t a = vmmlaq_s32(vdupq_n_s32(0), x->q[0], w->q[s]);
        a = vmmlaq_s32(a, x->q[1], w->q[2 + s]);
        if (kind == kind_halves) {
            int32x4_t b = vmmlaq_s32(vdupq_n_s32(0), x->q[2], w->q[4 + s]);
            b = vmmlaq_s32(b, x->q[3], w->q[6 + s]);
            a = vmlaq_s32(vmulq_s32(a, w->first[s]), b, w->second[s]);
        } else {
            a = vmmlaq_s32(a, x->q[2], w->q[4 + s]);
            a = vmmlaq_s32(a, x->q[3], w->q[6 + s]);
        }
        c[s] = vfmaq_f32(c[s], vmulq_f32(vcvtq_f32_s32(a), w->scale[s]), x->d);
        if (has_minimum(kind)) c[s] = vfmaq_f32(c[s], w->min[s], x->sum);
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
    float32x4_t sums[4][2];
    UNROLL for (int h = 0; h < 4; h++) sums[h][0] = sums[h][1] = vdupq_n_f32(0);
    for (int64_t g = 0; g < groups; g++, tile += 2 * (32 + tail_bytes)) {
        column_pair x;
        load_columns(tile, 2, 0, &x);
        UNROLL for (int h = 0; h < 4; h++) {
            row_pairs w;
            load_rows(type, panel, g, h, &w);
            add_group(kind_of(type), &w, &x, sums[h]);
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

#define UNPACK(type)                                                                               \
    case CK_##type:                                                                                \
        for (int64_t g = 0; g < count; g++)                                                        \
            UNROLL for (int h = 0; h < 4; h++)                                                     \
                load_rows(CK_##type, panel, first + g, h, to + 4 * g + h);                         \
        break
CK_I8MM static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    row_pairs *to = out;
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_I8MM CK_INLINE void multiply_n(const ck_kind kind, const int n, const row_pairs *u,
                                  int64_t groups, const char *tile, float *c, int64_t stride,
                                  bool accumulate) {
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
        const char *at = tile;
        for (int64_t g = 0; g < groups; g++, at += n * (32 + tail_bytes)) {
            column_pair x[i8mm_pairs];
            UNROLL for (int i = 0; i < n; i += 2) load_columns(at, n, i, &x[i / 2]);
            UNROLL for (int part = 0; part < 2; part++) UNROLL for (int i = 0; i < n; i += 2)
                add_group(kind, u + 4 * g + h + part, &x[i / 2], sums[part][i / 2]);
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
    else if (kind == kind_halves)
        MULTIPLY(kind_halves)
    else
        MULTIPLY(kind_s8)
}

const ck_panel_kernels ck_panels_neoni8mm = {
    i8mm_tile, 1, 2, false, true, direct, unpack, multiply, ck_panel_quantize_neon};
#endif
