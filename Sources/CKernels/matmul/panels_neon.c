// Panel kernels for NEON with dot products: 4 rows a vector, 4 vectors side by side.
//
// sdot multiplies four signed bytes of each lane with four of one lane of the activations, so a
// vector of activations serves four words. Codes are made signed by taking their offset away,
// which leaves no correction; those with a minimum have none. All sums are exact, and equal the
// scalar kernels' to the bit.
#include "panels_neon.h"

#if CK_NEON

/// The integer sums of one group of 4 rows with one column of activations.
CK_DOTPROD CK_INLINE int32x4_t group_sum(const ck_kind kind, const rows4 *w, const int8_t *x) {
    int8x16_t low = vld1q_s8(x), high = vld1q_s8(x + 16);
    int32x4_t a = vdupq_n_s32(0), b = a;
    a = vdotq_laneq_s32(a, w->q[0], low, 0);
    a = vdotq_laneq_s32(a, w->q[1], low, 1);
    a = vdotq_laneq_s32(a, w->q[2], low, 2);
    a = vdotq_laneq_s32(a, w->q[3], low, 3);
    b = vdotq_laneq_s32(b, w->q[4], high, 0);
    b = vdotq_laneq_s32(b, w->q[5], high, 1);
    b = vdotq_laneq_s32(b, w->q[6], high, 2);
    b = vdotq_laneq_s32(b, w->q[7], high, 3);
    if (kind == kind_halves) return vmlaq_s32(vmulq_s32(a, w->first), b, w->second);
    return vaddq_s32(a, b);
}

/// c + the product of one group with column i of n.
CK_DOTPROD CK_INLINE float32x4_t add_group(const ck_kind kind, const rows4 *w, const char *tile,
                                           const int n, const int i, float32x4_t c) {
    const float *d = (const float *)(const void *)(tile + 32 * n), *sum = d + n;
    float32x4_t s = vcvtq_f32_s32(group_sum(kind, w, (const int8_t *)tile + 32 * i));
    c = vfmaq_n_f32(c, vmulq_f32(s, w->scale), d[i]);
    return has_minimum(kind) ? vfmaq_n_f32(c, w->min, sum[i]) : c;
}

enum { neon_tile = 4 };

CK_DOTPROD CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                   const char *tile, float *c) {
    float32x4_t sums[neon_tile][4];
    for (int i = 0; i < n; i++)
        for (int h = 0; h < 4; h++) sums[i][h] = vdupq_n_f32(0);
    for (int64_t g = 0; g < groups; g++, tile += n * (32 + tail_bytes))
        UNROLL for (int h = 0; h < 4; h++) {
            rows4 w;
            load4(type, panel, g, h, false, &w);
            UNROLL for (int i = 0; i < n; i++) sums[i][h] =
                add_group(kind_of(type), &w, tile, n, i, sums[i][h]);
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

/// [part of 4 rows][word]: the codes of a row part stand together.
CK_DOTPROD CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                   unpacked_group *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = 0; g < count; g++) UNROLL for (int h = 0; h < 4; h++) {
            rows4 w;
            load4(type, panel, first + g, h, false, &w);
            for (int v = 0; v < 8; v++) vst1q_s8((int8_t *)out[g].q + 128 * h + 16 * v, w.q[v]);
            vst1q_f32(out[g].scale + 4 * h, w.scale);
            if (has_minimum(kind)) vst1q_f32(out[g].min + 4 * h, w.min);
            if (kind == kind_halves) {
                int16x4x2_t halves = {{vmovn_s32(w.first), vmovn_s32(w.second)}};
                vst2_s16(out[g].halves[4 * h], halves);
            }
        }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_DOTPROD static void unpack(int type, const void *panel, int64_t first, int64_t count,
                              void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_DOTPROD CK_INLINE void multiply_n(const ck_kind kind, const int n, const unpacked_group *u,
                                     int64_t groups, const char *tile, float *c, int64_t stride,
                                     bool accumulate) {
    // Eight words of weights, four columns of activations and sums: all in registers.
    for (int h = 0; h < 4; h++) {
        float32x4_t sums[neon_tile];
        for (int i = 0; i < n; i++)
            sums[i] = accumulate ? vld1q_f32(c + i * stride + 4 * h) : vdupq_n_f32(0);
        const char *x = tile;
        for (int64_t g = 0; g < groups; g++, x += n * (32 + tail_bytes)) {
            rows4 w;
            UNROLL for (int v = 0; v < 8; v++) w.q[v] =
                vld1q_s8((const int8_t *)u[g].q + 128 * h + 16 * v);
            w.scale = vld1q_f32(u[g].scale + 4 * h);
            if (has_minimum(kind)) w.min = vld1q_f32(u[g].min + 4 * h);
            if (kind == kind_halves) {
                int16x4x2_t halves = vld2_s16(u[g].halves[4 * h]);
                w.first = vmovl_s16(halves.val[0]);
                w.second = vmovl_s16(halves.val[1]);
            }
            UNROLL for (int i = 0; i < n; i++) sums[i] = add_group(kind, &w, x, n, i, sums[i]);
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
    else if (kind == kind_halves)
        MULTIPLY(kind_halves)
    else
        MULTIPLY(kind_s8)
}

CK_DOTPROD CK_INLINE void quantize_group(const float *x, int8_t *q, float *d) {
    float32x4_t top = vdupq_n_f32(0);
    uint32x4_t finite = vdupq_n_u32(0xffffffff);
    for (int i = 0; i < 32; i += 4) {
        float32x4_t size = vabsq_f32(vld1q_f32(x + i));
        finite = vandq_u32(finite, vcleq_f32(size, vdupq_n_f32(3.4028234664e38f)));
        top = vmaxq_f32(top, size);
    }
    float inverse = activation_scale(vmaxvq_f32(top), vminvq_u32(finite) != 0, d);
    for (int i = 0; i < 32; i += 8) {
        int32x4_t a = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), inverse));
        int32x4_t b = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), inverse));
        int8x8_t bytes = vqmovn_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)));
        vst1_s8(q + i, inverse == 0 ? vdup_n_s8(0) : bytes);
    }
}
CK_DOTPROD void ck_panel_quantize_neon(int64_t groups, const float *x, int8_t *q, float *d,
                                       int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g++) {
        quantize_group(x + 32 * g, q + 32 * g, d + g);
        sum_halves(q + 32 * g, halves[g]);
    }
}

const ck_panel_kernels ck_panels_neon = {
    neon_tile, 1, 2, false, false, ck_panel_direct_neon, unpack, multiply, ck_panel_quantize_neon};
#endif
