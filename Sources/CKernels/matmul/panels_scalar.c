// Panel kernels without vectors: the specification of the others, which equal them to the bit.
#include "packed.h"
#include <math.h>

/// One group of one row: codes as bytes, and what multiplies their sums. Of the k kinds `halves`
/// and `minimum` are the group's, `scale` and `min` all eight groups'.
typedef struct {
    int codes[32];
    float scale, min;
    int halves[2], minimum;
} row1;

static void nibbles1(const uint8_t *q, int r, row1 *out) {
    for (int w = 0; w < 4; w++)
        for (int j = 0; j < 4; j++) {
            out->codes[4 * w + j] = q[64 * w + 4 * r + j] & 15;
            out->codes[16 + 4 * w + j] = q[64 * w + 4 * r + j] >> 4;
        }
}
static void fifth_bits1(uint32_t high, row1 *out) {
    for (int w = 0; w < 8; w++)
        for (int j = 0; j < 4; j++) out->codes[4 * w + j] |= (int)(high >> (8 * j + w) & 1) << 4;
}

static void load1(int type, const void *panel, int64_t g, int r, row1 *out) {
    int64_t s = g / super_groups, j = g % super_groups;
    out->min = 0;
    switch (type) {
    case CK_Q4_0: {
        const panel_q4_0 *p = (const panel_q4_0 *)panel + g;
        nibbles1(p->q, r, out);
        out->scale = ck_half_to_float(p->d[r]);
        break;
    }
    case CK_Q4_1: {
        const panel_q4_1 *p = (const panel_q4_1 *)panel + g;
        nibbles1(p->q, r, out);
        out->scale = ck_half_to_float(p->d[r]);
        out->min = ck_half_to_float(p->m[r]);
        break;
    }
    case CK_Q5_0: {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles1(p->q, r, out);
        fifth_bits1(p->high[r], out);
        out->scale = ck_half_to_float(p->d[r]);
        break;
    }
    case CK_Q5_1: {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles1(p->q, r, out);
        fifth_bits1(p->high[r], out);
        out->scale = ck_half_to_float(p->d[r]);
        out->min = ck_half_to_float(p->m[r]);
        break;
    }
    case CK_Q4_K: {
        const panel_q4_k *p = (const panel_q4_k *)panel + s;
        nibbles1(p->q[j], r, out);
        out->scale = ck_half_to_float(p->d[r]);
        out->min = 0 - ck_half_to_float(p->m[r]);
        out->halves[0] = out->halves[1] = p->scale[j][r];
        out->minimum = p->min[j][r];
        break;
    }
    case CK_Q5_K: {
        const panel_q5_k *p = (const panel_q5_k *)panel + s;
        nibbles1(p->q[j], r, out);
        fifth_bits1(p->high[j][r], out);
        out->scale = ck_half_to_float(p->d[r]);
        out->min = 0 - ck_half_to_float(p->m[r]);
        out->halves[0] = out->halves[1] = p->scale[j][r];
        out->minimum = p->min[j][r];
        break;
    }
    case CK_Q6_K: {
        const panel_q6_k *p = (const panel_q6_k *)panel + s;
        nibbles1(p->q[j], r, out);
        for (int w = 0; w < 8; w++)
            for (int k = 0; k < 4; k++)
                out->codes[4 * w + k] |= (int)(p->high[j][w / 4][r] >> (8 * k + 2 * (w % 4)) & 3)
                                         << 4;
        out->scale = ck_half_to_float(p->d[r]);
        out->halves[0] = p->scale[j][0][r];
        out->halves[1] = p->scale[j][1][r];
        break;
    }
    default: {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        for (int k = 0; k < 32; k++) out->codes[k] = p->q[64 * (k / 4) + 4 * r + k % 4];
        out->scale = ck_half_to_float(p->d[r]);
    }
    }
}

/// Sums of eight groups of a k kind.
typedef struct {
    int of_codes, of_minima;
} super_sums;

/// c + what group g contributes to one element; x, d, sum: of the column of activations.
static float add_group(ck_kind kind, int64_t g, const row1 *w, const int8_t *x, float d, float sum,
                       super_sums *all, float c) {
    static const int offsets[kind_count] = {[kind_u4] = 8, [kind_u5] = 16, [kind_k6] = 32};
    int half[2] = {0, 0}, sum_of_x = 0;
    for (int k = 0; k < 32; k++) {
        half[k / 16] += (w->codes[k] - offsets[kind]) * x[k];
        sum_of_x += x[k];
    }
    if (!is_k(kind)) {
        c = fmaf((float)(half[0] + half[1]) * w->scale, d, c);
        return has_minimum(kind) ? fmaf(w->min, sum, c) : c;
    }
    if (g % super_groups == 0) *all = (super_sums){0, 0};
    all->of_codes += half[0] * w->halves[0] + half[1] * w->halves[1];
    all->of_minima += w->minimum * sum_of_x;
    if (g % super_groups < super_groups - 1) return c;
    c = fmaf((float)all->of_codes * w->scale, d, c);
    return has_minima(kind) ? fmaf((float)all->of_minima * w->min, d, c) : c;
}

