// Panel kernels for NEON with dot products: 4 rows a vector, 4 vectors side by side.
//
// sdot multiplies four signed bytes of each lane with four of one lane of the activations, so a
// vector of activations serves four words. Codes are made signed by taking their offset away,
// which leaves no correction; those with a minimum have none. All sums are exact, and equal the
// scalar kernels' to the bit.
#include "panels_neon.h"

#if CK_NEON

enum { neon_tile = 4 };

/// s + the integer sums of one group of 4 rows with one column of activations.
CK_DOTPROD CK_INLINE int32x4_t add_codes(const ck_kind kind, const codes4 *w, const int8_t *x,
                                         int32x4_t s) {
    int8x16_t low = vld1q_s8(x), high = vld1q_s8(x + 16);
    int32x4_t a = is_k(kind) ? vdupq_n_s32(0) : s, b = vdupq_n_s32(0);
    a = vdotq_laneq_s32(a, w->q[0], low, 0);
    a = vdotq_laneq_s32(a, w->q[1], low, 1);
    a = vdotq_laneq_s32(a, w->q[2], low, 2);
    a = vdotq_laneq_s32(a, w->q[3], low, 3);
    b = vdotq_laneq_s32(b, w->q[4], high, 0);
    b = vdotq_laneq_s32(b, w->q[5], high, 1);
    b = vdotq_laneq_s32(b, w->q[6], high, 2);
    b = vdotq_laneq_s32(b, w->q[7], high, 3);
    if (kind == kind_k6) return vmlaq_s32(vmlaq_s32(s, a, w->first), b, w->second);
    return is_k(kind) ? vmlaq_s32(s, vaddq_s32(a, b), w->first) : vaddq_s32(a, b);
}

/// The minima of eight groups times the sums of column i of n.
CK_DOTPROD CK_INLINE int32x4_t sum_minima(const int16x4_t minima[super_groups], const char *tile,
                                          const int n, const int i) {
    int32x4_t m = vdupq_n_s32(0);
    UNROLL for (int j = 0; j < super_groups; j += 2) {
        const char *x = tile_at(tile, false, n, j);
        int16x4_t pair = vreinterpret_s16_s32(vld1_dup_s32(sum_pair(x, n, i)));
        m = vmlal_lane_s16(m, minima[j], pair, 0);
        m = vmlal_lane_s16(m, minima[j + 1], pair, 1);
    }
    return m;
}

/// c + what the group or the eight whose codes' sums are s contribute with column i of n.
CK_DOTPROD CK_INLINE float32x4_t add_scaled(const ck_kind kind, int32x4_t s, const factors4 *w,
                                            const int16x4_t minima[super_groups], const char *tile,
                                            const int n, const int i, float32x4_t c) {
    const float *d = (const float *)(const void *)(tile + 32 * n), *sum = d + n;
    c = vfmaq_n_f32(c, vmulq_f32(vcvtq_f32_s32(s), w->scale), d[i]);
    if (has_minimum(kind)) return vfmaq_n_f32(c, w->min, sum[i]);
    if (!has_minima(kind)) return c;
    int32x4_t m = sum_minima(minima, tile, n, i);
    return vfmaq_n_f32(c, vmulq_f32(vcvtq_f32_s32(m), w->min), d[i]);
}

