#pragma once
// What the panel kernels of NEON have in common: a group of 4 rows as signed bytes.
#include "packed.h"

#if CK_NEON

/// One group of 4 rows in registers; codes without their offset. A vector of codes has a word of
/// each row or, when `zipped`, two words of each of two rows: q[2 p + s] columns 8 p ... 8 p + 7 of
/// rows 2 s and 2 s + 1.
typedef struct {
    int8x16_t q[8];
    float32x4_t scale, min;
    int32x4_t first, second;
} rows4;

CK_DOTPROD CK_INLINE float32x4_t halfs4(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
/// Four bytes as numbers.
CK_DOTPROD CK_INLINE float32x4_t bytes4(const uint8_t *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
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
CK_DOTPROD CK_INLINE void scales_of_k4(const uint16_t *d, const uint16_t *m, const uint8_t *scale,
                                       const uint8_t *min, rows4 *out) {
    out->scale = vmulq_f32(halfs4(d), bytes4(scale));
    out->min = vsubq_f32(vdupq_n_f32(0), vmulq_f32(halfs4(m), bytes4(min)));
}

/// Rows 4 h ... 4 h + 3 of group g of a panel.
CK_DOTPROD CK_INLINE void load4(const int type, const void *panel, int64_t g, const int h,
                                const bool zipped, rows4 *out) {
    const int64_t j = g & 7;
    const int r = 4 * h;
    uint8x16_t q[8];
    int offset = 0;
    if (type == CK_Q4_0) {
        const panel_q4_0 *p = (const panel_q4_0 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        out->scale = halfs4(p->d + r);
        offset = 8;
    } else if (type == CK_Q4_1) {
        const panel_q4_1 *p = (const panel_q4_1 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        out->scale = halfs4(p->d + r);
        out->min = halfs4(p->m + r);
    } else if (type == CK_Q5_0) {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        fifth_bits4(p->high + r, zipped, q);
        out->scale = halfs4(p->d + r);
        offset = 16;
    } else if (type == CK_Q5_1) {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles4(p->q + 16 * h, zipped, q);
        fifth_bits4(p->high + r, zipped, q);
        out->scale = halfs4(p->d + r);
        out->min = halfs4(p->m + r);
    } else if (type == CK_Q8_0) {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        words4((const uint8_t *)p->q + 16 * h, 8, zipped, q);
        out->scale = halfs4(p->d + r);
    } else if (type == CK_Q4_K) {
        const panel_q4_k *p = (const panel_q4_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        scales_of_k4(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        fifth_bits4(p->high[j] + r, zipped, q);
        scales_of_k4(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
    } else {
        const panel_q6_k *p = (const panel_q6_k *)panel + (g >> 3);
        nibbles4(p->q[j] + 16 * h, zipped, q);
        UNROLL for (int half = 0; half < 2; half++)
            high_bits4(p->high[j][half] + r, 4 * half, 4, 2, 0x30, zipped, q);
        out->first = signed_bytes4(p->scale[j][0] + r);
        out->second = signed_bytes4(p->scale[j][1] + r);
        out->scale = halfs4(p->d + r);
        offset = 32;
    }
    UNROLL for (int w = 0; w < 8; w++) out->q[w] =
        vsubq_s8(vreinterpretq_s8_u8(q[w]), vdupq_n_s8((int8_t)offset));
}

/// Kernels that are no faster with products of matrices: of one column, and without weights.
void ck_panel_direct_neon(int type, int n, const void *panel, int64_t groups, const void *tile,
                          float *c);
void ck_panel_quantize_neon(int64_t groups, const float *x, int8_t *q, float *d,
                            int16_t (*halves)[2]);
#endif
