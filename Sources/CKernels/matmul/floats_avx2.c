// Products of weights in floating point for AVX2: 8 columns a vector where there are few
// activations, 8 rows a vector where there are many.
#include "floats.h"

#if CK_X86
CK_AVX2 CK_INLINE __m256 widen_avx2(const int type, __m128i v) {
    return type == CK_F16 ? _mm256_cvtph_ps(v)
                          : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
}
CK_AVX2 CK_INLINE __m256 load_avx2(const int type, const char *p) {
    return type == CK_F32 ? _mm256_loadu_ps((const float *)(const void *)p)
                          : widen_avx2(type, _mm_loadu_si128((const __m128i *)p));
}
/// ((0 + 4) + (1 + 5)) + ((2 + 6) + (3 + 7))
CK_AVX2 CK_INLINE float sum_avx2(__m256 a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_hadd_ps(s, s);
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
enum { rows_at_once = 2 };
/// One block of two rows: for each line of weights that is read, the next one from `ahead` is
/// fetched from memory.
CK_AVX2 CK_INLINE void direct_block_avx2(const int type, const int n, const char *w,
                                         int64_t row_bytes, int64_t count, const float *x,
                                         int64_t x_stride, const char *ahead,
                                         float sums[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    const int rows = rows_at_once;
    __m256 a[rows_at_once][direct_tile];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < n; i++) a[r][i] =
        _mm256_setzero_ps();
    int64_t k = 0;
    for (; k + lanes <= count; k += lanes, ahead += rows * size * lanes) {
        _mm_prefetch(ahead, _MM_HINT_T0);
        __m256 row[rows_at_once];
        UNROLL for (int r = 0; r < rows; r++) row[r] =
            load_avx2(type, w + r * row_bytes + size * k);
        UNROLL for (int i = 0; i < n; i++) {
            __m256 v = _mm256_loadu_ps(x + i * x_stride + k);
            UNROLL for (int r = 0; r < rows; r++) a[r][i] = _mm256_fmadd_ps(row[r], v, a[r][i]);
        }
    }
    if (k < count)
        for (int r = 0; r < rows; r++) {
            float row[lanes] = {0}, v[lanes] = {0};
            for (int64_t j = k; j < count; j++) row[j - k] = value_at(type, w + r * row_bytes, j);
            for (int i = 0; i < n; i++) {
                memcpy(v, x + i * x_stride + k, 4 * (size_t)(count - k));
                a[r][i] = _mm256_fmadd_ps(_mm256_loadu_ps(row), _mm256_loadu_ps(v), a[r][i]);
            }
        }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < n; i++) sums[i][r] +=
        sum_avx2(a[r][i]);
}
/// Two rows share a block of activations, and a block is done for all rows before the next one is
/// begun. Weights are fetched in the order in which they lie, those behind these rows while the
/// rows are read: in step, each row would start the processor's own read-ahead anew, which narrow
/// matrices would pay for with half of their speed.
CK_AVX2 CK_INLINE void direct_n_avx2(const int type, const int n, const char *w, int64_t row_bytes,
                                     int64_t count, const float *x, int64_t x_stride,
                                     float out[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    const char *ahead = w + row_step * row_bytes + bytes_ahead;
    // Adding to -0 gives the summand, whatever its sign.
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) out[i][r] = -0.0f;
    for (int64_t k = 0; k < count; k += block_columns) {
        int64_t columns = count - k < block_columns ? count - k : block_columns;
        for (int r = 0; r < row_step; r += rows_at_once, ahead += rows_at_once * size * columns)
            direct_block_avx2(type, n, w + r * row_bytes + size * k, row_bytes, columns, x + k,
                              x_stride, ahead, (float(*)[row_step])(out[0] + r));
    }
}
CK_AVX2 CK_INLINE void direct_type_avx2(const int type, int n, const char *w, int64_t row_bytes,
                                        int64_t count, const float *x, int64_t x_stride,
                                        float sums[direct_tile][row_step]) {
    switch (n) {
    case 1: direct_n_avx2(type, 1, w, row_bytes, count, x, x_stride, sums); break;
    case 2: direct_n_avx2(type, 2, w, row_bytes, count, x, x_stride, sums); break;
    case 3: direct_n_avx2(type, 3, w, row_bytes, count, x, x_stride, sums); break;
    case 4: direct_n_avx2(type, 4, w, row_bytes, count, x, x_stride, sums); break;
    case 5: direct_n_avx2(type, 5, w, row_bytes, count, x, x_stride, sums); break;
    default: direct_n_avx2(type, 6, w, row_bytes, count, x, x_stride, sums); break;
    }
}
CK_AVX2 void ck_direct_avx2(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                            const float *x, int64_t x_stride, float sums[direct_tile][row_step]) {
    switch (type) {
    case CK_F32: direct_type_avx2(CK_F32, n, w, row_bytes, count, x, x_stride, sums); break;
    case CK_F16: direct_type_avx2(CK_F16, n, w, row_bytes, count, x, x_stride, sums); break;
    default: direct_type_avx2(CK_BF16, n, w, row_bytes, count, x, x_stride, sums); break;
    }
}
/// 8 rows by 8 columns of f32, turned.
CK_AVX2 CK_INLINE void turn_f32_avx2(const char *w, int64_t row_bytes, float *panel, int64_t k) {
    __m256 a[8], b[4];
    for (int r = 0; r < 4; r++) {
        const float *low = (const float *)(const void *)(w + r * row_bytes) + k;
        const float *high = (const float *)(const void *)(w + (r + 4) * row_bytes) + k;
        a[r] = _mm256_set_m128(_mm_loadu_ps(high), _mm_loadu_ps(low));
        a[r + 4] = _mm256_set_m128(_mm_loadu_ps(high + 4), _mm_loadu_ps(low + 4));
    }
    for (int h = 0; h < 8; h += 4) {
        b[0] = _mm256_unpacklo_ps(a[h], a[h + 1]);
        b[1] = _mm256_unpackhi_ps(a[h], a[h + 1]);
        b[2] = _mm256_unpacklo_ps(a[h + 2], a[h + 3]);
        b[3] = _mm256_unpackhi_ps(a[h + 2], a[h + 3]);
        _mm256_storeu_ps(turned_place(panel, k + h), _mm256_shuffle_ps(b[0], b[2], 0x44));
        _mm256_storeu_ps(turned_place(panel, k + h + 1), _mm256_shuffle_ps(b[0], b[2], 0xee));
        _mm256_storeu_ps(turned_place(panel, k + h + 2), _mm256_shuffle_ps(b[1], b[3], 0x44));
        _mm256_storeu_ps(turned_place(panel, k + h + 3), _mm256_shuffle_ps(b[1], b[3], 0xee));
    }
}
/// 16 rows by 8 columns of halves, turned: rows r and r + 8 share a vector on the way.
CK_AVX2 CK_INLINE void turn_halves_avx2(const int type, const char *w, int64_t row_bytes,
                                        float *panel, int64_t k) {
    __m256i a[8], b[8];
    for (int r = 0; r < 8; r++) {
        const char *low = w + r * row_bytes + 2 * k, *high = low + 8 * row_bytes;
        a[r] = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)high),
                                _mm_loadu_si128((const __m128i *)low));
    }
    for (int r = 0; r < 4; r++) {
        b[2 * r] = _mm256_unpacklo_epi16(a[2 * r], a[2 * r + 1]);
        b[2 * r + 1] = _mm256_unpackhi_epi16(a[2 * r], a[2 * r + 1]);
    }
    for (int h = 0; h < 2; h++) {
        a[4 * h] = _mm256_unpacklo_epi32(b[4 * h], b[4 * h + 2]);
        a[4 * h + 1] = _mm256_unpackhi_epi32(b[4 * h], b[4 * h + 2]);
        a[4 * h + 2] = _mm256_unpacklo_epi32(b[4 * h + 1], b[4 * h + 3]);
        a[4 * h + 3] = _mm256_unpackhi_epi32(b[4 * h + 1], b[4 * h + 3]);
    }
    for (int j = 0; j < 8; j++) {
        __m256i v = j % 2 ? _mm256_unpackhi_epi64(a[j / 2], a[j / 2 + 4])
                          : _mm256_unpacklo_epi64(a[j / 2], a[j / 2 + 4]);
        float *out = turned_place(panel, k + j);
        _mm256_storeu_ps(out, widen_avx2(type, _mm256_castsi256_si128(v)));
        _mm256_storeu_ps(out + 8, widen_avx2(type, _mm256_extracti128_si256(v, 1)));
    }
}
CK_AVX2 CK_INLINE void fetch_avx2(const char *next, int64_t row_bytes) {
    for (int r = 0; r < panel_rows; r++) _mm_prefetch(next + r * row_bytes, _MM_HINT_T1);
}
CK_AVX2 void ck_turn_avx2(int type, const char *w, int64_t row_bytes, int64_t count,
                          const char *next, float *panel) {
    int64_t k = 0;
    if (type == CK_F32)
        for (; k + 8 <= count; k += 8) {
            if (k % 16 == 0) fetch_avx2(next + 4 * k, row_bytes);
            turn_f32_avx2(w, row_bytes, panel, k);
            turn_f32_avx2(w + 8 * row_bytes, row_bytes, panel + 8, k);
        }
    else
        for (; k + 8 <= count; k += 8) {
            if (k % 32 == 0) fetch_avx2(next + 2 * k, row_bytes);
            if (type == CK_F16)
                turn_halves_avx2(CK_F16, w, row_bytes, panel, k);
            else
                turn_halves_avx2(CK_BF16, w, row_bytes, panel, k);
        }
    turn_from(type, w, row_bytes, k, count, panel);
}

