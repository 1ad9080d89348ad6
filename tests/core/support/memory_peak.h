/* SPDX-License-Identifier: MIT */
/* How much memory was resident at most since the peak was last forgotten (Linux). */
#ifndef TEST_MEMORY_PEAK_H
#define TEST_MEMORY_PEAK_H

#define BIG (25L << 20)    /* octets of a large file */
#define MEMORY_MAX_KB 4096 /* that handling it may take */

long peak_kb(void);
void forget_peak(void);

#endif
