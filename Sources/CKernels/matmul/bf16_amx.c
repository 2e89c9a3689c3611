// Products by bf16 dot products of AMX: floats.h says what is added up in which order.
//
// tdpbf16ps adds to 16 by 16 sums the products of 16 pairs of columns. A turned block of weights
// is its second operand as it lies in memory, rounded activations its first, and results are the
// rows of its sums. An instruction takes 16 cycles and waits 52 for the one before it on the same
// sums: four tiles of activations keep it busy.
#include "floats.h"

#if CK_X86

enum { tile_rows = 16, tiles_at_once = 4, pairs_at_once = 16, direct_columns = 6 };
enum { columns_at_once = 2 * pairs_at_once };

/// Shapes the registers for so many activations.
///
/// Turned weights: 0...3 sums, 4 activations, and 5 and 6 the same of a last tile with fewer rows;
/// 7 weights. Rows of weights as they lie: 0...5 sums of one activation each, 6 weights, 7 one
/// activation.
CK_AMX static void begin(int64_t count, bool is_direct) {
    ck_tile_shapes shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shapes.bytes[i] = is_direct && i != 6 ? 4 : 64;
        shapes.rows[i] = tile_rows;
    }
    if (!is_direct && count % tile_rows) shapes.rows[5] = shapes.rows[6] = count % tile_rows;
    _tile_loadconfig(&shapes);
}
/// Registers in use would have to be saved whenever the thread is interrupted.
CK_AMX static void end(void) { _tile_release(); }

/// One tile of activations more, whose sums are in register `sum`.
#define START(sum, i)                                                                              \
    do {                                                                                           \
        if (accumulate)                                                                            \
            _tile_loadd(sum, c + (i)*tile_rows * stride, 4 * stride);                              \
        else                                                                                       \
            _tile_zero(sum);                                                                       \
    } while (0)
#define ADD(sum, activations, i)                                                                   \
    do {                                                                                           \
        _tile_loadd(activations, x + (i)*tile_rows * columns_at_once, 64);                         \
        _tile_dpbf16ps(sum, activations, 7);                                                       \
    } while (0)
#define STORE(sum, i) _tile_stored(sum, c + (i)*tile_rows * stride, 4 * stride)

/// Some whole tiles of activations.
CK_AMX CK_INLINE void multiply_tiles(const int tiles, const uint32_t *panel, int64_t count,
                                     const uint16_t *x, int64_t of, float *c, int64_t stride,
                                     bool accumulate) {
    START(0, 0);
    if (tiles > 1) START(1, 1);
    if (tiles > 2) START(2, 2);
    if (tiles > 3) START(3, 3);
    for (int64_t k = 0; k < count; k += columns_at_once) {
        _tile_loadd(7, panel, 4 * panel_rows);
        ADD(0, 4, 0);
        if (tiles > 1) ADD(1, 4, 1);
        if (tiles > 2) ADD(2, 4, 2);
        if (tiles > 3) ADD(3, 4, 3);
        panel += pairs_at_once * panel_rows;
        x += of * columns_at_once;
    }
    STORE(0, 0);
    if (tiles > 1) STORE(1, 1);
    if (tiles > 2) STORE(2, 2);
    if (tiles > 3) STORE(3, 3);
}
/// The last tile, which has fewer rows.
CK_AMX CK_INLINE void multiply_rest(const uint32_t *panel, int64_t count, const uint16_t *x,
                                    int64_t of, float *c, int64_t stride, bool accumulate) {
    START(5, 0);
    for (int64_t k = 0; k < count; k += columns_at_once) {
        _tile_loadd(7, panel, 4 * panel_rows);
        ADD(5, 6, 0);
        panel += pairs_at_once * panel_rows;
        x += of * columns_at_once;
    }
    STORE(5, 0);
}
#undef START
#undef ADD
#undef STORE

CK_AMX static void multiply_panel(int n, const uint32_t *panel, int64_t count, const uint16_t *x,
                                  float *c, int64_t stride, bool accumulate) {
    int whole = n / tile_rows;
    switch (whole) {
    case 0: break;
    case 1: multiply_tiles(1, panel, count, x, n, c, stride, accumulate); break;
    case 2: multiply_tiles(2, panel, count, x, n, c, stride, accumulate); break;
    case 3: multiply_tiles(3, panel, count, x, n, c, stride, accumulate); break;
    default: multiply_tiles(tiles_at_once, panel, count, x, n, c, stride, accumulate); break;
    }
    if (n % tile_rows)
        multiply_rest(panel, count, x + whole * tile_rows * columns_at_once, n,
                      c + whole * tile_rows * stride, stride, accumulate);
}