/// Six activations of two vectors each, and two vectors of weights, are what registers hold.
enum { avx2_tile = 6 };

/// One chain of 16 rows and n activations.
CK_AVX2 CK_INLINE void chain_avx2(const int n, const float *w, int64_t count, const float *x,
                                  __m256 sums[avx2_tile][2]) {
    for (int i = 0; i < n; i++) sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    for (int64_t s = 0; s < count; s++, w += panel_rows, x += n) {
        __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + 8);
        for (int i = 0; i < n; i++) {
            __m256 v = _mm256_broadcast_ss(x + i);
            sums[i][0] = _mm256_fmadd_ps(w0, v, sums[i][0]);
            sums[i][1] = _mm256_fmadd_ps(w1, v, sums[i][1]);
        }
    }
}
CK_AVX2 CK_INLINE void add_avx2(const int n, __m256 to[avx2_tile][2], __m256 from[avx2_tile][2]) {
    for (int i = 0; i < n; i++)
        for (int h = 0; h < 2; h++) to[i][h] = _mm256_add_ps(to[i][h], from[i][h]);
}
CK_AVX2 CK_INLINE void multiply_n_avx2(const int n, const float *panel, int64_t count,
                                       const float *x, float *c, int64_t stride, bool accumulate) {
    // Pairs of chains are added up first; (0 + 4) waits for (1 + 5), (2 + 6) for (3 + 7).
    __m256 pair[2][avx2_tile][2], all[avx2_tile][2];
    for (int p = 0; p < 4; p++) {
        __m256 sums[avx2_tile][2];
        for (int second = 0; second < 2; second++) {
            int place = 2 * p + second, chain = chain_order[place];
            chain_avx2(n, panel + place * steps * panel_rows, (count - chain + lanes - 1) / lanes,
                       x + place * steps * n, sums);
            if (second)
                add_avx2(n, pair[p % 2], sums);
            else
                memcpy(pair[p % 2], sums, sizeof sums);
        }
        if (p % 2) add_avx2(n, pair[0], pair[1]);
        if (p == 1) memcpy(all, pair[0], sizeof all);
    }
    add_avx2(n, all, pair[0]);
    for (int i = 0; i < n; i++)
        for (int h = 0; h < 2; h++) {
            float *at = c + i * stride + 8 * h;
            __m256 sum = accumulate ? _mm256_add_ps(_mm256_loadu_ps(at), all[i][h]) : all[i][h];
            _mm256_storeu_ps(at, sum);
        }
}
CK_AVX2 static void multiply_avx2(int panels, int n, const float *panel, int64_t count,
                                  const float *x, float *c, int64_t stride, bool accumulate) {
    (void)panels;
    switch (n) {
    case 1: multiply_n_avx2(1, panel, count, x, c, stride, accumulate); break;
    case 2: multiply_n_avx2(2, panel, count, x, c, stride, accumulate); break;
    case 3: multiply_n_avx2(3, panel, count, x, c, stride, accumulate); break;
    case 4: multiply_n_avx2(4, panel, count, x, c, stride, accumulate); break;
    case 5: multiply_n_avx2(5, panel, count, x, c, stride, accumulate); break;
    default: multiply_n_avx2(6, panel, count, x, c, stride, accumulate); break;
    }
}
const ck_float_kernels ck_floats_avx2 = {avx2_tile, 1, ck_direct_avx2, ck_turn_avx2, multiply_avx2};
#endif
