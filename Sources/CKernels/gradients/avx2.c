// The kernels of training in vectors of eight.
#include "../internal.h"
#include <math.h>
#if CK_X86
#define CK_GRADIENT_TARGET CK_AVX2
#define CK_GRADIENT_TABLE ck_gradients_avx2
#include "kernels.h"
#endif
