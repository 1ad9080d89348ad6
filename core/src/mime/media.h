/* SPDX-License-Identifier: MIT */
/* Media types by the ending of a file name. */
#ifndef FCT_MEDIA_H
#define FCT_MEDIA_H

#include "base/bytes.h"

/* Static; application/octet-stream when the ending is not known. */
const char *fct_media_type(fct_slice file_name);

#endif
