// Products of weights in floating point for NEON: the sums of the other variants, to the bit.
#include "floats.h"

#if CK_NEON

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
/// One block of two rows.
CK_DOTPROD CK_INLINE void direct_block(const int type, const int n, const char *w,
                                       int64_t row_bytes, int64_t count, const float *x,
                                       int64_t x_stride, float sums[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    float32x4_t low[2][direct_tile], high[2][direct_tile];
    UNROLL for (int r = 0; r < 2; r++) UNROLL for (int i = 0; i < n; i++) low[r][i] = high[r][i] =
        vdupq_n_f32(0);
    for (int64_t k = 0; k < count; k += lanes) {
        char stored[2][32] = {0};
        float rest[lanes] = {0};
        bool is_whole = k + lanes <= count;
        float32x4x2_t row[2];
        UNROLL for (int r = 0; r < 2; r++) {
            const char *at = w + r * row_bytes + size * k;
            if (!is_whole) {
                memcpy(stored[r], at, (size_t)(count - k) * (size_t)size);
                at = stored[r];
            }
            row[r] = load8(type, at);
        }
        UNROLL for (int i = 0; i < n; i++) {
            const float *v = x + i * x_stride + k;
            if (!is_whole) {
                memcpy(rest, v, 4 * (size_t)(count - k));
                v = rest;
            }
            float32x4_t first = vld1q_f32(v), second = vld1q_f32(v + 4);
            UNROLL for (int r = 0; r < 2; r++) {
                low[r][i] = vfmaq_f32(low[r][i], row[r].val[0], first);
                high[r][i] = vfmaq_f32(high[r][i], row[r].val[1], second);
            }
        }
    }
    UNROLL for (int r = 0; r < 2; r++) UNROLL for (int i = 0; i < n; i++) {
        float s[4];
        vst1q_f32(s, vaddq_f32(low[r][i], high[r][i]));
        sums[i][r] += (s[0] + s[1]) + (s[2] + s[3]);
    }
}
CK_DOTPROD CK_INLINE void direct_n(const int type, const int n, const char *w, int64_t row_bytes,
                                   int64_t count, const float *x, int64_t x_stride,
                                   float out[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    // Adding to -0 gives the summand, whatever its sign.
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) out[i][r] = -0.0f;
    for (int64_t k = 0; k < count; k += block_columns)
        for (int r = 0; r < row_step; r += 2)
            direct_block(type, n, w + r * row_bytes + size * k, row_bytes,
                         count - k < block_columns ? count - k : block_columns, x + k, x_stride,
                         (float(*)[row_step])(out[0] + r));
}
CK_DOTPROD CK_INLINE void direct_type(const int type, int n, const char *w, int64_t row_bytes,
                                      int64_t count, const float *x, int64_t x_stride,
                                      float sums[direct_tile][row_step]) {
    switch (n) {
    case 1: direct_n(type, 1, w, row_bytes, count, x, x_stride, sums); break;
    case 2: direct_n(type, 2, w, row_bytes, count, x, x_stride, sums); break;
    case 3: direct_n(type, 3, w, row_bytes, count, x, x_stride, sums); break;
    case 4: direct_n(type, 4, w, row_bytes, count, x, x_stride, sums); break;
    case 5: direct_n(type, 5, w, row_bytes, count, x, x_stride, sums); break;
    default: direct_n(type, 6, w, row_bytes, count, x, x_stride, sums); break;
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
enum { neon_tile = 6 };

CK_DOTPROD CK_INLINE void multiply_n(const int n, const float *panel, int64_t count, const float *x,
                                     float *c, int64_t stride, bool accumulate) {
    for (int h = 0; h < 4; h++) {
        float32x4_t pair[neon_tile], quad[neon_tile], all[neon_tile];
        for (int place = 0; place < lanes; place++) {
            const float *w = panel + place * steps * panel_rows + 4 * h;
            const float *v = x + place * steps * n;
            float32x4_t sums[neon_tile];
            UNROLL for (int i = 0; i < n; i++) sums[i] = vdupq_n_f32(0);
            for (int64_t left = (count - chain_order[place] + lanes - 1) / lanes; left > 0;
                 left--, w += panel_rows, v += n) {
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
CK_DOTPROD static void multiply(int panels, int n, const float *panel, int64_t count,
                                const float *x, float *c, int64_t stride, bool accumulate) {
    (void)panels;
    switch (n) {
    case 1: multiply_n(1, panel, count, x, c, stride, accumulate); break;
    case 2: multiply_n(2, panel, count, x, c, stride, accumulate); break;
    case 3: multiply_n(3, panel, count, x, c, stride, accumulate); break;
    case 4: multiply_n(4, panel, count, x, c, stride, accumulate); break;
    case 5: multiply_n(5, panel, count, x, c, stride, accumulate); break;
    default: multiply_n(6, panel, count, x, c, stride, accumulate); break;
    }
}

const ck_float_kernels ck_floats_neon = {neon_tile, 1, direct, ck_turn_scalar, multiply};
#endif
