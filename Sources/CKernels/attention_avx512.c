// Attention over one block of positions for AVX-512: attention.c says what is computed. A group of
// 16 positions, or of 16 elements of a value, is one vector; strips are twice as high.
#include "internal.h"

#if CK_X86

enum { group = CK_ATTENTION_GROUP, block = CK_ATTENTION_BLOCK };
/// Rows whose weights stay in the first-level cache, and rows of one strip at most.
enum { tile = 24, strip_rows = 12 };

static int64_t rounded_up(int64_t n) { return (n + group - 1) / group * group; }

CK_AVX512 CK_INLINE __m512 load16(const void *source, int64_t index, const bool half) {
    if (half)
        return _mm512_cvtph_ps(
            _mm256_loadu_si256((const __m256i *)(const void *)((const uint16_t *)source + index)));
    return _mm512_loadu_ps((const float *)source + index);
}

/// out[r, 16 p + i] = sum over k < depth of a[r, k] * b[p, k, i]; at most 24 vectors of sums.
CK_AVX512 CK_INLINE void strip(const int rows, const int panels, const bool half, int64_t depth,
                               const float *a, int64_t a_stride, const void *b, int64_t b_stride,
                               int64_t panel_stride, float *out, int64_t out_stride) {
    __m512 sums[strip_rows][4];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int p = 0; p < panels; p++) sums[r][p] =
        _mm512_setzero_ps();
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
CK_AVX512 CK_INLINE void any_strip(int rows, int panels, const bool half, int64_t depth,
                                   const float *a, int64_t a_stride, const void *b,
                                   int64_t b_stride, int64_t panel_stride, float *out,
                                   int64_t out_stride) {
#define CK_STRIP(r, p)                                                                             \
    case 16 * p + r:                                                                               \
        strip(r, p, half, depth, a, a_stride, b, b_stride, panel_stride, out, out_stride);         \
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

CK_AVX512 static void strip_half(int rows, int panels, int64_t depth, const float *a,
                                 int64_t a_stride, const void *b, int64_t b_stride,
                                 int64_t panel_stride, float *out, int64_t out_stride) {
    any_strip(rows, panels, true, depth, a, a_stride, b, b_stride, panel_stride, out, out_stride);
}
CK_AVX512 static void strip_single(int rows, int panels, int64_t depth, const float *a,
                                   int64_t a_stride, const void *b, int64_t b_stride,
                                   int64_t panel_stride, float *out, int64_t out_stride) {
    any_strip(rows, panels, false, depth, a, a_stride, b, b_stride, panel_stride, out, out_stride);
}

static void attend_tile(const ck_attention_block *b, int64_t first, int64_t count) {
    float scores[tile * block] __attribute__((aligned(64)));
    const float *queries = b->queries + first * b->head;
    int64_t width = ck_attention_state_width(b->head), head_panels = rounded_up(b->head) / group;
    int64_t size = b->half ? 2 : 4;
    float *states = b->states + first * width;
    // Rows in strips of equal height, of which each goes as far as its last position.
    int strips = (int)((count + strip_rows - 1) / strip_rows);
    int64_t starts[tile / strip_rows + 2], seen[tile / strip_rows + 1], most = 0;
    for (int i = 0; i <= strips; i++) starts[i] = i * count / strips;
    for (int i = 0; i < strips; i++) {
        seen[i] = 0;
        for (int64_t r = starts[i]; r < starts[i + 1]; r++)
            if (b->seen[first + r] > seen[i]) seen[i] = b->seen[first + r];
        if (seen[i] > most) most = seen[i];
    }
    int widest = count <= 6 ? 4 : 2, panels;
    for (int64_t p = 0, all = rounded_up(most) / group; p < all; p += panels) {
        for (panels = widest; panels > all - p;) panels /= 2;
        for (int i = 0; i < strips; i++)
            if (p * group < seen[i])
                (b->half ? strip_half : strip_single)(
                    (int)(starts[i + 1] - starts[i]), panels, b->head,
                    queries + starts[i] * b->head, b->head,
                    (const char *)b->keys + p * group * b->head * size, group, group * b->head,
                    scores + starts[i] * block + p * group, block);
    }
    for (int i = 0; i < strips; i++)
        for (int64_t r = starts[i]; r < starts[i + 1]; r++) {
            float *largest = states + r * width + width - group;
            ck_weigh_avx2(rounded_up(seen[i]), b->seen[first + r], scores + r * block, largest,
                          largest + 1);
        }
    for (int64_t p = 0; p < head_panels; p += panels) {
        for (panels = widest; panels > head_panels - p;) panels /= 2;
        for (int i = 0; i < strips; i++)
            (b->half ? strip_half : strip_single)(
                (int)(starts[i + 1] - starts[i]), panels, seen[i], scores + starts[i] * block,
                block, (const char *)b->values + p * b->value_panel_stride * size, b->value_stride,
                b->value_panel_stride, states + starts[i] * width + p * group, width);
    }
}

static void attend(const ck_attention_block *b) {
    for (int64_t first = 0; first < b->rows; first += tile)
        attend_tile(b, first, b->rows - first < tile ? b->rows - first : tile);
}

const ck_attention_kernels ck_attention_avx512 = {attend, ck_attention_merge_avx2};
#endif
