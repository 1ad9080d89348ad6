/* SPDX-License-Identifier: MIT */
/*
 * A stretch of a test in which the nth allocation of its thread fails: one of the core's own, or
 * one of the libraries below it (libuv, OpenSSL, jansson, libxml2).
 */
#ifndef TEST_SHORTAGE_H
#define TEST_SHORTAGE_H

#include <stdbool.h>

enum shortage_of { SHORTAGE_OURS, SHORTAGE_LIBRARIES };

extern bool shortage_met; /* whether the last stretch had an nth allocation */

/* Before any of them has allocated; false when one does not let itself be asked. */
bool shortage_hook_libraries(void);

void shortage_begin(enum shortage_of whose, unsigned long nth);
void shortage_end(void);

/* How many allocations of the libraries the last stretch of SHORTAGE_LIBRARIES had. */
unsigned long shortage_library_count(void);

#endif
