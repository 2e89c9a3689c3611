// Products by bf16 dot products of AVX-512: floats.h says what is added up in which order.
//
// vdpbf16ps adds two products to each of 16 sums; the odd column's first, each with one rounding,
// numbers below the normal range as zero. Twelve columns of activations keep it busy, each pair
// broadcast from memory by the instruction itself.
#include "floats.h"

#if CK_X86

CK_AVX512BF16 CK_INLINE __m512 dot(__m512 sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
/// 32 numbers as bf16, from f16 or bf16; those whose bit of `mask` is clear are zero.
CK_AVX512BF16 CK_INLINE __m512i load32(const int type, const char *p, __mmask32 mask) {
    __m512i v = _mm512_maskz_loadu_epi16(mask, (const void *)p);
    if (type == CK_BF16) return v;
    __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(v));
    __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(v, 1));
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}
CK_INLINE __mmask32 columns_left(int64_t count) {
    return count >= 32 ? 0xffffffffu : (1u << count) - 1;
}

CK_AVX512BF16 static void round_to_bf16(const float *x, int64_t count, uint16_t *out) {
    for (int64_t k = 0; k < count; k += 32) {
        __mmask32 mask = columns_left(count - k);
        __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, x + k);
        __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x + k + 16);
        _mm512_mask_storeu_epi16((void *)(out + k), mask, (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
}

CK_AVX512BF16 CK_INLINE void direct_n(const int type, const int n, const char *w, int64_t row_bytes,
                                      int64_t count, const uint16_t *x,
                                      float out[bf16_direct_tile][row_step]) {
    __m512 sums[bf16_direct_tile][row_step];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int r = 0; r < row_step; r++) sums[i][r] =
        _mm512_setzero_ps();
    for (int64_t k = 0; k < count; k += 32) {
        __mmask32 mask = columns_left(count - k);
        __m512i v[bf16_direct_tile];
        UNROLL for (int i = 0; i < n; i++) v[i] =
            _mm512_loadu_si512((const void *)(x + i * block_columns + k));
        UNROLL for (int r = 0; r < row_step; r++) {
            const char *at = w + r * row_bytes + 2 * k;
            // The next four rows, of which each would start the processor's read-ahead anew.
            _mm_prefetch(at + row_step * row_bytes, _MM_HINT_T0);
            __m512i row = load32(type, at, mask);
            UNROLL for (int i = 0; i < n; i++) sums[i][r] = dot(sums[i][r], row, v[i]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        __m128 a[row_step];
        UNROLL for (int r = 0; r < row_step; r++) {
            __m256 halves = _mm256_add_ps(_mm512_castps512_ps256(sums[i][r]),
                                          _mm512_extractf32x8_ps(sums[i][r], 1));
            a[r] = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1));
        }
        _MM_TRANSPOSE4_PS(a[0], a[1], a[2], a[3]);
        _mm_storeu_ps(out[i], _mm_add_ps(_mm_add_ps(a[0], a[2]), _mm_add_ps(a[1], a[3])));
    }
}
#define DIRECT(type, n)                                                                            \
    case n: direct_n(type, n, w, row_bytes, count, x, sums); break
CK_AVX512BF16 static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                                 const uint16_t *x, float sums[bf16_direct_tile][row_step]) {
    if (type == CK_F16) switch (n) {
            DIRECT(CK_F16, 1);
            DIRECT(CK_F16, 2);
            DIRECT(CK_F16, 3);
        }
    else
        switch (n) {
            DIRECT(CK_BF16, 1);
            DIRECT(CK_BF16, 2);
            DIRECT(CK_BF16, 3);
        }
}

/// The place of a chain in the order of addition: its four bits, turned round.
CK_INLINE int place_of(int chain) {
    return (chain & 1) << 3 | (chain & 2) << 1 | (chain & 4) >> 1 | (chain & 8) >> 3;
}