CK_DOTPROD CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                   const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const int together = groups_of(type);
    float32x4_t sums[neon_tile][4];
    for (int i = 0; i < n; i++)
        for (int h = 0; h < 4; h++) sums[i][h] = vdupq_n_f32(0);
    for (int64_t g = 0; g < groups; g += together) {
        const char *x = tile_at(tile, false, n, g);
        int32x4_t s[neon_tile][4];
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 4; h++) s[i][h] =
            vdupq_n_s32(0);
        for (int j = 0; j < together; j++) UNROLL for (int h = 0; h < 4; h++) {
                const int8_t *q = tile_at(x, false, n, j);
                codes4 w;
                load_codes4(type, panel, g + j, h, false, &w);
                UNROLL for (int i = 0; i < n; i++) s[i][h] =
                    add_codes(kind, &w, q + 32 * i, s[i][h]);
            }
        UNROLL for (int h = 0; h < 4; h++) {
            factors4 w = load_factors4(type, panel, g, h);
            int16x4_t minima[super_groups];
            if (has_minima(kind)) load_minima4(type, panel, g, h, minima);
            UNROLL for (int i = 0; i < n; i++) sums[i][h] =
                add_scaled(kind, s[i][h], &w, minima, x, n, i, sums[i][h]);
        }
    }
    for (int i = 0; i < n; i++)
        for (int h = 0; h < 4; h++) vst1q_f32(c + panel_rows * i + 4 * h, sums[i][h]);
}
#define DIRECT(type)                                                                               \
    case CK_##type:                                                                                \
        if (n == 1)                                                                                \
            direct_n(CK_##type, 1, panel, groups, tile, c);                                        \
        else                                                                                       \
            direct_n(CK_##type, 2, panel, groups, tile, c);                                        \
        break
CK_DOTPROD void ck_panel_direct_neon(int type, int n, const void *panel, int64_t groups,
                                     const void *tile, float *c) {
    switch (type) { EACH_PACKED_TYPE(DIRECT); }
}

/// Group g of an unpacked block.
CK_INLINE unpacked_group *group_at(const ck_kind kind, const void *block, int64_t g) {
    if (is_k(kind)) return ((unpacked_super *)block)[g / super_groups].groups + g % super_groups;
    return (unpacked_group *)block + g;
}
/// [part of 4 rows][word]: the codes of a row part stand together.
CK_DOTPROD CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                   void *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = 0; g < count; g++) UNROLL for (int h = 0; h < 4; h++) {
            unpacked_group *to = group_at(kind, out, g);
            codes4 w;
            load_codes4(type, panel, first + g, h, false, &w);
            UNROLL for (int v = 0; v < 8; v++) vst1q_s8((int8_t *)to->q + 128 * h + 16 * v, w.q[v]);
            if (is_k(kind)) {
                int32x4_t second = kind == kind_k6 ? w.second : w.first;
                int16x4x2_t halves = {{vmovn_s32(w.first), vmovn_s32(second)}};
                vst2_s16(to->halves[4 * h], halves);
            }
        }
    for (int64_t g = 0; g < count; g += groups_of(type)) UNROLL for (int h = 0; h < 4; h++) {
            unpacked_group *to = group_at(kind, out, g);
            unpacked_super *eight = (unpacked_super *)(void *)to;
            factors4 w = load_factors4(type, panel, first + g, h);
            vst1q_f32((is_k(kind) ? eight->scale : to->scale) + 4 * h, w.scale);
            vst1q_f32((is_k(kind) ? eight->min : to->min) + 4 * h, w.min);
            if (!has_minima(kind)) continue;
            int16x4_t minima[super_groups];
            load_minima4(type, panel, first + g, h, minima);
            UNROLL for (int j = 0; j < super_groups; j += 2) {
                int16x4x2_t two = {{minima[j], minima[j + 1]}};
                vst2_s16(to[j].mins[4 * h], two);
            }
        }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_DOTPROD static void unpack(int type, const void *panel, int64_t first, int64_t count,
                              void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_DOTPROD CK_INLINE codes4 unpacked_codes(const ck_kind kind, const unpacked_group *u,
                                           const int h) {
    codes4 w;
    UNROLL for (int v = 0; v < 8; v++) w.q[v] = vld1q_s8((const int8_t *)u->q + 128 * h + 16 * v);
    if (is_k(kind)) {
        int16x4x2_t halves = vld2_s16(u->halves[4 * h]);
        w.first = vmovl_s16(halves.val[0]);
        w.second = vmovl_s16(halves.val[1]);
    }
    return w;
}
CK_DOTPROD CK_INLINE void unpacked_minima(const unpacked_super *u, const int h,
                                          int16x4_t out[super_groups]) {
    UNROLL for (int j = 0; j < super_groups; j += 2) {
        int16x4x2_t two = vld2_s16(u->groups[j].mins[4 * h]);
        out[j] = two.val[0];
        out[j + 1] = two.val[1];
    }
}

CK_DOTPROD CK_INLINE void multiply_n(const ck_kind kind, const int n, const void *block,
                                     int64_t groups, const char *tile, float *c, int64_t stride,
                                     bool accumulate) {
    const int together = is_k(kind) ? super_groups : 1;
    // Eight words of weights, four columns of activations and sums: all in registers.
    for (int h = 0; h < 4; h++) {
        float32x4_t sums[neon_tile];
        for (int i = 0; i < n; i++)
            sums[i] = accumulate ? vld1q_f32(c + i * stride + 4 * h) : vdupq_n_f32(0);
        for (int64_t g = 0; g < groups; g += together) {
            const unpacked_group *u = group_at(kind, block, g);
            const unpacked_super *eight = (const unpacked_super *)(const void *)u;
            const char *x = tile_at(tile, false, n, g);
            int32x4_t s[neon_tile];
            UNROLL for (int i = 0; i < n; i++) s[i] = vdupq_n_s32(0);
            for (int j = 0; j < together; j++) {
                const int8_t *q = tile_at(x, false, n, j);
                codes4 w = unpacked_codes(kind, u + j, h);
                UNROLL for (int i = 0; i < n; i++) s[i] = add_codes(kind, &w, q + 32 * i, s[i]);
            }
            factors4 w = {vld1q_f32((is_k(kind) ? eight->scale : u->scale) + 4 * h),
                          vld1q_f32((is_k(kind) ? eight->min : u->min) + 4 * h)};
            int16x4_t minima[super_groups];
            if (has_minima(kind)) unpacked_minima(eight, h, minima);
            UNROLL for (int i = 0; i < n; i++) sums[i] =
                add_scaled(kind, s[i], &w, minima, x, n, i, sums[i]);
        }
        for (int i = 0; i < n; i++) vst1q_f32(c + i * stride + 4 * h, sums[i]);
    }
}
#define MULTIPLY(kind)                                                                             \
    switch (n) {                                                                                   \
    case 1: multiply_n(kind, 1, unpacked, groups, tile, c, stride, accumulate); break;             \
    case 2: multiply_n(kind, 2, unpacked, groups, tile, c, stride, accumulate); break;             \
    case 3: multiply_n(kind, 3, unpacked, groups, tile, c, stride, accumulate); break;             \
    default: multiply_n(kind, 4, unpacked, groups, tile, c, stride, accumulate); break;            \
    }
CK_DOTPROD static void multiply(ck_kind kind, int panels, int n, const void *unpacked,
                                int64_t groups, const void *tile, float *c, int64_t stride,
                                bool accumulate, const upcoming *next) {
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

CK_DOTPROD CK_INLINE void quantize_some(int count, const float *x, int8_t *q, float *d) {
    float32x4_t top = vdupq_n_f32(0);
    uint32x4_t finite = vdupq_n_u32(0xffffffff);
    for (int i = 0; i < count; i += 4) {
        float32x4_t size = vabsq_f32(vld1q_f32(x + i));
        finite = vandq_u32(finite, vcleq_f32(size, vdupq_n_f32(3.4028234664e38f)));
        top = vmaxq_f32(top, size);
    }
    float inverse = activation_scale(vmaxvq_f32(top), vminvq_u32(finite) != 0, d);
    for (int i = 0; i < count; i += 8) {
        int32x4_t a = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), inverse));
        int32x4_t b = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), inverse));
        int8x8_t bytes = vqmovn_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)));
        vst1_s8(q + i, inverse == 0 ? vdup_n_s8(0) : bytes);
    }
}
CK_DOTPROD void ck_panel_quantize_neon(int64_t groups, int shared, const float *x, int8_t *q,
                                       float *d, int16_t (*halves)[2]) {
    const int some = group_columns * shared;
    for (int64_t g = 0; g < groups; g += shared, d++)
        quantize_some(some, x + group_columns * g, q + group_columns * g, d);
    for (int64_t g = 0; g < groups; g++) sum_halves(q + group_columns * g, halves[g]);
}

const ck_panel_kernels ck_panels_neon = {
    neon_tile, 1, 2, false, false, ck_panel_direct_neon, unpack, multiply, ck_panel_quantize_neon};
#endif
