#pragma once
// What the panel kernels of AVX-VNNI have in common: sums of codes with columns of activations.
#include "panels_avx2.h"

#if CK_X86

/// Columns in a tile, and those up to which weights are not unpacked first: with two vectors of
/// rows they are 12 chains.
enum { columns = 6 };
_Static_assert(columns <= max_tile, "tile");

/// The sums of one group: [column][8 rows].
typedef struct {
    __m256i of[columns][2];
} group_sums;

CK_AVXVNNI CK_INLINE __m256i dot(__m256i sum, __m256i codes, __m256i x) {
    return _mm256_dpbusd_avx_epi32(sum, codes, x);
}
/// Where the sum of codes with an offset starts in column i.
CK_AVXVNNI CK_INLINE __m256i start_of(const ck_kind kind, const int offset, activation_group x,
                                      const int i) {
    if (has_minimum(kind)) return _mm256_set1_epi32(integer_zero);
    return _mm256_set1_epi32((x.start[i] - integer_zero) / (128 / offset) + integer_zero);
}
/// Adds words first..<last of 16 unpacked rows with n columns.
CK_AVXVNNI CK_INLINE void add_words(const int n, const uint8_t *q, const char *x, const int first,
                                    const int last, group_sums *s) {
    UNROLL for (int v = first; v < last; v++) {
        __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i column = BROADCAST32(x + 32 * i + 4 * v);
            s->of[i][0] = dot(s->of[i][0], w0, column);
            s->of[i][1] = dot(s->of[i][1], w1, column);
            IN_PLACE(s->of[i][0]);
            IN_PLACE(s->of[i][1]);
        }
    }
}
/// Stores the codes of rows 8 h ... 8 h + 7 with what their offset lacks of 128.
CK_AVXVNNI CK_INLINE void store_codes(const ck_kind kind, const rows8 *w, const int h,
                                      unpacked_group *out) {
    // For signed codes the same as to add 128.
    const int8_t lacking = kind == kind_u4 || kind == kind_k4 ? 120 : kind == kind_u5 ? 112 : -128;
    const bool has_offset = lacking != -128 || kind == kind_s8;
    UNROLL for (int v = 0; v < 8; v++) {
        __m256i q = w->q[v];
        if (has_offset) q = _mm256_add_epi8(q, _mm256_set1_epi8(lacking));
        _mm256_storeu_si256((__m256i *)(out->q + 64 * v + 32 * h), q);
    }
}

#endif