/// 16 rows by 16 pairs, turned: pair p of all rows goes to its chain's place.
CK_AVX512BF16 CK_INLINE void turn16(__m512i a[16], uint32_t *panel) {
    __m512i b[16];
    UNROLL for (int r = 0; r < 16; r += 2) {
        b[r] = _mm512_unpacklo_epi32(a[r], a[r + 1]);
        b[r + 1] = _mm512_unpackhi_epi32(a[r], a[r + 1]);
    }
    UNROLL for (int r = 0; r < 16; r += 4) {
        a[r] = _mm512_unpacklo_epi64(b[r], b[r + 2]);
        a[r + 1] = _mm512_unpackhi_epi64(b[r], b[r + 2]);
        a[r + 2] = _mm512_unpacklo_epi64(b[r + 1], b[r + 3]);
        a[r + 3] = _mm512_unpackhi_epi64(b[r + 1], b[r + 3]);
    }
    // Now lane l of a[4 g + j] is pair 4 l + j of rows 4 g ... 4 g + 3.
    UNROLL for (int j = 0; j < 4; j++) {
        UNROLL for (int h = 0; h < 2; h++) {
            __m512i low, high;
            if (h == 0) {
                low = _mm512_shuffle_i32x4(a[j], a[4 + j], 0x44);
                high = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0x44);
            } else {
                low = _mm512_shuffle_i32x4(a[j], a[4 + j], 0xee);
                high = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0xee);
            }
            uint32_t *even = panel + place_of(8 * h + j) * bf16_steps * block_rows;
            uint32_t *odd = panel + place_of(8 * h + 4 + j) * bf16_steps * block_rows;
            _mm512_storeu_si512((void *)even, _mm512_shuffle_i32x4(low, high, 0x88));
            _mm512_storeu_si512((void *)odd, _mm512_shuffle_i32x4(low, high, 0xdd));
        }
    }
}
CK_AVX512BF16 CK_INLINE void turn_type(const int type, const char *w, int64_t row_bytes,
                                       int64_t count, uint32_t *panel) {
    for (int64_t k = 0; k < count; k += 32, panel += block_rows) {
        __mmask32 mask = columns_left(count - k);
        __m512i a[16];
        UNROLL for (int r = 0; r < 16; r++) a[r] = load32(type, w + r * row_bytes + 2 * k, mask);
        turn16(a, panel);
    }
}
CK_AVX512BF16 static void turn(int type, const char *w, int64_t row_bytes, int64_t count,
                               uint32_t *panel) {
    if (type == CK_F16)
        turn_type(CK_F16, w, row_bytes, count, panel);
    else
        turn_type(CK_BF16, w, row_bytes, count, panel);
}

CK_AVX512BF16 CK_INLINE void multiply_n(const int n, const uint32_t *panel, int64_t count,
                                        const uint16_t *x, float *c, int64_t stride,
                                        bool accumulate) {
    int64_t pairs = (count + 31) / 32;
    __m512 waiting[4][bf16_tile], sums[bf16_tile];
    for (int place = 0; place < bf16_chains; place++) {
        const uint32_t *w = panel + place * bf16_steps * block_rows;
        const char *at = (const char *)x + 4 * place_of(place);
        UNROLL for (int i = 0; i < n; i++) sums[i] = _mm512_setzero_ps();
        for (int64_t s = 0; s < pairs; s++, w += block_rows, at += 64) {
            __m512i row = _mm512_loadu_si512((const void *)w);
            UNROLL for (int i = 0; i < n; i++) {
                int pair;
                memcpy(&pair, at + 2 * block_columns * i, 4);
                sums[i] = dot(sums[i], row, _mm512_set1_epi32(pair));
            }
        }
        // As a binary counter carries: what waits at a level is added when its partner is there.
        int level = 0;
        for (; place >> level & 1; level++)
            UNROLL for (int i = 0; i < n; i++) sums[i] = _mm512_add_ps(waiting[level][i], sums[i]);
        if (level < 4) UNROLL for (int i = 0; i < n; i++) waiting[level][i] = sums[i];
    }
    UNROLL for (int i = 0; i < n; i++) {
        float *to = c + i * stride;
        if (accumulate) sums[i] = _mm512_add_ps(_mm512_loadu_ps(to), sums[i]);
        _mm512_storeu_ps(to, sums[i]);
    }
}
#define MULTIPLY(n)                                                                                \
    case n: multiply_n(n, panel, count, x, c, stride, accumulate); break
CK_AVX512BF16 static void multiply(int n, const uint32_t *panel, int64_t count, const uint16_t *x,
                                   float *c, int64_t stride, bool accumulate) {
    switch (n) {
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
        MULTIPLY(4);
        MULTIPLY(5);
        MULTIPLY(6);
        MULTIPLY(7);
        MULTIPLY(8);
        MULTIPLY(9);
        MULTIPLY(10);
        MULTIPLY(11);
        MULTIPLY(12);
    }
}

const ck_bf16_kernels ck_bf16_avx512 = {round_to_bf16, direct, turn, multiply};
#endif
