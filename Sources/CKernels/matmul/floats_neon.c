// Products of weights in floating point for NEON: the sums of the other variants, to the bit.
#include "floats.h"

#if CK_NEON

#define UNROLL _Pragma("GCC unroll 8")

/// Elements k ... k + 7 of a row.
CK_DOTPROD CK_INLINE float32x4x2_t load8(const int type, const char *p) {
    if (type == CK_F32) {
        const float *f = (const float *)(const void *)p;
        return (float32x4x2_t){{vld1q_f32(f), vld1q_f32(f + 4)}};
    }
    uint16x8_t v = vld1q_u16((const uint16_t *)(const void *)p);
    uint16x4_t low = vget_low_u16(v), high = vget_high_u16(v);
    if (type == CK_F16)
        return (float32x4x2_t){
            {vcvt_f32_f16(vreinterpret_f16_u16(low)), vcvt_f32_f16(vreinterpret_f16_u16(high))}};
    return (float32x4x2_t){{vreinterpretq_f32_u32(vshll_n_u16(low, 16)),
                            vreinterpretq_f32_u32(vshll_n_u16(high, 16))}};
}
CK_DOTPROD CK_INLINE void direct_type(const int type, int n, const char *w, int64_t row_bytes,
                                      int64_t count, const float *x, int64_t x_stride,
                                      float out[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) {
            const char *row = w + r * row_bytes;
            const float *v = x + i * x_stride;
            float32x4_t a = vdupq_n_f32(0), b = a;
            int64_t k = 0;
            for (; k + lanes <= count; k += lanes) {
                float32x4x2_t y = load8(type, row + size * k);
                a = vfmaq_f32(a, y.val[0], vld1q_f32(v + k));
                b = vfmaq_f32(b, y.val[1], vld1q_f32(v + k + 4));
            }
            if (k < count) {
                char stored[32] = {0};
                float rest[lanes] = {0};
                memcpy(stored, row + size * k, (size_t)(count - k) * (size_t)size);
                memcpy(rest, v + k, 4 * (size_t)(count - k));
                float32x4x2_t y = load8(type, stored);
                a = vfmaq_f32(a, y.val[0], vld1q_f32(rest));
                b = vfmaq_f32(b, y.val[1], vld1q_f32(rest + 4));
            }
            float s[4];
            vst1q_f32(s, vaddq_f32(a, b));
            out[i][r] = (s[0] + s[1]) + (s[2] + s[3]);
        }
}
CK_DOTPROD static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                              const float *x, int64_t x_stride, float sums[direct_tile][row_step]) {
    switch (type) {
    case CK_F32: direct_type(CK_F32, n, w, row_bytes, count, x, x_stride, sums); break;
    case CK_F16: direct_type(CK_F16, n, w, row_bytes, count, x, x_stride, sums); break;
    default: direct_type(CK_BF16, n, w, row_bytes, count, x, x_stride, sums); break;
    }
}

/// 4 rows of 16 at a time, so that sums of pairs of chains stay in registers.
CK_DOTPROD CK_INLINE void multiply_n(const int n, const float *panel, int64_t count, const float *x,
                                     float *c, int64_t stride, bool accumulate) {
    for (int h = 0; h < 4; h++) {
        float32x4_t pair[turned_tile], quad[turned_tile], all[turned_tile];
        for (int place = 0; place < lanes; place++) {
            const float *w = panel + place * steps * block_rows + 4 * h;
            const float *v = x + place * steps * n;
            float32x4_t sums[turned_tile];
            UNROLL for (int i = 0; i < n; i++) sums[i] = vdupq_n_f32(0);
            for (int64_t left = (count - chain_order[place] + lanes - 1) / lanes; left > 0;
                 left--, w += block_rows, v += n) {
                float32x4_t row = vld1q_f32(w);
                UNROLL for (int i = 0; i < n; i++) sums[i] = vfmaq_n_f32(sums[i], row, v[i]);
            }
            for (int i = 0; i < n; i++) {
                if (place % 2 == 0)
                    pair[i] = sums[i];
                else if (place % 4 == 1)
                    quad[i] = vaddq_f32(pair[i], sums[i]);
                else {
                    quad[i] = vaddq_f32(quad[i], vaddq_f32(pair[i], sums[i]));
                    all[i] = place == 3 ? quad[i] : vaddq_f32(all[i], quad[i]);
                }
            }
        }
        for (int i = 0; i < n; i++) {
            float *at = c + i * stride + 4 * h;
            vst1q_f32(at, accumulate ? vaddq_f32(vld1q_f32(at), all[i]) : all[i]);
        }
    }
}
CK_DOTPROD static void multiply(int n, const float *panel, int64_t count, const float *x, float *c,
                                int64_t stride, bool accumulate) {
    switch (n) {
    case 1: multiply_n(1, panel, count, x, c, stride, accumulate); break;
    case 2: multiply_n(2, panel, count, x, c, stride, accumulate); break;
    case 3: multiply_n(3, panel, count, x, c, stride, accumulate); break;
    case 4: multiply_n(4, panel, count, x, c, stride, accumulate); break;
    case 5: multiply_n(5, panel, count, x, c, stride, accumulate); break;
    default: multiply_n(6, panel, count, x, c, stride, accumulate); break;
    }
}

const ck_float_kernels ck_floats_neon = {direct, ck_turn_scalar, multiply};
#endif
