/* SPDX-License-Identifier: MIT */
#include "net/tls_pin.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

#define OPTION "pin_sha256"
#define SHOWN_MAX 80

static int add_pin(fct_tls_pins *pins, fct_slice text, facteur_error **error)
{
    static const fct_slice prefix = {"sha256//", 8};
    fct_slice pin = text;
    fct_buf digest = {0};
    int err;

    if (pins->count == FCT_TLS_PINS_MAX)
        return fct_error_set(error, FACTEUR_ECONFIG, OPTION, OPTION " has more than %d pins",
                             FCT_TLS_PINS_MAX);
    if (fct_slice_starts_nocase(pin, prefix)) {
        pin.ptr += prefix.len;
        pin.len -= prefix.len;
    }
    err = fct_base64_decode(&digest, pin);
    if (err == FACTEUR_ENOMEM)
        err = fct_error_nomem(error);
    else if (err || digest.len != FCT_TLS_PIN_LEN || pin.len != FCT_BASE64_LEN(FCT_TLS_PIN_LEN))
        err = fct_error_set(error, FACTEUR_ECONFIG, OPTION,
                            OPTION " must be base64 SHA-256 digests of the relay's public key, 44 "
                                   "characters each, separated by commas, not \"%.*s\"",
                            (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX), text.ptr);
    else
        memcpy(pins->key[pins->count++], digest.ptr, FCT_TLS_PIN_LEN);
    fct_buf_done(&digest);
    return err;
}

int fct_tls_pins_parse(fct_tls_pins *pins, const char *text, facteur_error **error)
{
    pins->count = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        int err = add_pin(pins, fct_slice_trim((fct_slice){text, len}), error);

        if (err || text[len] == '\0')
            return err;
        text += len + 1;
    }
}
