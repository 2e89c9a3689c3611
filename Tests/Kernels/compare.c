// Compares one instruction set's kernels with the scalar ones, to the bit where that is their law.
// Built with the kernels' sources except dispatch.c and -DVARIANT=name, where the variant has taken
// its products of floats from another one -DFLOATS=name, and where it has bf16 dot products
// -DBF16=name and -DBF16_ELEMENT=bf16_element_by_...; prints what differs.
#include "../../Sources/CKernels/matmul/floats.h"
#include "../../Sources/CKernels/matmul/packed.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define JOIN(a, b) a##b
#define TABLE(name, variant) JOIN(name, variant)
#ifndef FLOATS
#define FLOATS VARIANT
#endif
extern const ck_panel_kernels TABLE(ck_panels_, VARIANT);
extern const ck_float_kernels TABLE(ck_floats_, FLOATS);

static const ck_panel_kernels *panels;
static const ck_float_kernels *floats;
const ck_panel_kernels *ck_panel_table(void) { return panels; }
const ck_float_kernels *ck_float_table(void) { return floats; }
const ck_bf16_kernels *ck_bf16_table(void) {
#ifdef BF16
    return &TABLE(ck_bf16_, BF16);
#else
    return 0;
#endif
}

static uint64_t state = 88172645463325252u;
static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}
static float unit(void) { return (float)(next() & 0xffffff) * 0x1p-23f - 1; }

static const struct {
    const char *name;
    int type, elements, bytes, scale, minimum;
} formats[] = {
    {"q4_0", CK_Q4_0, 32, 18, 0, -1},  {"q4_1", CK_Q4_1, 32, 20, 0, 2},
    {"q5_0", CK_Q5_0, 32, 22, 0, -1},  {"q5_1", CK_Q5_1, 32, 24, 0, 2},
    {"q8_0", CK_Q8_0, 32, 34, 0, -1},  {"q4_k", CK_Q4_K, 256, 144, 0, 2},
    {"q5_k", CK_Q5_K, 256, 176, 0, 2}, {"q6_k", CK_Q6_K, 256, 210, 208, -1},
};
enum { format_count = sizeof formats / sizeof *formats };

/// What the weights and the activations are like.
enum { plain, extreme_codes, any_bits, not_finite, mode_count };
static const char *const mode_names[] = {"plain", "extreme codes", "any bits", "not finite"};

static void fill_weights(int f, int mode, uint8_t *w, int64_t blocks) {
    for (int64_t b = 0; b < blocks; b++, w += formats[f].bytes) {
        static const uint8_t corners[] = {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0};
        uint8_t corner = corners[next() % 6];
        for (int i = 0; i < formats[f].bytes; i++)
            w[i] = mode == extreme_codes ? corner : (uint8_t)next();
        if (mode == any_bits) continue;
        for (int part = 0; part < 2; part++) {
            int at = part ? formats[f].minimum : formats[f].scale;
            if (at < 0) continue;
            uint16_t half = (uint16_t)((next() & 0x83ff) | (8 + next() % 6) << 10);
            if (next() % 16 == 0) half &= 0x83ff; // subnormal
            memcpy(w + at, &half, 2);
        }
    }
}
static void fill_activations(int mode, float *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        x[i] = unit() * ldexpf(1, (int)(i / 32 % 7) * 3 - 9);
        if (mode == extreme_codes)
            x[i] = i / 32 % 3 == 0 ? 2 : i / 32 % 3 == 1 ? -2 : x[i] < 0 ? -3 : 3;
        if (mode == any_bits && i / 32 % 5 == 0) x[i] = i / 160 % 2 ? 1e-38f * unit() : 0;
        if (mode == any_bits && i / 32 % 5 == 1) x[i] *= 3e36f;
        if (mode == not_finite && next() % 400 == 0) {
            static const float bad[] = {NAN, INFINITY, -INFINITY, 3.4028235e38f};
            x[i] = bad[next() % 4];
        }
    }
}

static bool same(float a, float b) {
    return ck_float_to_bits(a) == ck_float_to_bits(b) || (isnan(a) && isnan(b));
}

static void *bytes_of(size_t count) {
    void *memory = aligned_alloc(64, (count + 127) / 64 * 64);
    if (!memory) exit(3);
    memset(memory, 0xa5, (count + 127) / 64 * 64);
    return memory;
}

