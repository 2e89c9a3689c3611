#pragma once
#include "CSandbox.h"

// The identity inside. Not 0: a program of user 0 would gain every capability of its namespace
// when it is executed.
#define CSB_NOBODY 65534

/// Linux only: the layers, applied by the child in this order. Each returns 0 or sets errno.
int csb_build_view(const struct csb_program *program, struct csb_report *report);
int csb_restrict_files(const char *work_folder, struct csb_report *report);
int csb_drop_privileges(void);
int csb_filter_system_calls(void);
