// Products by bf16 dot products of AVX-512: floats.h says what is added up in which order.
//
// vdpbf16ps adds two products to each of 16 sums; the odd column's first, each with one rounding,
// numbers below the normal range as zero. Two chains of six activations by two panels keep it busy:
// what is read serves two or six instructions, and half of the chains are added up in registers.
#include "floats.h"

#if CK_X86

enum { vector_tile = 6, panels_at_once = 2, direct_columns = 6 };
_Static_assert(vector_tile <= bf16_limit, "tile");
_Static_assert(direct_columns *row_step <= bf16_direct_sums, "sums");

CK_AVX512BF16 CK_INLINE __m512 dot(__m512 sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
CK_AVX512BF16 void ck_round_avx512bf16(const float *x, int64_t count, uint16_t *out) {
    for (int64_t k = 0; k < count; k += 32) {
        __mmask32 mask = columns_left(count - k);
        __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, x + k);
        __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x + k + 16);
        _mm512_mask_storeu_epi16((void *)(out + k), mask, (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
}

CK_AVX512BF16 CK_INLINE void direct_n(const int type, const int n, const char *w, int64_t row_bytes,
                                      int64_t count, const char *ahead, const uint16_t *x,
                                      float *out, bool accumulate) {
    __m512 sums[direct_columns][row_step];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int r = 0; r < row_step; r++) sums[i][r] =
        _mm512_setzero_ps();
    for (int64_t k = 0; k < count; k += 32, ahead += 64 * row_step) {
        __mmask32 mask = columns_left(count - k);
        __m512i v[direct_columns];
        UNROLL for (int i = 0; i < n; i++) v[i] =
            _mm512_loadu_si512((const void *)(x + i * block_columns + k));
        UNROLL for (int r = 0; r < row_step; r++) {
            _mm_prefetch(ahead + 64 * r, _MM_HINT_T0);
            __m512i row = load32(type, w + r * row_bytes + 2 * k, mask);
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
        __m128 sum = _mm_add_ps(_mm_add_ps(a[0], a[2]), _mm_add_ps(a[1], a[3]));
        if (accumulate) sum = _mm_add_ps(_mm_loadu_ps(out + row_step * i), sum);
        _mm_storeu_ps(out + row_step * i, sum);
    }
}
#define DIRECT(type, n)                                                                            \
    case n: direct_n(type, n, w, row_bytes, count, ahead, x, sums, accumulate); break
CK_AVX512BF16 static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                                 const char *ahead, const uint16_t *x, int64_t of, float *sums,
                                 bool accumulate) {
    (void)of;
    if (type == CK_F16) switch (n) {
            DIRECT(CK_F16, 1);
            DIRECT(CK_F16, 2);
            DIRECT(CK_F16, 3);
            DIRECT(CK_F16, 4);
            DIRECT(CK_F16, 5);
            DIRECT(CK_F16, 6);
        }
    else
        switch (n) {
            DIRECT(CK_BF16, 1);
            DIRECT(CK_BF16, 2);
            DIRECT(CK_BF16, 3);
            DIRECT(CK_BF16, 4);
            DIRECT(CK_BF16, 5);
            DIRECT(CK_BF16, 6);
        }
}

/// The chain at a place in the order of addition: the place's four bits, turned round.
CK_INLINE int chain_at(int place) {
    return (place & 1) << 3 | (place & 2) << 1 | (place & 4) >> 1 | (place & 8) >> 3;
}

/// 16 rows by 16 pairs, turned.
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
            uint32_t *even = panel + (8 * h + j) * panel_rows;
            uint32_t *odd = panel + (8 * h + 4 + j) * panel_rows;
            _mm512_storeu_si512((void *)even, _mm512_shuffle_i32x4(low, high, 0x88));
            _mm512_storeu_si512((void *)odd, _mm512_shuffle_i32x4(low, high, 0xdd));
        }
    }
}
CK_AVX512BF16 CK_INLINE void turn_type(const int type, const char *w, int64_t row_bytes,
                                       int64_t count, const char *next, uint32_t *panel) {
    for (int64_t k = 0; k < count; k += 32, panel += bf16_pairs * panel_rows) {
        __mmask32 mask = columns_left(count - k);
        __m512i a[16];
        UNROLL for (int r = 0; r < 16; r++) {
            _mm_prefetch(next + r * row_bytes + 2 * k, _MM_HINT_T1);
            a[r] = load32(type, w + r * row_bytes + 2 * k, mask);
        }
        turn16(a, panel);
    }
}
CK_AVX512BF16 void ck_turn_avx512bf16(int type, const char *w, int64_t row_bytes, int64_t count,
                                      const char *next, uint32_t *panel) {
    if (type == CK_F16)
        turn_type(CK_F16, w, row_bytes, count, next, panel);
    else
        turn_type(CK_BF16, w, row_bytes, count, next, panel);
}