static void direct(int type, int n, const void *panel, int64_t groups, const void *tile, float *c) {
    for (int r = 0; r < panel_rows; r++) {
        super_sums all[max_tile];
        for (int i = 0; i < n; i++) c[panel_rows * i + r] = 0;
        for (int64_t g = 0; g < groups; g++) {
            row1 w;
            load1(type, panel, g, r, &w);
            const int8_t *q = tile_at(tile, false, n, g);
            const float *d = (const float *)(const void *)(q + 32 * n);
            for (int i = 0; i < n; i++) {
                float *sum = &c[panel_rows * i + r];
                *sum = add_group(kind_of(type), g, &w, q + 32 * i, d[i], d[n + i], all + i, *sum);
            }
        }
    }
}

static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = 0; g < count; g++)
        for (int r = 0; r < panel_rows; r++) {
            row1 w;
            load1(type, panel, first + g, r, &w);
            unpacked_super *eight = (unpacked_super *)out + g / super_groups;
            unpacked_group *to =
                is_k(kind) ? eight->groups + g % super_groups : (unpacked_group *)out + g;
            for (int k = 0; k < 32; k++) to->q[64 * (k / 4) + 4 * r + k % 4] = (uint8_t)w.codes[k];
            if (!is_k(kind)) {
                to->scale[r] = w.scale;
                to->min[r] = w.min;
                continue;
            }
            for (int h = 0; h < 2; h++) to->halves[r][h] = (int16_t)w.halves[h];
            to[-(g % 2)].mins[r][g % 2] = (int16_t)w.minimum;
            eight->scale[r] = w.scale;
            eight->min[r] = w.min;
        }
}

/// What `unpack` made of row r.
static row1 unpacked_row(ck_kind kind, const void *block, int64_t g, int r) {
    const unpacked_super *eight = (const unpacked_super *)block + g / super_groups;
    const unpacked_group *u =
        is_k(kind) ? eight->groups + g % super_groups : (const unpacked_group *)block + g;
    row1 w = {.scale = is_k(kind) ? eight->scale[r] : u->scale[r],
              .min = is_k(kind) ? eight->min[r] : u->min[r]};
    for (int k = 0; k < 32; k++) {
        uint8_t code = u->q[64 * (k / 4) + 4 * r + k % 4];
        w.codes[k] = kind == kind_s8 ? (int8_t)code : code;
    }
    if (is_k(kind)) {
        for (int h = 0; h < 2; h++) w.halves[h] = u->halves[r][h];
        w.minimum = u[-(g % 2)].mins[r][g % 2];
    }
    return w;
}

static void multiply(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                     const void *tile, float *c, int64_t stride, bool accumulate,
                     const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    for (int r = 0; r < panel_rows; r++)
        for (int i = 0; i < n; i++) {
            float sum = accumulate ? c[i * stride + r] : 0;
            super_sums all;
            for (int64_t g = 0; g < groups; g++) {
                row1 w = unpacked_row(kind, unpacked, g, r);
                const int8_t *q = tile_at(tile, false, n, g);
                const float *d = (const float *)(const void *)(q + 32 * n);
                sum = add_group(kind, g, &w, q + 32 * i, d[i], d[n + i], &all, sum);
            }
            c[i * stride + r] = sum;
        }
}

static void quantize(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                     int16_t (*halves)[2]) {
    const int some = 32 * shared;
    for (int64_t g = 0; g < groups; g += shared, x += some, q += some, d++) {
        float top = 0;
        bool finite = true;
        for (int i = 0; i < some; i++) {
            finite = finite && fabsf(x[i]) <= 3.4028234664e38f;
            if (fabsf(x[i]) > top) top = fabsf(x[i]);
        }
        float inverse = activation_scale(top, finite, d);
        for (int i = 0; i < some; i++) q[i] = inverse == 0 ? 0 : (int8_t)nearbyintf(x[i] * inverse);
        for (int j = 0; j < shared; j++) sum_halves(q + 32 * j, halves[g + j]);
    }
}

const ck_panel_kernels ck_panels_scalar = {4,      1,      1,        false,   false,
                                           direct, unpack, multiply, quantize};
