#pragma once
// The loop over one tile of queries that the vector variants of attention share.
#include "internal.h"

enum { group = CK_ATTENTION_GROUP, block = CK_ATTENTION_BLOCK };
/// Rows whose weights stay in the first-level cache between the two products.
enum { tile = 24 };
/// Between one row's scores and the next one's: the last group of a piece may reach beyond a block.
enum { score_width = block + group };
/// The polynomial of 2^x - 1 on [-1/2, 1/2] from its highest power on, and where 2^x becomes 0.
static const float ck_exp2_coefficients[6] = {0x1.41fbbcp-13f, 0x1.5f3e54p-10f, 0x1.3b2d4cp-7f,
                                              0x1.c6aee8p-5f,  0x1.ebfbdcp-3f,  0x1.62e43p-1f};
static const float ck_smallest_exponent = -64;

CK_INLINE int64_t rounded_up(int64_t n) { return (n + group - 1) / group * group; }

#if CK_X86
/// out[r, 16 p + i] = sum over k < depth of a[r, k] * b[p, k, i], which `more` adds to what is
/// there.
typedef void (*ck_strip)(int rows, int panels, bool more, int64_t depth, const float *a,
                         int64_t a_stride, const void *b, int64_t b_stride, int64_t panel_stride,
                         float *out, int64_t out_stride);
typedef struct {
    /// Rows of a strip at most, and panels at a time: a power of two.
    int rows, panels;
    ck_strip strip;
    /// Weights of one row's scores in place; see attention.c.
    void (*weigh)(int64_t count, int64_t seen, float *scores, float *largest, float *sum);
} ck_strips;

/// The strips of f16 and of f32, from a file's own `any_strip`.
#define CK_STRIP_OF(attribute, name, half)                                                         \
    attribute static void name(int rows, int panels, bool more, int64_t depth, const float *a,     \
                               int64_t a_stride, const void *b, int64_t b_stride,                  \
                               int64_t panel_stride, float *out, int64_t out_stride) {             \
        any_strip(rows, panels, half, more, depth, a, a_stride, b, b_stride, panel_stride, out,    \
                  out_stride);                                                                     \
    }
#define CK_STRIPS(attribute)                                                                       \
    CK_STRIP_OF(attribute, strip_half, true)                                                       \
    CK_STRIP_OF(attribute, strip_single, false)

/// Where piece i ends, of which `seen` positions are seen.
CK_INLINE int64_t piece_end(const ck_attention_block *b, int64_t i, int64_t seen) {
    int64_t end = i + 1 < b->piece_count ? b->pieces[i + 1].first : block;
    return seen < end ? seen : end;
}

/// Queries first..<first + count, at most `tile`.
CK_INLINE void attend_tile(const ck_attention_block *b, int64_t first, int64_t count, ck_strips s) {
    float scores[tile * score_width] __attribute__((aligned(64)));
    const float *queries = b->queries + first * b->head;
    int64_t width = ck_attention_state_width(b->head), head_panels = rounded_up(b->head) / group;
    int64_t size = b->half ? 2 : 4;
    float *states = b->states + first * width;
    // Rows in strips of equal height, of which each goes as far as its last position.
    int strips = (int)((count + s.rows - 1) / s.rows);
    int64_t starts[tile + 1], seen[tile], most = 0;
    for (int i = 0; i <= strips; i++) starts[i] = i * count / strips;
    for (int i = 0; i < strips; i++) {
        seen[i] = 0;
        for (int64_t r = starts[i]; r < starts[i + 1]; r++)
            if (b->seen[first + r] > seen[i]) seen[i] = b->seen[first + r];
        if (seen[i] > most) most = seen[i];
    }
    int panels;
    for (int64_t i = 0; i < b->piece_count; i++) {
        const ck_attention_piece *piece = b->pieces + i;
        // What its last group has too much the next piece overwrites, or nobody sees.
        int64_t all = rounded_up(piece_end(b, i, most) - piece->first) / group;
        for (int64_t p = 0; p < all; p += panels) {
            for (panels = s.panels; panels > all - p;) panels /= 2;
            const char *keys = (const char *)piece->keys + p * group * b->head * size;
            int64_t position = piece->first + p * group;
            for (int j = 0; j < strips; j++)
                if (position < seen[j])
                    s.strip((int)(starts[j + 1] - starts[j]), panels, false, b->head,
                            queries + starts[j] * b->head, b->head, keys, group, group * b->head,
                            scores + starts[j] * score_width + position, score_width);
        }
    }
    for (int i = 0; i < strips; i++)
        for (int64_t r = starts[i]; r < starts[i + 1]; r++) {
            float *largest = states + r * width + width - group;
            s.weigh(rounded_up(seen[i]), b->seen[first + r], scores + r * score_width, largest,
                    largest + 1);
        }
    for (int64_t i = 0; i < b->piece_count; i++) {
        const ck_attention_piece *piece = b->pieces + i;
        for (int64_t p = 0; p < head_panels; p += panels) {
            for (panels = s.panels; panels > head_panels - p;) panels /= 2;
            for (int j = 0; j < strips; j++) {
                int64_t depth = piece_end(b, i, seen[j]) - piece->first;
                if (depth <= 0 && i > 0) continue;
                s.strip((int)(starts[j + 1] - starts[j]), panels, i > 0, depth,
                        scores + starts[j] * score_width + piece->first, score_width,
                        (const char *)piece->values + p * b->value_panel_stride * size,
                        b->value_stride, b->value_panel_stride,
                        states + starts[j] * width + p * group, width);
            }
        }
    }
}
#endif