CK_AVX512BF16 void ck_interleave_avx512bf16(const float *w, int64_t stride, int64_t rows,
                                            int64_t count, uint32_t *panel) {
    __mmask16 mask = (__mmask16)((1u << rows) - 1);
    // Numbers i and 16 + i side by side.
    __m512i order = _mm512_set1_epi32(16 << 16);
    order = _mm512_add_epi32(order, _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8,
                                                                         9, 10, 11, 12, 13, 14, 15),
                                                       _mm512_set1_epi32(1 << 16 | 1)));
    for (int64_t k = 0; k < (count + 31) / 32 * 32; k += 2, w += 2 * stride, panel += panel_rows) {
        __m512 even = _mm512_maskz_loadu_ps(k < count ? mask : 0, w);
        __m512 odd = _mm512_maskz_loadu_ps(k + 1 < count ? mask : 0, w + stride);
        __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
        _mm512_storeu_si512((void *)panel, _mm512_permutexvar_epi16(order, both));
    }
}

typedef struct {
    __m512 of[panels_at_once][vector_tile];
} sums16;
#define EACH(statement)                                                                            \
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) statement

/// Two chains of some panels' rows and n activations, added up.
CK_AVX512BF16 CK_INLINE sums16 add_chains(const int panels, const int n, const uint32_t *w,
                                          int64_t steps_here, const char *x) {
    sums16 sums[2];
    UNROLL for (int h = 0; h < 2; h++) EACH(sums[h].of[p][i] = _mm512_setzero_ps());
    for (; steps_here > 0; steps_here--, w += bf16_pairs * panel_rows, x += 64) {
        UNROLL for (int h = 0; h < 2; h++) {
            __m512i rows[panels_at_once];
            UNROLL for (int p = 0; p < panels; p++) rows[p] = _mm512_loadu_si512(
                (const void *)(w + h * bf16_pairs / 2 * panel_rows + p * bf16_turned_size));
            UNROLL for (int i = 0; i < n; i++) {
                int pair;
                memcpy(&pair, x + 2 * h * bf16_pairs + 2 * block_columns * i, 4);
                __m512i v = _mm512_set1_epi32(pair);
                UNROLL for (int p = 0; p < panels; p++) sums[h].of[p][i] =
                    dot(sums[h].of[p][i], rows[p], v);
            }
        }
    }
    EACH(sums[0].of[p][i] = _mm512_add_ps(sums[0].of[p][i], sums[1].of[p][i]));
    return sums[0];
}

CK_AVX512BF16 CK_INLINE void multiply_n(const int panels, const int n, const uint32_t *panel,
                                        int64_t count, const uint16_t *x, float *c, int64_t stride,
                                        bool accumulate) {
    enum { levels = 3 };
    sums16 waiting[levels], sums;
    for (int pair = 0; pair < 1 << levels; pair++) {
        int chain = chain_at(2 * pair);
        sums = add_chains(panels, n, panel + chain * panel_rows, (count + 31) / 32,
                          (const char *)x + 4 * chain);
        // As a binary counter carries: what waits at a level is added when its partner is there.
        int level = 0;
        for (; pair >> level & 1; level++)
            EACH(sums.of[p][i] = _mm512_add_ps(waiting[level].of[p][i], sums.of[p][i]));
        if (level < levels) EACH(waiting[level].of[p][i] = sums.of[p][i]);
    }
    if (accumulate)
        EACH(sums.of[p][i] =
                 _mm512_add_ps(_mm512_loadu_ps(c + i * stride + p * panel_rows), sums.of[p][i]));
    EACH(_mm512_storeu_ps(c + i * stride + p * panel_rows, sums.of[p][i]));
}
#undef EACH
#define MULTIPLY(n)                                                                                \
    case n: multiply_n(1, n, panel, count, x, c, stride, accumulate); break;                       \
    case n + 16: multiply_n(2, n, panel, count, x, c, stride, accumulate); break
CK_AVX512BF16 static void multiply(int panels, int n, const uint32_t *panel, int64_t count,
                                   const uint16_t *x, float *c, int64_t stride, bool accumulate) {
    switch (16 * (panels - 1) + n) {
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
        MULTIPLY(4);
        MULTIPLY(5);
        MULTIPLY(6);
    }
}

const ck_bf16_kernels ck_bf16_avx512bf16 = {
    .tile = vector_tile,
    .columns_together = block_columns,
    .round = ck_round_avx512bf16,
    .direct_limit = direct_limit,
    .direct_tile = direct_columns,
    .direct_rows = row_step,
    .direct = direct,
    .turn = ck_turn_avx512bf16,
    .interleave = ck_interleave_avx512bf16,
    .multiply = multiply,
};
#endif
