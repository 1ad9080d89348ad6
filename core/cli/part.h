/* SPDX-License-Identifier: MIT */
/* Finds one text part in a message's bytes, to show it to people. */
#ifndef CLI_PART_H
#define CLI_PART_H

#include <stddef.h>

/*
 * Find the first part of a media type and decode it; its lines end with LF.
 * Returns 1 with `*text`, which the caller frees with free(), 0 without such a part, -1 without
 * memory.
 */
int part_find(const char *bytes, size_t len, const char *type, char **text, size_t *text_len);

#endif
