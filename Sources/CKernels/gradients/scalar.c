// The kernels of training for the baseline of the processor family.
#include "../internal.h"
#include <math.h>
#define CK_GRADIENT_TARGET
#define CK_GRADIENT_TABLE ck_gradients_scalar
#include "kernels.h"
