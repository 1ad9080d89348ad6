/* SPDX-License-Identifier: MIT */
/* How much memory was resident at most since the peak was last forgotten (Linux). */
#ifndef MEMORY_PEAK_H
#define MEMORY_PEAK_H

#include <stdio.h>

#define BIG (25L << 20)
#define MEMORY_MAX_KB 4096

static inline long peak_kb(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    assert_non_null(file);
    while (kb < 0 && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %ld", &kb);
    fclose(file);
    return kb;
}

static inline void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");

    assert_non_null(file);
    fputs("5", file);
    fclose(file);
}

#endif
