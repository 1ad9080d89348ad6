/* SPDX-License-Identifier: MIT */
/* The option pin_sha256: which keys a relay may have. */
#ifndef FCT_TLS_PIN_H
#define FCT_TLS_PIN_H

#include "facteur.h"

#include <stddef.h>

#define FCT_TLS_PIN_LEN 32 /* SHA-256 */
#define FCT_TLS_PINS_MAX 16

typedef struct fct_tls_pins {
    unsigned char key[FCT_TLS_PINS_MAX][FCT_TLS_PIN_LEN];
    size_t count;
} fct_tls_pins;

/*
 * Read base64 digests, separated by commas, spaces around each; "sha256//" may stand before each,
 * as curl writes it.
 *
 * FACTEUR_ECONFIG, where "pin_sha256": no pin, an empty one (perhaps a variable that was not set),
 * more than FCT_TLS_PINS_MAX.  FACTEUR_ENOMEM.
 */
int fct_tls_pins_parse(fct_tls_pins *pins, const char *text, facteur_error **error);

#endif