/// out [count][rows] by the kernels of `panels`, in calls of at most `some` rows.
static void product(int f, int64_t columns, const uint8_t *packed, int64_t rows, const float *x,
                    int64_t count, int64_t some, float *out) {
    int type = formats[f].type;
    void *activations = bytes_of((size_t)ck_activation_bytes(type, columns, count));
    void *scratch = bytes_of((size_t)ck_product_scratch_bytes(count));
    for (int64_t t = 0; t < ck_activation_tiles(count); t++)
        ck_quantize_tile(type, columns, count, t, x, columns, activations);
    for (int64_t r = 0; r < rows; r += some)
        ck_product(type, columns, packed + r / panel_rows * ck_panel_bytes(type, columns),
                   rows - r < some ? rows - r : some, activations, count, out + r, rows, scratch);
    free(activations);
    free(scratch);
}

static int check_products(const ck_panel_kernels *variant) {
    static const int64_t lengths[] = {32, 96, 512, 544, 1056, 256, 768, 1792};
    static const int64_t heights[] = {1, 15, 16, 17, 48};
    int failures = 0;
    for (int f = 0; f < format_count; f++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (int mode = 0; mode < mode_count; mode++)
                // Beyond the tiles of any variant, and beyond what is multiplied without unpacking.
                for (int64_t count = 1; count <= 39; count += count < 14 ? 1 : 5) {
                    int64_t columns = lengths[l], rows = heights[(l + (size_t)count) % 5];
                    if (columns % formats[f].elements) continue;
                    int64_t blocks = columns / formats[f].elements;
                    int64_t row_bytes = blocks * formats[f].bytes;
                    int64_t panel_bytes = ck_panel_bytes(formats[f].type, columns);
                    uint8_t *w = bytes_of((size_t)(row_bytes * rows));
                    uint8_t *packed = bytes_of((size_t)(panel_bytes * ((rows + 15) / 16)));
                    float *x = bytes_of((size_t)(4 * columns * count));
                    float *wanted = bytes_of((size_t)(4 * rows * count));
                    float *found = bytes_of((size_t)(4 * rows * count));
                    fill_weights(f, mode, w, blocks * rows);
                    fill_activations(mode, x, columns * count);
                    for (int64_t r = 0; r < rows; r += 16)
                        ck_pack_panel(formats[f].type, columns, rows - r < 16 ? rows - r : 16,
                                      w + r * row_bytes, row_bytes, packed + r / 16 * panel_bytes);
                    panels = &ck_panels_scalar;
                    product(f, columns, packed, rows, x, count, rows, wanted);
                    panels = variant;
                    product(f, columns, packed, rows, x, count, count % 2 ? 16 : 32, found);
                    for (int64_t i = 0; i < rows * count; i++)
                        if (!same(wanted[i], found[i])) {
                            if (failures++ < 20)
                                printf("%s, %s, %d x %d, %d activations: element %d is %.9g, "
                                       "wanted %.9g\n",
                                       formats[f].name, mode_names[mode], (int)rows, (int)columns,
                                       (int)count, (int)i, (double)found[i], (double)wanted[i]);
                            break;
                        }
                    free(w);
                    free(packed);
                    free(x);
                    free(wanted);
                    free(found);
                }
    return failures;
}

static int check_quantize(const ck_panel_kernels *variant) {
    enum { groups = 2 * super_groups, count = 32 * groups };
    int failures = 0;
    for (int round = 0; round < 4000; round++) {
        const int shared = round % 2 ? super_groups : 1;
        float x[count], d[2][groups];
        int8_t q[2][count];
        fill_activations(round / 2 % mode_count, x, count);
        if (round % 7 == 0)
            for (int i = 0; i < count; i++) x[i] = ck_bits_to_float(next());
        if (round % 11 == 0) // halves of a step, which round to even
            for (int i = 0; i < count; i++)
                x[i] = i % 32 ? (float)(int)(next() % 255 - 127) / 2 : 127;
        int16_t halves[2][groups][2];
        ck_panels_scalar.quantize(groups, shared, x, q[0], d[0], halves[0]);
        variant->quantize(groups, shared, x, q[1], d[1], halves[1]);
        bool is_same = !memcmp(q[0], q[1], count) && !memcmp(halves[0], halves[1], sizeof *halves);
        for (int g = 0; g < groups / shared; g++) is_same = is_same && same(d[0][g], d[1][g]);
        if (!is_same && failures++ < 5) printf("quantization differs in round %d\n", round);
    }
    return failures;
}

static float stored_at(int type, const void *w, int64_t k) {
    uint16_t half;
    if (type == CK_F32) return ((const float *)w)[k];
    memcpy(&half, (const char *)w + 2 * k, 2);
    return type == CK_F16 ? ck_half_to_float(half) : ck_bits_to_float((uint32_t)half << 16);
}

enum { whole_rows = INT_MAX };
/// out [count][rows] block by block, in calls of at most `some` rows, or all at once.
static void float_product(int type, int64_t columns, const char *w, int64_t rows, const float *x,
                          int64_t count, int64_t some, bool rounded, float *out) {
    int64_t bytes = columns * (type == CK_F32 ? 4 : 2);
    ck_float_activations a = {.rows = x, .stride = columns, .count = count};
    float *turned = bytes_of((size_t)ck_turned_bytes(columns, count));
    for (int64_t t = 0; t < ck_turned_tiles(count); t++)
        ck_turn_tile(columns, count, t, x, columns, turned);
    a.turned = turned;
    uint16_t *halves = bytes_of((size_t)ck_rounded_bytes(columns, count));
    if (rounded) {
        for (int64_t t = 0; t < ck_rounded_tiles(count); t++)
            ck_round_tile(columns, count, t, x, columns, halves);
        a.rounded = halves;
    }
    void *scratch = bytes_of(CK_FLOAT_SCRATCH_BYTES);
    bool is_whole = some == whole_rows;
    if (is_whole) ck_float_rows(type, w, bytes, rows, columns, &a, out, rows, scratch);
    for (int64_t k = 0; k < columns && !is_whole; k += CK_FLOAT_BLOCK_COLUMNS)
        for (int64_t r = 0; r < rows; r += some)
            ck_float_block(type, w + r * bytes + k * (type == CK_F32 ? 4 : 2), bytes,
                           rows - r < some ? rows - r : some, k, columns, &a, out + r, rows,
                           scratch);
    free(turned);
    free(halves);
    free(scratch);
}

static float flushed(float v) { return fabsf(v) < 0x1p-126f ? copysignf(0, v) : v; }
/// Rounded to bf16, to nearest even, and widened again.
static float brain(float v) {
    uint32_t bits = ck_float_to_bits(flushed(v));
    if (isnan(v)) return v;
    return ck_bits_to_float((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}
static float add_product(float sum, float a, float b) {
    return flushed(fmaf(flushed(a), flushed(b), flushed(sum)));
}
/// What floats.h says of bf16 products, one element: by tiles.
static float bf16_element_by_tiles(int type, int64_t columns, const char *w, const float *x) {
    float sum = 0;
    for (int64_t first = 0; first < columns; first += 32) {
        float chains[2] = {0};
        for (int64_t k = first; k < first + 32; k++) {
            float a = k < columns ? brain(stored_at(type, w, k)) : 0;
            float b = k < columns ? brain(x[k]) : 0;
            chains[k % 2] = add_product(chains[k % 2], b, a);
        }
        sum = flushed(sum + flushed(chains[0] + chains[1]));
    }
    return sum;
}
/// By vectors.
static float bf16_element_by_vectors(int type, int64_t columns, const char *w, const float *x) {
    float sum = 0;
    for (int64_t first = 0; first < columns; first += block_columns) {
        int64_t size = columns - first < block_columns ? columns - first : block_columns;
        float chains[16] = {0};
        for (int64_t p = 0; 2 * p < (size + 31) / 32 * 32; p++)
            for (int odd = 1; odd >= 0; odd--) {
                int64_t k = 2 * p + odd;
                float a = k < size ? brain(stored_at(type, w, first + k)) : 0;
                float b = k < size ? brain(x[first + k]) : 0;
                chains[p % 16] = add_product(chains[p % 16], a, b);
            }
        for (int half = 8; half > 0; half /= 2)
            for (int i = 0; i < half; i++) chains[i] += chains[i + half];
        sum = first == 0 ? chains[0] : sum + chains[0];
    }
    return sum;
}

#ifndef BF16_ELEMENT
#define BF16_ELEMENT bf16_element_by_vectors
#endif

static int check_floats(const ck_float_kernels *variant) {
    static const int types[] = {CK_F32, CK_F16, CK_BF16};
    static const int64_t lengths[] = {1, 5, 31, 32, 33, 100, 512, 513, 1100, 1536};
    static const int64_t heights[] = {1, 3, 16, 20, 37};
    int failures = 0;
    for (int t = 0; t < 3; t++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
            for (int mode = 0; mode < mode_count; mode++)
                for (int64_t count = 1; count <= 75; count += count < 18 ? 1 : 19) {
                    int type = types[t];
                    int64_t columns = lengths[l], rows = heights[(l + (size_t)count) % 5];
                    int64_t bytes = columns * (type == CK_F32 ? 4 : 2);
                    float *x = bytes_of((size_t)(4 * columns * count));
                    char *w = bytes_of((size_t)(bytes * rows));
                    float *wanted = bytes_of((size_t)(4 * rows * count));
                    float *found = bytes_of((size_t)(4 * rows * count));
                    fill_activations(mode, x, columns * count);
                    for (int64_t k = 0; k < columns * rows; k++) {
                        float value = unit();
                        uint16_t half = (uint16_t)(ck_float_to_bits(value) >> 16);
                        if (type == CK_F16) half = (uint16_t)(next() & 0xbbff);
                        if (mode == any_bits) half = (uint16_t)next();
                        if (type == CK_F32)
                            memcpy(w + 4 * k, &value, 4);
                        else
                            memcpy(w + 2 * k, &half, 2);
                    }
                    for (int rounded = 0; rounded <= (ck_bf16_table() != 0); rounded++) {
                        floats = &ck_floats_scalar;
                        if (!rounded || type == CK_F32)
                            float_product(type, columns, w, rows, x, count, 16, false, wanted);
                        else
                            for (int64_t i = 0; i < rows * count; i++)
                                wanted[i] = BF16_ELEMENT(type, columns, w + i % rows * bytes,
                                                         x + i / rows * columns);
                        floats = variant;
                        float_product(type, columns, w, rows, x, count, count % 2 ? whole_rows : 7,
                                      rounded, found);
                        for (int64_t i = 0; i < rows * count; i++)
                            if (!same(wanted[i], found[i])) {
                                if (failures++ < 20)
                                    printf("type %d%s, %s, %d x %d, %d activations: element %d is "
                                           "%.9g, wanted %.9g\n",
                                           type, rounded ? " by bf16" : "", mode_names[mode],
                                           (int)rows, (int)columns, (int)count, (int)i,
                                           (double)found[i], (double)wanted[i]);
                                break;
                            }
                    }
                    free(x);
                    free(w);
                    free(wanted);
                    free(found);
                }
    return failures;
}

#ifdef BF16
/// Weights stored column by column give what they give row by row.
static int check_transposed(void) {
    int failures = 0;
    floats = &TABLE(ck_floats_, FLOATS);
    for (int64_t count = 1; count <= 75; count += count < 18 ? 1 : 19) {
        int64_t columns = 31 * count, rows = 1 + count * 7 % 16;
        float *x = bytes_of((size_t)(4 * columns * count));
        float *w = bytes_of((size_t)(4 * columns * rows));
        uint16_t *halves = bytes_of((size_t)(2 * columns * rows));
        float *wanted = bytes_of((size_t)(4 * rows * count));
        float *found = bytes_of((size_t)(4 * rows * count));
        fill_activations(plain, x, columns * count);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t k = 0; k < columns; k++) {
                float value = brain(unit());
                w[k * rows + r] = value;
                halves[r * columns + k] = (uint16_t)(ck_float_to_bits(value) >> 16);
            }
        float_product(CK_BF16, columns, (char *)halves, rows, x, count, 16, true, wanted);
        uint16_t *rounded = bytes_of((size_t)ck_rounded_bytes(columns, count));
        for (int64_t t = 0; t < ck_rounded_tiles(count); t++)
            ck_round_tile(columns, count, t, x, columns, rounded);
        ck_float_activations a = {.count = count, .rounded = rounded};
        void *scratch = bytes_of(CK_FLOAT_SCRATCH_BYTES);
        for (int64_t k = 0; k < columns; k += CK_FLOAT_BLOCK_COLUMNS)
            ck_transposed_block(w + k * rows, rows, rows, k, columns, &a, found, rows, k > 0,
                                scratch);
        for (int64_t i = 0; i < rows * count; i++)
            if (!same(wanted[i], found[i])) {
                printf("column by column, %d activations: element %d is %.9g, wanted %.9g\n",
                       (int)count, (int)i, (double)found[i], (double)wanted[i]);
                failures++;
                break;
            }
        void *all[] = {x, w, halves, wanted, found, rounded, scratch};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
    return failures;
}
#else
static int check_transposed(void) { return 0; }
#endif

int main(void) {
    int failures = check_transposed() + check_quantize(&TABLE(ck_panels_, VARIANT));
    failures += check_products(&TABLE(ck_panels_, VARIANT));
    failures += check_floats(&TABLE(ck_floats_, FLOATS));
    printf("%d differences\n", failures);
    return failures != 0;
}
