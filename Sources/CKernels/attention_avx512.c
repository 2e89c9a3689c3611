// Attention over one block of positions for AVX-512: attention.c says what is computed. A group of
// 16 positions, or of 16 elements of a value, is one vector; strips are twice as high.
#include "attention_tile.h"
#include <math.h>

#if CK_X86

enum { strip_rows = 12 };

CK_AVX512 CK_INLINE __m512 load16(const void *source, int64_t index, const bool half) {
    if (half)
        return _mm512_cvtph_ps(
            _mm256_loadu_si256((const __m256i *)(const void *)((const uint16_t *)source + index)));
    return _mm512_loadu_ps((const float *)source + index);
}

/// out[r, 16 p + i] = sum over k < depth of a[r, k] * b[p, k, i], which `more` adds to what is
/// there; at most 24 vectors of sums.
CK_AVX512 CK_INLINE void strip(const int rows, const int panels, const bool half, bool more,
                               int64_t depth, const float *a, int64_t a_stride, const void *b,
                               int64_t b_stride, int64_t panel_stride, float *out,
                               int64_t out_stride) {
    __m512 sums[strip_rows][4];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++) sums[r][p] =
        more ? _mm512_loadu_ps(out + r * out_stride + 16 * p) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++) {
        __m512 columns[4];
        UNROLL for (int p = 0; p < panels; p++) columns[p] =
            load16(b, p * panel_stride + k * b_stride, half);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512 x = _mm512_set1_ps(a[r * a_stride + k]);
            UNROLL for (int p = 0; p < panels; p++) sums[r][p] =
                _mm512_fmadd_ps(x, columns[p], sums[r][p]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++)
        _mm512_storeu_ps(out + r * out_stride + 16 * p, sums[r][p]);
}

/// `strip` with its numbers of rows and panels known when compiled.
CK_AVX512 CK_INLINE void any_strip(int rows, int panels, const bool half, bool more, int64_t depth,
                                   const float *a, int64_t a_stride, const void *b,
                                   int64_t b_stride, int64_t panel_stride, float *out,
                                   int64_t out_stride) {
#define CK_STRIP(r, p)                                                                             \
    case 16 * p + r:                                                                               \
        strip(r, p, half, more, depth, a, a_stride, b, b_stride, panel_stride, out, out_stride);   \
        break;
    switch (16 * panels + rows) {
        CK_STRIP(1, 4)
        CK_STRIP(2, 4)
        CK_STRIP(3, 4)
        CK_STRIP(4, 4)
        CK_STRIP(5, 4)
        CK_STRIP(6, 4)
        CK_STRIP(1, 2)
        CK_STRIP(2, 2)
        CK_STRIP(3, 2)
        CK_STRIP(4, 2)
        CK_STRIP(5, 2)
        CK_STRIP(6, 2)
        CK_STRIP(7, 2)
        CK_STRIP(8, 2)
        CK_STRIP(9, 2)
        CK_STRIP(10, 2)
        CK_STRIP(11, 2)
        CK_STRIP(12, 2)
        CK_STRIP(1, 1)
        CK_STRIP(2, 1)
        CK_STRIP(3, 1)
        CK_STRIP(4, 1)
        CK_STRIP(5, 1)
        CK_STRIP(6, 1)
        CK_STRIP(7, 1)
        CK_STRIP(8, 1)
        CK_STRIP(9, 1)
        CK_STRIP(10, 1)
        CK_STRIP(11, 1)
        CK_STRIP(12, 1)
    }
#undef CK_STRIP
}

CK_STRIPS(CK_AVX512)

/// `exp2_of` of attention.c; elements that `visible` lacks are zero.
CK_AVX512 CK_INLINE __m512 exp2_16(__m512 x, __mmask16 visible) {
    visible &= ~_mm512_cmp_ps_mask(x, _mm512_set1_ps(ck_smallest_exponent), _CMP_LT_OQ);
    __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 rest = _mm512_sub_ps(x, whole), p = _mm512_set1_ps(ck_exp2_coefficients[0]);
    UNROLL for (int i = 1; i < 6; i++) p =
        _mm512_fmadd_ps(p, rest, _mm512_set1_ps(ck_exp2_coefficients[i]));
    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(1));
    return _mm512_maskz_scalef_ps(visible, p, whole);
}

CK_AVX512 CK_INLINE __mmask16 first_of_16(int64_t count) {
    return count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1);
}

CK_AVX512 static void weigh(int64_t count, int64_t seen, float *scores, float *largest,
                            float *sum) {
    __m512 tops = _mm512_set1_ps(-INFINITY);
    for (int64_t s = 0; s < seen; s += 16)
        tops = _mm512_mask_max_ps(tops, first_of_16(seen - s), _mm512_loadu_ps(scores + s), tops);
    float top = _mm512_reduce_max_ps(tops);
    // Eight sums in turn, as all variants have them.
    __m256 sums = _mm256_setzero_ps();
    for (int64_t s = 0; s < count; s += 16) {
        __m512 x = _mm512_sub_ps(_mm512_loadu_ps(scores + s), _mm512_set1_ps(top));
        x = exp2_16(x, s < seen ? first_of_16(seen - s) : 0);
        _mm512_storeu_ps(scores + s, x);
        sums = _mm256_add_ps(sums, _mm512_castps512_ps256(x));
        sums = _mm256_add_ps(sums, _mm512_extractf32x8_ps(x, 1));
    }
    *largest = top;
    *sum = ck_sum8(sums);
}

static void attend(const ck_attention_block *b) {
    for (int64_t first = 0; first < b->rows; first += tile) {
        int64_t count = b->rows - first < tile ? b->rows - first : tile;
        ck_strips strips = {strip_rows, count <= 6 ? 4 : 2, b->half ? strip_half : strip_single,
                            weigh};
        attend_tile(b, first, count, strips);
    }
}

const ck_attention_kernels ck_attention_avx512 = {attend, ck_attention_merge_avx2};
#endif
