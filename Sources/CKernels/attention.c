// Attention over one block of cached positions: scores, softmax, weighted sum of the values.
//
// Positions of a sequence are taken in blocks of CK_ATTENTION_BLOCK, counted from its first. What
// a query gets from a block is a state of its own (weighted sum, largest score, sum of weights);
// states are merged in the order of the blocks. So a result depends neither on the rows computed
// beside it nor on which thread takes which block.
//
// Scores are in units of log2: the caller scales queries by log2(e) / sqrt(head), and weights are
// powers of two. exp2 is a polynomial of degree 6 on [-1/2, 1/2], relative error at most 1e-7.
// Below 2^-64 it is exactly 0: too little to be seen beside the largest weight, which is 1, and
// large enough that no product with an f16 value is subnormal, which some processors multiply
// slowly.
//
// Keys of 16 positions stand transposed, element by element, so that a vector holds the scores of
// as many positions and nothing is summed across its lanes. The weighted sum of values has the
// same shape with positions and elements exchanged, hence the one product `strip` for both. Sums
// run in f32, over elements or positions in order.
#include "attention_tile.h"
#include <math.h>

int64_t ck_attention_state_width(int64_t head) { return rounded_up(head) + group; }

static float exp2_of(float x) {
    if (x < ck_smallest_exponent) return 0;
    if (x != x) return x;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
    float whole = (x + 0x1.8p23f) - 0x1.8p23f, rest = x - whole, p = ck_exp2_coefficients[0];
    for (int i = 1; i < 6; i++) p = p * rest + ck_exp2_coefficients[i];
    p = p * rest + 1;
    return p * ck_bits_to_float((uint32_t)((int32_t)whole + 127) << 23);
}

// --- scalar ----------------------------------------------------------------------------------

static float element(const void *source, int64_t index, bool half) {
    return half ? ck_half_to_float(((const uint16_t *)source)[index])
                : ((const float *)source)[index];
}

/// Weights of one row's scores in place, `seen` of `count` positions; 8 sums in turn, as the
/// vector variants have lanes. Returns the largest score and the weights' sum.
static void weigh(int64_t count, int64_t seen, float *scores, float *largest, float *sum) {
    float lanes[8] = {0}, top = -INFINITY;
    for (int64_t s = 0; s < seen; s++) top = scores[s] > top ? scores[s] : top;
    for (int64_t s = 0; s < count; s++) {
        scores[s] = s < seen ? exp2_of(scores[s] - top) : 0;
        lanes[s % 8] += scores[s];
    }
    *largest = top;
    *sum = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/// The piece that holds position s.
static const ck_attention_piece *piece_of(const ck_attention_block *b, int64_t s) {
    int64_t i = 0;
    while (i + 1 < b->piece_count && b->pieces[i + 1].first <= s) i++;
    return b->pieces + i;
}

static void attend_scalar(const ck_attention_block *b) {
    float scores[block];
    int64_t width = ck_attention_state_width(b->head);
    for (int64_t r = 0; r < b->rows; r++) {
        const float *query = b->queries + r * b->head;
        float *state = b->states + r * width;
        int64_t seen = b->seen[r];
        if (seen == 0) continue;
        for (int64_t s = 0; s < seen; s++) {
            const ck_attention_piece *piece = piece_of(b, s);
            int64_t place = s - piece->first;
            int64_t first = place / group * group * b->head + place % group;
            scores[s] = 0;
            for (int64_t d = 0; d < b->head; d++)
                scores[s] += query[d] * element(piece->keys, first + d * group, b->half);
        }
        weigh(seen, seen, scores, state + width - group, state + width - group + 1);
        for (int64_t d = 0; d < rounded_up(b->head); d++) {
            int64_t first = d / group * b->value_panel_stride + d % group;
            state[d] = 0;
            for (int64_t s = 0; s < seen; s++) {
                const ck_attention_piece *piece = piece_of(b, s);
                int64_t place = first + (s - piece->first) * b->value_stride;
                state[d] += scores[s] * element(piece->values, place, b->half);
            }
        }
    }
}

static void merge_scalar(int64_t head, float *into, const float *next) {
    int64_t width = rounded_up(head);
    float top = into[width] > next[width] ? into[width] : next[width];
    float a = exp2_of(into[width] - top), b = exp2_of(next[width] - top);
    for (int64_t d = 0; d < width; d++) into[d] = into[d] * a + next[d] * b;
    into[width] = top;
    into[width + 1] = into[width + 1] * a + next[width + 1] * b;
}

const ck_attention_kernels ck_attention_scalar = {attend_scalar, merge_scalar};

// --- AVX2 ------------------------------------------------------------------------------------

#if CK_X86
CK_AVX2 CK_INLINE __m256 exp2_avx2(__m256 x) {
    __m256 vanishes = _mm256_cmp_ps(x, _mm256_set1_ps(ck_smallest_exponent), _CMP_LT_OQ);
    __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 rest = _mm256_sub_ps(x, whole), p = _mm256_set1_ps(ck_exp2_coefficients[0]);
    for (int i = 1; i < 6; i++)
        p = _mm256_fmadd_ps(p, rest, _mm256_set1_ps(ck_exp2_coefficients[i]));
    p = _mm256_fmadd_ps(p, rest, _mm256_set1_ps(1));
    // A NaN stays one in p whatever the power is.
    __m256i power =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127)), 23);
    return _mm256_andnot_ps(vanishes, _mm256_mul_ps(p, _mm256_castsi256_ps(power)));
}

