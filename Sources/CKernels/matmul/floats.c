// Products of weights in floating point: f32, f16 and bf16 as they are stored, and any other
// format once its values are f32.
//
// A block is at most 8 rows by 512 columns. Within it an element of the result is 8 chains of
// fused multiply-adds, one for every eighth column, added up at the end; the blocks' sums are
// added in order. Weights are read as the file holds them: for many activations a block is
// turned into f32 in the first-level cache and the activations stream past it. Either way an
// element is the same sum in the same order, whatever else is computed beside it.
// Error: each chain has at most 64 roundings, so a block is within 64 + 3 units in the last place
// of the sum of the magnitudes of its products; typical is the root of that.
#include "../internal.h"
#include <math.h>

enum { block_rows = CK_FLOAT_BLOCK_ROWS, block_columns = CK_FLOAT_BLOCK_COLUMNS, lanes = 8 };
enum { row_step = 4, tile = 3 };

typedef struct {
    /// sums[i][r] = dot(row r, x row i) for 4 rows and n <= 3.
    void (*multiply)(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                     const float *x, int64_t x_stride, float sums[tile][row_step]);
    /// out[k] = element k of a row.
    void (*widen)(int type, const char *row, int64_t count, float *out);
} ck_float_kernels;

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

static void widen(int type, const char *row, int64_t count, float *out) {
    for (int64_t k = 0; k < count; k++) out[k] = value_at(type, row, k);
}
static void multiply(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                     const float *x, int64_t x_stride, float sums[tile][row_step]) {
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) {
            float a[lanes] = {0};
            for (int64_t k = 0; k < count; k++)
                a[k % lanes] =
                    fmaf(value_at(type, w + r * row_bytes, k), x[i * x_stride + k], a[k % lanes]);
            sums[i][r] = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
        }
}
static const ck_float_kernels scalar_kernels = {multiply, widen};

#if CK_X86
CK_AVX2 CK_INLINE __m256 load_avx2(const int type, const char *p) {
    if (type == CK_F32) return _mm256_loadu_ps((const float *)(const void *)p);
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    return type == CK_F16 ? _mm256_cvtph_ps(v)
                          : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
}
CK_AVX2 CK_INLINE void multiply_n_avx2(const int type, const int n, const char *w,
                                       int64_t row_bytes, int64_t count, const float *x,
                                       int64_t x_stride, float out[tile][row_step]) {
    const int size = type == CK_F32 ? 4 : 2;
    __m256 sums[tile][row_step];
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) sums[i][r] = _mm256_setzero_ps();
    int64_t k = 0;
    for (; k + lanes <= count; k += lanes) {
        __m256 v[tile];
        for (int i = 0; i < n; i++) v[i] = _mm256_loadu_ps(x + i * x_stride + k);
        for (int r = 0; r < row_step; r++) {
            __m256 row = load_avx2(type, w + r * row_bytes + size * k);
            for (int i = 0; i < n; i++) sums[i][r] = _mm256_fmadd_ps(row, v[i], sums[i][r]);
        }
    }
    if (k < count) {
        float rest[lanes] = {0};
        __m256 v[tile];
        for (int i = 0; i < n; i++) {
            memcpy(rest, x + i * x_stride + k, 4 * (size_t)(count - k));
            v[i] = _mm256_loadu_ps(rest);
        }
        for (int r = 0; r < row_step; r++) {
            widen(type, w + r * row_bytes + size * k, count - k, rest);
            for (int i = 0; i < n; i++)
                sums[i][r] = _mm256_fmadd_ps(_mm256_loadu_ps(rest), v[i], sums[i][r]);
        }
    }
    for (int i = 0; i < n; i++) {
        __m128 a[row_step];
        for (int r = 0; r < row_step; r++)
            a[r] = _mm_add_ps(_mm256_castps256_ps128(sums[i][r]),
                              _mm256_extractf128_ps(sums[i][r], 1));
        _MM_TRANSPOSE4_PS(a[0], a[1], a[2], a[3]);
        _mm_storeu_ps(out[i], _mm_add_ps(_mm_add_ps(a[0], a[1]), _mm_add_ps(a[2], a[3])));
    }
}
CK_AVX2 CK_INLINE void multiply_type_avx2(const int type, int n, const char *w, int64_t row_bytes,
                                          int64_t count, const float *x, int64_t x_stride,
                                          float sums[tile][row_step]) {
    switch (n) {
    case 1: multiply_n_avx2(type, 1, w, row_bytes, count, x, x_stride, sums); break;
    case 2: multiply_n_avx2(type, 2, w, row_bytes, count, x, x_stride, sums); break;
    default: multiply_n_avx2(type, 3, w, row_bytes, count, x, x_stride, sums); break;
    }
}
CK_AVX2 static void multiply_avx2(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                                  const float *x, int64_t x_stride, float sums[tile][row_step]) {
    switch (type) {
    case CK_F32: multiply_type_avx2(CK_F32, n, w, row_bytes, count, x, x_stride, sums); break;
    case CK_F16: multiply_type_avx2(CK_F16, n, w, row_bytes, count, x, x_stride, sums); break;
    default: multiply_type_avx2(CK_BF16, n, w, row_bytes, count, x, x_stride, sums); break;
    }
}
CK_AVX2 static void widen_avx2(int type, const char *row, int64_t count, float *out) {
    int64_t k = 0;
    for (; k + lanes <= count; k += lanes) {
        const char *at = row + 2 * k;
        _mm256_storeu_ps(out + k, type == CK_F16 ? load_avx2(CK_F16, at) : load_avx2(CK_BF16, at));
    }
    widen(type, row + 2 * k, count - k, out + k);
}
static const ck_float_kernels avx2_kernels = {multiply_avx2, widen_avx2};
#endif

static const ck_float_kernels *kernels(void) {
#if CK_X86
    if (strcmp(ck_variant(), "scalar")) return &avx2_kernels;
#endif
    return &scalar_kernels;
}

void ck_float_block(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t columns,
                    const float *x, int64_t x_stride, int64_t count, float *out, int64_t stride,
                    bool accumulate, void *scratch) {
    const ck_float_kernels *k = kernels();
    const char *source = w;
    float *block = scratch;
    // From here on a pass over the weights that only widens them pays; it also fills up rows.
    bool is_short = rows % row_step != 0;
    if (is_short || (type != CK_F32 && count > 2 * tile)) {
        if (type == CK_F32)
            for (int64_t r = 0; r < rows; r++)
                memcpy(block + r * block_columns, source + r * row_bytes, 4 * (size_t)columns);
        else
            for (int64_t r = 0; r < rows; r++)
                k->widen(type, source + r * row_bytes, columns, block + r * block_columns);
        for (int64_t r = rows; r % row_step; r++)
            memset(block + r * block_columns, 0, 4 * (size_t)columns);
        source = (const char *)block;
        row_bytes = 4 * block_columns;
        type = CK_F32;
    }
    for (int64_t first = 0; first < count; first += tile) {
        int n = (int)(count - first < tile ? count - first : tile);
        for (int64_t row = 0; row < rows; row += row_step) {
            float sums[tile][row_step];
            k->multiply(type, n, source + row * row_bytes, row_bytes, columns, x + first * x_stride,
                        x_stride, sums);
            int64_t valid = rows - row < row_step ? rows - row : row_step;
            for (int i = 0; i < n; i++) {
                float *c = out + (first + i) * stride + row;
                for (int64_t r = 0; r < valid; r++)
                    c[r] = accumulate ? c[r] + sums[i][r] : sums[i][r];
            }
        }
    }
}
