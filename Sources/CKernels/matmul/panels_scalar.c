// Panel kernels without vectors: the specification of the others, which equal them to the bit.
#include "packed.h"
#include <math.h>

/// One group of one row: codes as bytes, and what multiplies their sums.
typedef struct {
    int codes[32];
    float scale, min;
    int halves[2];
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
        out->scale = ck_half_to_float(p->d[r]) * (float)p->scale[j][r];
        out->min = 0 - ck_half_to_float(p->m[r]) * (float)p->min[j][r];
        break;
    }
    case CK_Q5_K: {
        const panel_q5_k *p = (const panel_q5_k *)panel + s;
        nibbles1(p->q[j], r, out);
        fifth_bits1(p->high[j][r], out);
        out->scale = ck_half_to_float(p->d[r]) * (float)p->scale[j][r];
        out->min = 0 - ck_half_to_float(p->m[r]) * (float)p->min[j][r];
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

static float add_group(ck_kind kind, const row1 *w, const int8_t *x, float d, float sum, float c) {
    static const int offsets[kind_count] = {8, 0, 16, 0, 32, 0};
    int half[2] = {0, 0};
    for (int k = 0; k < 32; k++) half[k / 16] += (w->codes[k] - offsets[kind]) * x[k];
    int s =
        kind == kind_halves ? half[0] * w->halves[0] + half[1] * w->halves[1] : half[0] + half[1];
    c = fmaf((float)s * w->scale, d, c);
    if (has_minimum(kind)) c = fmaf(w->min, sum, c);
    return c;
}

static void direct(int type, int n, const void *panel, int64_t groups, const void *tile, float *c) {
    for (int r = 0; r < panel_rows; r++) {
        for (int i = 0; i < n; i++) c[panel_rows * i + r] = 0;
        for (int64_t g = 0; g < groups; g++) {
            row1 w;
            load1(type, panel, g, r, &w);
            const int8_t *q = tile_at(tile, false, n, g);
            const float *d = (const float *)(const void *)(q + 32 * n);
            for (int i = 0; i < n; i++)
                c[panel_rows * i + r] =
                    add_group(kind_of(type), &w, q + 32 * i, d[i], d[n + i], c[panel_rows * i + r]);
        }
    }
}

static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    unpacked_group *to = out;
    for (int64_t g = 0; g < count; g++)
        for (int r = 0; r < panel_rows; r++) {
            row1 w;
            load1(type, panel, first + g, r, &w);
            for (int k = 0; k < 32; k++)
                to[g].q[64 * (k / 4) + 4 * r + k % 4] = (uint8_t)w.codes[k];
            to[g].scale[r] = w.scale;
            if (kind_of(type) == kind_halves) {
                to[g].halves[r][0] = (int16_t)w.halves[0];
                to[g].halves[r][1] = (int16_t)w.halves[1];
            } else {
                to[g].min[r] = w.min;
            }
        }
}

static void multiply(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                     const void *tile, float *c, int64_t stride, bool accumulate,
                     const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    const unpacked_group *u = unpacked;
    for (int r = 0; r < panel_rows; r++)
        for (int i = 0; i < n; i++) {
            float sum = accumulate ? c[i * stride + r] : 0;
            for (int64_t g = 0; g < groups; g++) {
                row1 w = {.scale = u[g].scale[r],
                          .min = u[g].min[r],
                          .halves = {u[g].halves[r][0], u[g].halves[r][1]}};
                for (int k = 0; k < 32; k++) {
                    uint8_t code = u[g].q[64 * (k / 4) + 4 * r + k % 4];
                    w.codes[k] = kind == kind_s8 ? (int8_t)code : code;
                }
                const int8_t *q = tile_at(tile, false, n, g);
                const float *d = (const float *)(const void *)(q + 32 * n);
                sum = add_group(kind, &w, q + 32 * i, d[i], d[n + i], sum);
            }
            c[i * stride + r] = sum;
        }
}

CK_INLINE void quantize_group(const float *x, int8_t *q, float *d) {
    float top = 0;
    bool finite = true;
    for (int i = 0; i < 32; i++) {
        finite = finite && fabsf(x[i]) <= 3.4028234664e38f;
        if (fabsf(x[i]) > top) top = fabsf(x[i]);
    }
    float inverse = activation_scale(top, finite, d);
    for (int i = 0; i < 32; i++) q[i] = inverse == 0 ? 0 : (int8_t)nearbyintf(x[i] * inverse);
}
static void quantize(int64_t groups, const float *x, int8_t *q, float *d, int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g++) {
        quantize_group(x + 32 * g, q + 32 * g, d + g);
        sum_halves(q + 32 * g, halves[g]);
    }
}

const ck_panel_kernels ck_panels_scalar = {4,      1,      1,        false,   false,
                                           direct, unpack, multiply, quantize};
