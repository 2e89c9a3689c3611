// The dispatch table: one column per instruction set, chosen once from what the processor has.
#include "internal.h"
#include "matmul/packed.h"
#include <math.h>
#include <stdatomic.h>

/// One instruction set's column.
typedef struct {
    const char *name;
    const ck_format_kernels *f32, *f16, *bf16, *q8_0, *q4_0, *q4_1;
    const ck_vector_kernels *vectors;
    const ck_attention_kernels *attention;
    const ck_panel_kernels *panels;
} ck_table;

#define CK_COLUMN(set)                                                                             \
    {                                                                                              \
#set, &ck_format_f32_##set, &ck_format_f16_##set, &ck_format_bf16_##set,                   \
            &ck_format_q8_0_##set, &ck_format_q4_0_##set, &ck_format_q4_1_##set,                   \
            &ck_vectors_##set, &ck_attention_##set, &ck_panels_##set                               \
    }

static const ck_table scalar_table = CK_COLUMN(scalar);
#if CK_X86
static const ck_table avx2_table = CK_COLUMN(avx2);
static const ck_table *const tables[] = {&avx2_table, &scalar_table};
static const char *const names[] = {"avx2", "scalar", 0};
#else
static const ck_table *const tables[] = {&scalar_table};
static const char *const names[] = {"scalar", 0};
#endif
enum { table_count = sizeof tables / sizeof *tables };

static _Atomic(const ck_table *) chosen;
static _Thread_local const ck_table *chosen_here;

const char *const *ck_variants(void) { return names; }

bool ck_can_run(const char *name) {
    if (!strcmp(name, "scalar")) return true;
#if CK_X86
    if (!strcmp(name, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c");
#endif
    return false;
}

static const ck_table *find(const char *name) {
    for (int i = 0; i < table_count; i++)
        if (!strcmp(tables[i]->name, name) && ck_can_run(name)) return tables[i];
    return 0;
}

bool ck_choose_variant(const char *name) {
    const ck_table *found = find(name);
    if (found) atomic_store(&chosen, found);
    return found != 0;
}

bool ck_choose_variant_here(const char *name) {
    const ck_table *found = name ? find(name) : 0;
    if (name && !found) return false;
    chosen_here = found;
    return true;
}

static const ck_table *table(void) {
    if (chosen_here) return chosen_here;
    const ck_table *current = atomic_load_explicit(&chosen, memory_order_acquire);
    if (current) return current;
    for (int i = 0; i < table_count; i++)
        if (ck_choose_variant(tables[i]->name)) break;
    return atomic_load(&chosen);
}

const char *ck_variant(void) { return table()->name; }
const ck_panel_kernels *ck_panel_table(void) { return table()->panels; }

static const ck_format_kernels *format(int type) {
    const ck_table *t = table();
    switch (type) {
    case CK_F32: return t->f32;
    case CK_F16: return t->f16;
    case CK_BF16: return t->bf16;
    case CK_Q8_0: return t->q8_0;
    case CK_Q4_0: return t->q4_0;
    case CK_Q4_1: return t->q4_1;
    default: return 0;
    }
}

bool ck_has_type(int type) { return format(type) != 0; }

void ck_gemv(int type, int64_t rows, int64_t columns, const void *w, int64_t row_bytes,
             const float *x, float *y) {
    ck_dot_function dot = format(type)->dot;
    const char *row = w;
    for (int64_t r = 0; r < rows; r++, row += row_bytes) y[r] = dot(columns, row, x);
}

void ck_dequantize(int type, const void *source, int64_t n, float *out) {
    format(type)->dequantize(source, n, out);
}

void ck_rms_norm(int64_t n, const float *x, const float *weight, float epsilon, float *out) {
    table()->vectors->rms_norm(n, x, weight, epsilon, out);
}
void ck_silu_multiply(int64_t n, float *gate, const float *up) {
    table()->vectors->silu_multiply(n, gate, up);
}
void ck_softmax(int64_t n, float *x, float scale) { table()->vectors->softmax(n, x, scale); }
void ck_f32_to_f16(int64_t n, const float *x, uint16_t *out) {
    table()->vectors->f32_to_f16(n, x, out);
}

// Simple enough for the compiler to vectorise at the baseline, or rare beside the matrices.
void ck_add(int64_t n, float *x, const float *y) {
    for (int64_t i = 0; i < n; i++) x[i] += y[i];
}
void ck_layer_norm(int64_t n, const float *x, const float *weight, const float *bias, float epsilon,
                   float *out) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    float scale = (float)(1 / sqrt(squares / (double)n + epsilon));
    for (int64_t i = 0; i < n; i++) out[i] = (float)(x[i] - mean) * scale * weight[i] + bias[i];
}
void ck_gelu(int64_t n, float *x) {
    for (int64_t i = 0; i < n; i++) x[i] = 0.5f * x[i] * (1 + erff(x[i] * 0.70710678f));
}
void ck_rotate_interleaved(int64_t pairs, float *x, const float *cosines, const float *sines) {
    for (int64_t i = 0; i < pairs; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i] = a * cosines[i] - b * sines[i];
        x[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
}
void ck_rotate_halves(int64_t pairs, float *x, const float *cosines, const float *sines) {
    for (int64_t i = 0; i < pairs; i++) {
        float a = x[i], b = x[i + pairs];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + pairs] = a * sines[i] + b * cosines[i];
    }
}

void ck_attend(const ck_attention_block *b) { table()->attention->attend(b); }
void ck_attention_merge(int64_t rows, int64_t head, const int32_t *seen, float *into,
                        const float *next) {
    int64_t width = ck_attention_state_width(head);
    const ck_attention_kernels *kernels = table()->attention;
    for (int64_t r = 0; r < rows; r++, into += width, next += width)
        if (!seen || seen[r]) kernels->merge(head, into, next);
}
void ck_attention_finish(int64_t head, const float *state, float *out) {
    float scale = 1 / state[ck_attention_state_width(head) - CK_ATTENTION_GROUP + 1];
    for (int64_t d = 0; d < head; d++) out[d] = state[d] * scale;
}
