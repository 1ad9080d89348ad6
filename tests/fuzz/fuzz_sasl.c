/* SPDX-License-Identifier: MIT */
/*
 * SASL against a hostile server: the first byte is the mechanism, the lines behind it are
 * challenges. Whatever it says, it may not appear to know the password, and the dialogue ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/sasl.h"

static bool is_scram(enum fct_mechanism mechanism)
{
    return mechanism <= FCT_MECHANISM_SCRAM_SHA_1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fct_tls_facts facts = {"channel-binding-data", 20, "tls-exporter"};
    struct fct_session_config config = {.username = "us,er", .nonce = "0123456789abcdefg"};
    enum fct_mechanism mechanism;
    unsigned steps = 0;
    fct_buf out = {0};
    fct_sasl sasl;
    int result = 0;

    if (size < 1)
        return 0;
    mechanism = (enum fct_mechanism)(data[0] % FCT_MECHANISM_COUNT);
    config.password = fct_secret_new("pencil", 6);
    config.token = fct_secret_new("token", 5);
    fct_sasl_init(&sasl, mechanism, &config, 0, data[0] & 0x80 ? &facts : NULL);
    data++;
    size--;
    if (fct_sasl_begins(&sasl))
        result = fct_sasl_step(&sasl, (fct_slice){NULL, 0}, &out);
    while (result == 0 && size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;

        fct_buf_clear(&out);
        result = fct_sasl_step(&sasl, (fct_slice){(const char *)data, len}, &out);
        if (result == FACTEUR_EAUTH && !sasl.problem)
            abort();
        if (++steps > 4 && result == 0)
            abort();
        len += end ? 1 : 0;
        data += len;
        size -= len;
    }
    /* Without the password nobody makes the signature; the seeds that have it use another salt. */
    if (is_scram(mechanism) && fct_sasl_may_succeed(&sasl) && steps < 2)
        abort();
    fct_sasl_done(&sasl);
    fct_buf_done(&out);
    fct_secret_unref(config.password);
    fct_secret_unref(config.token);
    return 0;
}
