/* SPDX-License-Identifier: MIT */
/* Random bytes for message ids, SASL nonces and jitter; the layers above pass them down. */
#ifndef FCT_RANDOM_H
#define FCT_RANDOM_H

#include <stddef.h>

/* 0, or FACTEUR_EIO when the system provides no random numbers. */
int fct_random(void *bytes, size_t len);

#endif
