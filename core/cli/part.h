/* SPDX-License-Identifier: MIT */
/* Finding one text part in a message's bytes, for people to look at. */
#ifndef CLI_PART_H
#define CLI_PART_H

#include <stddef.h>

/*
 * The first part of a media type, its transfer encoding undone and its lines ended by LF.
 * 1 with `*text` (free()), 0 when there is none, -1 when memory ran out.
 */
int part_find(const char *bytes, size_t len, const char *type, char **text, size_t *text_len);

#endif
