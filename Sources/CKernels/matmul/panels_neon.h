#pragma once
// What the panel kernels of NEON have in common: 4 rows of a group as signed bytes, and what
// multiplies their sums.
#include "packed.h"
#include <stddef.h>

#if CK_NEON

/// The codes of one group of 4 rows in registers, without their offset. A vector has a word of each
/// row or, when `zipped`, two words of each of two rows: q[2 p + s] columns 8 p ... 8 p + 7 of rows
/// 2 s and 2 s + 1. Of the k kinds the integer scales of both halves; k4 and k5 have but the first.
typedef struct {
    int8x16_t q[8];
    int32x4_t first, second;
} codes4;
/// What multiplies the sums of 4 rows: of one group, or of eight of a k kind.
typedef struct {
    float32x4_t scale, min;
} factors4;

CK_DOTPROD CK_INLINE float32x4_t halfs4(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
/// Four bytes as numbers.
CK_DOTPROD CK_INLINE int16x4_t bytes4(const uint8_t *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
}
CK_DOTPROD CK_INLINE int32x4_t signed_bytes4(const int8_t *p) {
    int32_t four;
    memcpy(&four, p, 4);
    int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
    return vmovl_s16(vget_low_s16(wide));
}
/// `count` words of 4 rows, 64 bytes apart.
CK_DOTPROD CK_INLINE void words4(const uint8_t *q, const int count, const bool zipped,
                                 uint8x16_t *out) {
    UNROLL for (int w = 0; w < count; w++) out[w] = vld1q_u8(q + 64 * w);
    if (!zipped) return;
    UNROLL for (int w = 0; w < count; w += 2) {
        uint32x4_t even = vreinterpretq_u32_u8(out[w]), odd = vreinterpretq_u32_u8(out[w + 1]);
        out[w] = vreinterpretq_u8_u32(vzip1q_u32(even, odd));
        out[w + 1] = vreinterpretq_u8_u32(vzip2q_u32(even, odd));
    }
}
CK_DOTPROD CK_INLINE void nibbles4(const uint8_t *q, const bool zipped, uint8x16_t *out) {
    words4(q, 4, zipped, out);
    UNROLL for (int w = 0; w < 4; w++) {
        out[w + 4] = vshrq_n_u8(out[w], 4);
        out[w] = vandq_u8(out[w], vdupq_n_u8(15));
    }
}
/// Puts higher bits on vectors first ... first + count - 1 of codes: those of word w are `bits`
/// shifted left by 4 - step * (w - first), or right where that is less than zero.
CK_DOTPROD CK_INLINE void high_bits4(const uint32_t *high, const int first, const int count,
                                     const int step, const int bits, const bool zipped,
                                     uint8x16_t *out) {
    const uint32x4_t v = vld1q_u32(high), halves[2] = {vzip1q_u32(v, v), vzip2q_u32(v, v)};
    UNROLL for (int i = 0; i < count; i++) {
        const int even = zipped ? i & ~1 : i, odd = zipped ? i | 1 : i;
        const int8x8_t shift = vreinterpret_s8_s32(
            vzip1_s32(vreinterpret_s32_s8(vdup_n_s8((int8_t)(4 - step * even))),
                      vreinterpret_s32_s8(vdup_n_s8((int8_t)(4 - step * odd)))));
        uint8x16_t moved =
            vshlq_u8(vreinterpretq_u8_u32(zipped ? halves[i & 1] : v), vcombine_s8(shift, shift));
        out[first + i] = vorrq_u8(out[first + i], vandq_u8(moved, vdupq_n_u8((uint8_t)bits)));
    }
}
CK_DOTPROD CK_INLINE void fifth_bits4(const uint32_t *high, const bool zipped, uint8x16_t *out) {
    high_bits4(high, 0, 8, 1, 0x10, zipped, out);
}

/// Rows 4 h ... 4 h + 3 of group g of a panel.
CK_DOTPROD CK_INLINE void load_codes4(const int type, const void *panel, int64_t g, const int h,
                                      const bool zipped, codes4 *out) {
    const int64_t j = g & 7;
    const int r = 4 * h;
    uint8x16_t q[8];
    int offset = 0;
    if (type == CK_Q4_0) {
        nibbles4(((const panel_q4_0 *)panel)[g].q + 16 * h, zipped, q);
        offset = 8;
    } else if (type == CK_Q4_1) {
        nibbles4(((const panel_q4_1 *)panel)[g].q + 16 * h, zipped, q);
    } else if (type == CK_Q5_0) {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        fifth_bits4(p->high + r, zipped, q);
        offset = 16;
    } else if (type == CK_Q5_1) {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        fifth_bits4(p->high + r, zipped, q);
    } else if (type == CK_Q8_0) {
        words4((const uint8_t *)((const panel_q8_0 *)panel)[g].q + 16 * h, 8, zipped, q);
    } else if (type == CK_Q4_K) {
        const panel_q4_k *p = (const panel_q4_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        out->first = vmovl_s16(bytes4(p->scale[j] + r));
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        fifth_bits4(p->high[j] + r, zipped, q);
        out->first = vmovl_s16(bytes4(p->scale[j] + r));
    } else {
        const panel_q6_k *p = (const panel_q6_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        UNROLL for (int half = 0; half < 2; half++)
            high_bits4(p->high[j][half] + r, 4 * half, 4, 2, 0x30, zipped, q);
        out->first = signed_bytes4(p->scale[j][0] + r);
        out->second = signed_bytes4(p->scale[j][1] + r);
        offset = 32;
    }
    UNROLL for (int w = 0; w < 8; w++) out->q[w] =
        vsubq_s8(vreinterpretq_s8_u8(q[w]), vdupq_n_s8((int8_t)offset));
}

/// The struct that group g of a panel is in, or begins.
CK_INLINE const void *struct_of(const int type, const void *panel, int64_t g) {
    return (const char *)panel + panel_bytes_of(type) * (g / groups_of(type));
}
/// Of rows 4 h ... 4 h + 3; each struct begins with d, and m where there is one.
CK_DOTPROD CK_INLINE factors4 load_factors4(const int type, const void *panel, int64_t g,
                                            const int h) {
    const uint16_t *d = (const uint16_t *)struct_of(type, panel, g) + 4 * h;
    factors4 out = {halfs4(d), vdupq_n_f32(0)};
    if (has_minimum(kind_of(type))) out.min = halfs4(d + panel_rows);
    if (has_minima(kind_of(type))) out.min = vsubq_f32(out.min, halfs4(d + panel_rows));
    return out;
}
_Static_assert(offsetof(panel_q4_k, min) == offsetof(panel_q5_k, min), "minima stand alike");
/// The minima of rows 4 h ... 4 h + 3 of the eight groups that g begins.
CK_DOTPROD CK_INLINE void load_minima4(const int type, const void *panel, int64_t g, const int h,
                                       int16x4_t out[super_groups]) {
    const panel_q4_k *p = struct_of(type, panel, g);
    UNROLL for (int j = 0; j < super_groups; j++) out[j] = bytes4(p->min[j] + 4 * h);
}

/// Column i's sums of the group that a tile of n begins with, and of the next one's (k kinds).
CK_INLINE const int32_t *sum_pair(const char *tile, const int n, const int i) {
    return (const int32_t *)(const void *)(tile + 36 * n) + i;
}

/// Kernels that are no faster with products of matrices: of one column, and without weights.
void ck_panel_direct_neon(int type, int n, const void *panel, int64_t groups, const void *tile,
                          float *c);
void ck_panel_quantize_neon(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                            int16_t (*halves)[2]);
#endif
