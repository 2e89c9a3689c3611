// Products of weights in floating point: f32, f16 and bf16 as they are stored, and any other
// format once its values are f32.
//
// A block is at most 32 rows by 512 columns. Within it an element of the result is 8 chains of
// fused multiply-adds, one for every eighth column, added up as ((0 + 4) + (1 + 5)) + ((2 + 6) +
// (3 + 7)); the blocks' sums are added in order. There are two ways to compute just that:
//   few activations: the chains are the lanes of a vector, and weights are read as the file holds
//     them, which is limited by reading them;
//   many: a block is turned into panels, where for each column 16 rows stand side by side, in f32.
//     Activations, turned likewise in tiles of a few, stream past one panel or two, one number for
//     all rows, chain after chain.
// So an element is the same number, whatever else is computed beside it.
// Error: each chain has at most 64 roundings, so a block is within 64 + 3 units in the last place
// of the sum of the magnitudes of its products; typical is the root of that.
#include "floats.h"
#include <math.h>

static float value_at(int type, const char *row, int64_t k) {
    if (type == CK_F32) {
        float value;
        memcpy(&value, row + 4 * k, 4);
        return value;
    }
    uint16_t half;
    memcpy(&half, row + 2 * k, 2);
    return type == CK_F16 ? ck_half_to_float(half) : ck_bits_to_float((uint32_t)half << 16);
}