CK_AVX2 CK_INLINE __m256 load8(const void *source, int64_t index, bool half) {
    if (half)
        return _mm256_cvtph_ps(
            _mm_loadu_si128((const __m128i *)((const uint16_t *)source + index)));
    return _mm256_loadu_ps((const float *)source + index);
}

/// out[r, 16 p + i] = sum over k < depth of a[r, k] * b[p, k, i], which `more` adds to what is
/// there, for up to 6 rows and up to 4 panels of 16 columns, 12 vectors of sums at most.
CK_AVX2 CK_INLINE void strip(const int rows, const int panels, const bool half, bool more,
                             int64_t depth, const float *a, int64_t a_stride, const void *b,
                             int64_t b_stride, int64_t panel_stride, float *out,
                             int64_t out_stride) {
    __m256 sums[6][8];
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < 2 * panels; j++)
            sums[r][j] = more ? _mm256_loadu_ps(out + r * out_stride + 8 * j) : _mm256_setzero_ps();
    for (int64_t k = 0; k < depth; k++) {
        // The shorter side stays in registers, or the 16 of them do not suffice.
        __m256 columns[2], x[3];
        for (int j = 0; j < 2 && panels == 1; j++)
            columns[j] = load8(b, k * b_stride + 8 * j, half);
        for (int r = 0; r < rows && panels > 1; r++)
            x[r] = _mm256_broadcast_ss(a + r * a_stride + k);
        if (panels == 1) {
            for (int r = 0; r < rows; r++) {
                __m256 y = _mm256_broadcast_ss(a + r * a_stride + k);
                for (int j = 0; j < 2; j++) sums[r][j] = _mm256_fmadd_ps(y, columns[j], sums[r][j]);
            }
        } else {
            for (int j = 0; j < 2 * panels; j++) {
                __m256 column = load8(b, j / 2 * panel_stride + k * b_stride + j % 2 * 8, half);
                for (int r = 0; r < rows; r++)
                    sums[r][j] = _mm256_fmadd_ps(x[r], column, sums[r][j]);
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < 2 * panels; j++)
            _mm256_storeu_ps(out + r * out_stride + 8 * j, sums[r][j]);
}

/// `strip` with its numbers of rows and panels known when compiled.
CK_AVX2 CK_INLINE void any_strip(int rows, int panels, const bool half, bool more, int64_t depth,
                                 const float *a, int64_t a_stride, const void *b, int64_t b_stride,
                                 int64_t panel_stride, float *out, int64_t out_stride) {
#define CK_STRIP(r, p)                                                                             \
    case 8 * p + r:                                                                                \
        strip(r, p, half, more, depth, a, a_stride, b, b_stride, panel_stride, out, out_stride);   \
        break;
    switch (8 * panels + rows) {
        CK_STRIP(1, 4)
        CK_STRIP(1, 2)
        CK_STRIP(2, 2)
        CK_STRIP(3, 2)
        CK_STRIP(1, 1)
        CK_STRIP(2, 1)
        CK_STRIP(3, 1)
        CK_STRIP(4, 1)
        CK_STRIP(5, 1)
        CK_STRIP(6, 1)
    }
#undef CK_STRIP
}

/// See `weigh`; `count` is a multiple of 8.
CK_AVX2 static void weigh_avx2(int64_t count, int64_t seen, float *scores, float *largest,
                               float *sum) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256 none = _mm256_set1_ps(-INFINITY);
    __m256 tops = none, sums = _mm256_setzero_ps();
    for (int64_t s = 0; s < seen; s += 8) {
        __m256i visible = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(seen - s)), lanes);
        __m256 x =
            _mm256_blendv_ps(none, _mm256_loadu_ps(scores + s), _mm256_castsi256_ps(visible));
        tops = _mm256_max_ps(x, tops);
    }
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(tops), _mm256_extractf128_ps(tops, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    float top = _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
    for (int64_t s = 0; s < count; s += 8) {
        __m256i visible = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(seen - s)), lanes);
        __m256 x = _mm256_sub_ps(_mm256_loadu_ps(scores + s), _mm256_set1_ps(top));
        x = _mm256_and_ps(exp2_avx2(x), _mm256_castsi256_ps(visible));
        _mm256_storeu_ps(scores + s, x);
        sums = _mm256_add_ps(sums, x);
    }
    *largest = top;
    *sum = ck_sum8(sums);
}

CK_STRIPS(CK_AVX2)

static void attend_avx2(const ck_attention_block *b) {
    for (int64_t first = 0; first < b->rows; first += tile) {
        int64_t count = b->rows - first < tile ? b->rows - first : tile;
        // Converting from f16 takes registers too.
        int widest = count == 1 ? 4 : count == 2 || (count == 3 && !b->half) ? 2 : 1;
        ck_strips strips = {6, widest, b->half ? strip_half : strip_single, weigh_avx2};
        attend_tile(b, first, count, strips);
    }
}

CK_AVX2 void ck_attention_merge_avx2(int64_t head, float *into, const float *next) {
    int64_t width = rounded_up(head);
    float top = into[width] > next[width] ? into[width] : next[width];
    float a = exp2_of(into[width] - top), b = exp2_of(next[width] - top);
    __m256 a8 = _mm256_set1_ps(a), b8 = _mm256_set1_ps(b);
    for (int64_t d = 0; d < width; d += 8) {
        __m256 x = _mm256_mul_ps(_mm256_loadu_ps(into + d), a8);
        _mm256_storeu_ps(into + d, _mm256_fmadd_ps(_mm256_loadu_ps(next + d), b8, x));
    }
    into[width] = top;
    into[width + 1] = into[width + 1] * a + next[width + 1] * b;
}

const ck_attention_kernels ck_attention_avx2 = {attend_avx2, ck_attention_merge_avx2};
#endif