CK_AMX static void multiply(int panels, int n, const uint32_t *panel, int64_t count,
                            const uint16_t *x, float *c, int64_t stride, bool accumulate) {
    for (int p = 0; p < panels; p++)
        multiply_panel(n, panel + p * bf16_turned_size, count, x, c + p * panel_rows, stride,
                       accumulate);
}

/// Few activations: 16 rows of weights as they lie are the first operand, the pairs of one
/// activation the second.
CK_AMX CK_INLINE void direct_n(const int type, const int n, const char *w, int64_t row_bytes,
                               int64_t count, const char *ahead, const uint16_t *x, int64_t of,
                               float *sums, bool accumulate) {
#define EACH(act)                                                                                  \
    do {                                                                                           \
        act(0);                                                                                    \
        if (n > 1) act(1);                                                                         \
        if (n > 2) act(2);                                                                         \
        if (n > 3) act(3);                                                                         \
        if (n > 4) act(4);                                                                         \
        if (n > 5) act(5);                                                                         \
    } while (0)
#define BEGIN(i)                                                                                   \
    do {                                                                                           \
        if (accumulate)                                                                            \
            _tile_loadd(i, sums + (i)*tile_rows, 4);                                               \
        else                                                                                       \
            _tile_zero(i);                                                                         \
    } while (0)
#define ADD(i)                                                                                     \
    do {                                                                                           \
        _tile_loadd(7, x + ((i)*columns_at_once + of * k), 4);                                     \
        _tile_dpbf16ps(i, 6, 7);                                                                   \
    } while (0)
#define END(i) _tile_stored(i, sums + (i)*tile_rows, 4)
    uint16_t rows[tile_rows][columns_at_once] __attribute__((aligned(64)));
    EACH(BEGIN);
    for (int64_t k = 0; k < count; k += columns_at_once, ahead += 64 * tile_rows) {
        const char *at = w + 2 * k;
        __mmask32 mask = columns_left(count - k);
        for (int r = 0; r < tile_rows; r++) {
            _mm_prefetch(ahead + 64 * r, _MM_HINT_T0);
            _mm512_store_si512((void *)rows[r], load32(type, at + r * row_bytes, mask));
        }
        _tile_loadd(6, rows, 64);
        EACH(ADD);
    }
    EACH(END);
#undef EACH
#undef BEGIN
#undef ADD
#undef END
}
#define DIRECT(type, n)                                                                            \
    case n: direct_n(type, n, w, row_bytes, count, ahead, x, of, sums, accumulate); break
CK_AMX CK_INLINE void direct_type(const int type, int n, const char *w, int64_t row_bytes,
                                  int64_t count, const char *ahead, const uint16_t *x, int64_t of,
                                  float *sums, bool accumulate) {
    switch (n) {
        DIRECT(type, 1);
        DIRECT(type, 2);
        DIRECT(type, 3);
        DIRECT(type, 4);
        DIRECT(type, 5);
        DIRECT(type, 6);
    }
}
CK_AMX static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                          const char *ahead, const uint16_t *x, int64_t of, float *sums,
                          bool accumulate) {
    if (type == CK_F16)
        direct_type(CK_F16, n, w, row_bytes, count, ahead, x, of, sums, accumulate);
    else
        direct_type(CK_BF16, n, w, row_bytes, count, ahead, x, of, sums, accumulate);
}

const ck_bf16_kernels ck_bf16_amx = {
    .tile = tiles_at_once * tile_rows,
    .columns_together = columns_at_once,
    .begin = begin,
    .end = end,
    .round = ck_round_avx512bf16,
    .direct_limit = direct_columns,
    .direct_tile = direct_columns,
    .direct_rows = tile_rows,
    .direct = direct,
    .turn = ck_turn_avx512bf16,
    .interleave = ck_interleave_avx512bf16,
    .multiply = multiply,
};
_Static_assert(tiles_at_once *tile_rows <= bf16_limit, "tile");
#endif