CK_INLINE float *turned_place(float *panel, int64_t k) {
    static const int place[lanes] = {0, 2, 4, 6, 1, 3, 5, 7};
    return panel + (place[k % lanes] * steps + k / lanes) * panel_rows;
}
static void turn_from(int type, const char *w, int64_t row_bytes, int64_t first, int64_t count,
                      float *panel) {
    for (int64_t k = first; k < count; k++)
        for (int r = 0; r < panel_rows; r++)
            turned_place(panel, k)[r] = value_at(type, w + r * row_bytes, k);
}
void ck_turn_scalar(int type, const char *w, int64_t row_bytes, int64_t count, float *panel) {
    turn_from(type, w, row_bytes, 0, count, panel);
}
static void multiply(int panels, int n, const float *panel, int64_t count, const float *x, float *c,
                     int64_t stride, bool accumulate) {
    (void)panels;
    for (int i = 0; i < n; i++)
        for (int r = 0; r < panel_rows; r++) {
            float a[lanes] = {0};
            for (int place = 0; place < lanes; place++) {
                int chain = chain_order[place];
                for (int64_t s = 0; s * lanes + chain < count; s++)
                    a[chain] = fmaf(panel[(place * steps + s) * panel_rows + r],
                                    x[(place * steps + s) * n + i], a[chain]);
            }
            float sum = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
            c[i * stride + r] = accumulate ? c[i * stride + r] + sum : sum;
        }
}
static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count, const float *x,
                   int64_t x_stride, float sums[direct_tile][row_step]) {
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) {
            sums[i][r] = 0;
            for (int64_t first = 0; first < count; first += block_columns) {
                float a[lanes] = {0};
                for (int64_t k = first; k < count && k < first + block_columns; k++)
                    a[k % lanes] = fmaf(value_at(type, w + r * row_bytes, k), x[i * x_stride + k],
                                        a[k % lanes]);
                float sum = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
                sums[i][r] = first ? sums[i][r] + sum : sum;
            }
        }
}
const ck_float_kernels ck_floats_scalar = {6, 1, direct, ck_turn_scalar, multiply};

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
/// One block of some rows: `ahead` bytes from a weight in use is one that is fetched from memory.
CK_AVX2 CK_INLINE void direct_block_avx2(const int type, const int rows, const int n, const char *w,
                                         int64_t row_bytes, int64_t count, const float *x,
                                         int64_t x_stride, int64_t ahead,
                                         float sums[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    __m256 a[2][direct_tile];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < n; i++) a[r][i] =
        _mm256_setzero_ps();
    int64_t k = 0;
    for (; k + lanes <= count; k += lanes) {
        __m256 row[2];
        UNROLL for (int r = 0; r < rows; r++) {
            const char *at = w + r * row_bytes + size * k;
            _mm_prefetch(at + ahead, _MM_HINT_T0);
            row[r] = load_avx2(type, at);
        }
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
/// Few activations are limited by memory, and rows are read whole, one after the other: the
/// processor's own read-ahead starts anew with each row of several, which narrow matrices would
/// pay for with half of their speed. With more of them two rows share a block of activations.
CK_AVX2 CK_INLINE void direct_n_avx2(const int type, const int n, const char *w, int64_t row_bytes,
                                     int64_t count, const float *x, int64_t x_stride,
                                     float out[direct_tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2, rows = n <= 3 ? 1 : 2;
    const int64_t ahead = rows == 1 ? bytes_ahead : row_step * row_bytes;
    // A stretch of columns is done for all rows before the next one is begun.
    const int64_t stretch = rows == 1 ? count : block_columns;
    // Adding to -0 gives the summand, whatever its sign.
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) out[i][r] = -0.0f;
    for (int64_t first = 0; first < count; first += stretch)
        for (int r = 0; r < row_step; r += rows)
            for (int64_t k = first; k < count && k < first + stretch; k += block_columns)
                direct_block_avx2(type, rows, n, w + r * row_bytes + size * k, row_bytes,
                                  count - k < block_columns ? count - k : block_columns, x + k,
                                  x_stride, ahead, (float(*)[row_step])(out[0] + r));
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
CK_AVX2 void ck_turn_avx2(int type, const char *w, int64_t row_bytes, int64_t count, float *panel) {
    int64_t k = 0;
    if (type == CK_F32)
        for (; k + 8 <= count; k += 8) {
            turn_f32_avx2(w, row_bytes, panel, k);
            turn_f32_avx2(w + 8 * row_bytes, row_bytes, panel + 8, k);
        }
    else if (type == CK_F16)
        for (; k + 8 <= count; k += 8) turn_halves_avx2(CK_F16, w, row_bytes, panel, k);
    else
        for (; k + 8 <= count; k += 8) turn_halves_avx2(CK_BF16, w, row_bytes, panel, k);
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

/// Rows of a block that are fewer than `wanted`, as f32 with zeros behind them.
static void fill_up(int type, const char *w, int64_t row_bytes, int64_t rows, int64_t wanted,
                    int64_t columns, float *out) {
    for (int64_t r = 0; r < wanted; r++)
        for (int64_t k = 0; k < columns; k++)
            out[r * staged_bytes / 4 + k] = r < rows ? value_at(type, w + r * row_bytes, k) : 0;
}

int64_t ck_direct_limit(void) { return direct_limit; }

int64_t ck_turned_bytes(int64_t columns, int64_t count) {
    if (count <= direct_limit) return 0;
    return 4 * count * ((columns + block_columns - 1) / block_columns * block_columns);
}

int64_t ck_turned_tiles(int64_t count) {
    int tile = ck_float_table()->tile;
    return count <= direct_limit ? 0 : (count + tile - 1) / tile;
}

void ck_turn_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                  float *turned) {
    int64_t size_of_tile = ck_float_table()->tile, first = tile * size_of_tile;
    int64_t n = count - first < size_of_tile ? count - first : size_of_tile;
    int64_t blocks = (columns + block_columns - 1) / block_columns;
    float *out = turned + first * blocks * block_columns;
    for (int64_t b = 0; b < blocks; b++, out += n * block_columns) {
        int64_t start = b * block_columns;
        int64_t size = columns - start < block_columns ? columns - start : block_columns;
        for (int place = 0; place < lanes; place++)
            for (int64_t s = 0, k = chain_order[place]; k < size; s++, k += lanes)
                for (int64_t i = 0; i < n; i++)
                    out[(place * steps + s) * n + i] = x[(first + i) * stride + start + k];
    }
}

/// Turns 16 rows of a block.
static void turn_panel(const ck_float_kernels *kernels, int type, const char *w, int64_t row_bytes,
                       int64_t columns, char *staged, float *panel) {
    size_t bytes = (size_t)columns * (type == CK_F32 ? 4 : 2);
    // Rows that lie a power of two apart would push each other out of the first-level cache.
    if (row_bytes % 1024 == 0) {
        for (int r = 0; r < panel_rows; r++)
            memcpy(staged + r * staged_bytes, w + r * row_bytes, bytes);
        w = staged;
        row_bytes = staged_bytes;
    }
    kernels->turn(type, w, row_bytes, columns, panel);
}

/// out (+)= the products of turned panels with all activations; x: their first block of columns.
static void multiply_panels(const ck_float_kernels *kernels, int panels, const float *panel,
                            int64_t rows, int64_t columns, const ck_float_activations *x,
                            int64_t first_column, int64_t padded, float *out, int64_t stride) {
    bool accumulate = first_column > 0;
    for (int64_t first = 0; first < x->count; first += kernels->tile) {
        int n = (int)(x->count - first < kernels->tile ? x->count - first : kernels->tile);
        const float *tile = x->turned + first * padded + first_column * n;
        float *c = out + first * stride;
        if (rows == panels * panel_rows) {
            kernels->multiply(panels, n, panel, columns, tile, c, stride, accumulate);
            continue;
        }
        float sums[turned_limit * block_rows];
        kernels->multiply(panels, n, panel, columns, tile, sums, block_rows, false);
        for (int i = 0; i < n; i++)
            for (int64_t r = 0; r < rows; r++)
                c[i * stride + r] = accumulate ? c[i * stride + r] + sums[i * block_rows + r]
                                               : sums[i * block_rows + r];
    }
}

/// The same from rows as they lie, in steps of a few.
static void multiply_directly(const ck_float_kernels *kernels, int type, const char *w,
                              int64_t row_bytes, int64_t rows, int64_t columns,
                              const ck_float_activations *x, int64_t first_column, float *out,
                              int64_t stride) {
    for (int64_t first = 0; first < x->count; first += direct_tile) {
        int n = (int)(x->count - first < direct_tile ? x->count - first : direct_tile);
        const float *at = x->rows + first * x->stride + first_column;
        for (int64_t row = 0; row < rows; row += row_step) {
            float sums[direct_tile][row_step];
            kernels->direct(type, n, w + row * row_bytes, row_bytes, columns, at, x->stride, sums);
            int64_t valid = rows - row < row_step ? rows - row : row_step;
            for (int i = 0; i < n; i++)
                for (int64_t r = 0; r < valid; r++) {
                    float *to = out + (first + i) * stride + row + r;
                    *to = first_column > 0 ? *to + sums[i][r] : sums[i][r];
                }
        }
    }
}

void ck_float_block(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t first_column,
                    int64_t columns, const ck_float_activations *x, float *out, int64_t stride,
                    void *scratch) {
    const char *source = w;
    if (x->rounded && type != CK_F32) {
        for (int64_t row = 0; row < rows; row += panel_rows)
            ck_bf16_block(ck_bf16_table(), type, source + row * row_bytes, row_bytes,
                          rows - row < panel_rows ? rows - row : panel_rows, first_column, columns,
                          x, out + row, stride, scratch);
        return;
    }
    const ck_float_kernels *kernels = ck_float_table();
    float *panel = scratch, *filled = panel + block_rows * block_columns;
    int64_t size = columns - first_column < block_columns ? columns - first_column : block_columns;
    bool is_direct = x->count <= direct_limit;
    int64_t step = is_direct ? row_step : panel_rows, whole = (rows + step - 1) / step * step;
    if (whole > rows) {
        fill_up(type, source, row_bytes, rows, whole, size, filled);
        source = (const char *)filled;
        row_bytes = staged_bytes;
        type = CK_F32;
    }
    if (is_direct) {
        multiply_directly(kernels, type, source, row_bytes, rows, size, x, first_column, out,
                          stride);
        return;
    }
    int64_t padded = (columns + block_columns - 1) / block_columns * block_columns;
    // A step of rows is turned, and all activations stream past it.
    for (int64_t row = 0; row < rows; row += kernels->panels * panel_rows) {
        int panels = 0;
        for (int64_t r = row; r < whole && panels < kernels->panels; r += panel_rows, panels++)
            turn_panel(kernels, type, source + r * row_bytes, row_bytes, size, (char *)filled,
                       panel + panels * turned_size);
        int64_t some = rows - row < panels * panel_rows ? rows - row : panels * panel_rows;
        multiply_panels(kernels, panels, panel, some, size, x, first_column, padded, out + row,
                        stride);
    }
}

void ck_float_rows(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch) {
    if (x->rounded && type != CK_F32) {
        ck_bf16_rows(ck_bf16_table(), type, w, row_bytes, rows, columns, x, out, stride, scratch);
        return;
    }
    const int size = type == CK_F32 ? 4 : 2;
    const ck_float_kernels *kernels = ck_float_table();
    for (int64_t row = 0; row < rows; row += row_step) {
        const char *at = (const char *)w + row * row_bytes;
        if (rows - row < row_step) {
            for (int64_t k = 0; k < columns; k += block_columns)
                ck_float_block(type, at + size * k, row_bytes, rows - row, k, columns, x, out + row,
                               stride, scratch);
            return;
        }
        for (int64_t i = 0; i < x->count; i += direct_tile) {
            int n = (int)(x->count - i < direct_tile ? x->count - i : direct_tile);
            float sums[direct_tile][row_step];
            kernels->direct(type, n, at, row_bytes, columns, x->rows + i * x->stride, x->stride,
                            sums);
            for (int j = 0; j < n; j++)
                memcpy(out + (i + j) * stride + row, sums[j], sizeof sums[j]);
        }
    }
}
