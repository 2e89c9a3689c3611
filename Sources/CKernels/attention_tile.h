#pragma once
// The loop over one tile of queries that the vector variants of attention share.
#include "internal.h"

enum { group = CK_ATTENTION_GROUP, block = CK_ATTENTION_BLOCK };
/// Rows whose weights stay in the first-level cache between the two products.
enum { tile = 24 };
/// The polynomial of 2^x - 1 on [-1/2, 1/2] from its highest power on, and where 2^x becomes 0.
static const float ck_exp2_coefficients[6] = {0x1.41fbbcp-13f, 0x1.5f3e54p-10f, 0x1.3b2d4cp-7f,
                                              0x1.c6aee8p-5f,  0x1.ebfbdcp-3f,  0x1.62e43p-1f};
static const float ck_smallest_exponent = -64;

CK_INLINE int64_t rounded_up(int64_t n) { return (n + group - 1) / group * group; }

#if CK_X86
/// out[r, 16 p + i] = sum over k < depth of a[r, k] * b[p, k, i].
typedef void (*ck_strip)(int rows, int panels, int64_t depth, const float *a, int64_t a_stride,
                         const void *b, int64_t b_stride, int64_t panel_stride, float *out,
                         int64_t out_stride);
typedef struct {
    /// Rows of a strip at most, and panels at a time: a power of two.
    int rows, panels;
    ck_strip strip;
    /// Weights of one row's scores in place; see attention.c.
    void (*weigh)(int64_t count, int64_t seen, float *scores, float *largest, float *sum);
} ck_strips;

/// Queries first..<first + count, at most `tile`.
CK_INLINE void attend_tile(const ck_attention_block *b, int64_t first, int64_t count, ck_strips s) {
    float scores[tile * block] __attribute__((aligned(64)));
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
    for (int64_t p = 0, all = rounded_up(most) / group; p < all; p += panels) {
        for (panels = s.panels; panels > all - p;) panels /= 2;
        for (int i = 0; i < strips; i++)
            if (p * group < seen[i])
                s.strip((int)(starts[i + 1] - starts[i]), panels, b->head,
                        queries + starts[i] * b->head, b->head,
                        (const char *)b->keys + p * group * b->head * size, group, group * b->head,
                        scores + starts[i] * block + p * group, block);
    }
    for (int i = 0; i < strips; i++)
        for (int64_t r = starts[i]; r < starts[i + 1]; r++) {
            float *largest = states + r * width + width - group;
            s.weigh(rounded_up(seen[i]), b->seen[first + r], scores + r * block, largest,
                    largest + 1);
        }
    for (int64_t p = 0; p < head_panels; p += panels) {
        for (panels = s.panels; panels > head_panels - p;) panels /= 2;
        for (int i = 0; i < strips; i++)
            s.strip((int)(starts[i + 1] - starts[i]), panels, seen[i], scores + starts[i] * block,
                    block, (const char *)b->values + p * b->value_panel_stride * size,
                    b->value_stride, b->value_panel_stride, states + starts[i] * width + p * group,
                    width);
    }
}
#endif
