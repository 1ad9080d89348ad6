/* SPDX-License-Identifier: MIT */
/*
 * A hostile proxy: the first byte says which kind and whether we have a login, the second how its
 * words are cut.  What it says first is read the same whole and octet by octet, it is not heard for
 * ever, and nothing it says makes us repeat the password.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "facteur.h"
#include "net/proxy.h"

#define ANSWER_MAX 16384

struct end {
    int result;
    size_t used;
    char message[512];
};

static struct end talk(uint8_t kind, const char *words, size_t size, size_t step)
{
    struct fct_proxy_config config = {.name = "p",
                                      .host = "p",
                                      .port = 1,
                                      .kind = kind & 1 ? FCT_PROXY_HTTP : FCT_PROXY_SOCKS5,
                                      .username = kind & 2 ? "anna" : NULL};
    struct end end = {0};
    fct_proxy *proxy;

    config.password = kind & 2 ? fct_secret_new("sesame", 6) : NULL;
    proxy = fct_proxy_new(&config, kind & 4 ? "2001:db8::1" : "relay.example", 465);
    if (!proxy)
        abort();
    while (end.used < size && end.result == 0) {
        size_t left = size - end.used, used = 0;

        fct_proxy_sent(proxy, fct_proxy_output(proxy).len);
        end.result = fct_proxy_feed(proxy, words + end.used, left < step ? left : step, &used);
        end.used += used;
        if (end.result == 0 && used != (left < step ? left : step))
            abort();
    }
    strncpy(end.message, fct_proxy_message(proxy), sizeof end.message - 1);
    if ((end.result < 0) != (end.message[0] != '\0') || strstr(end.message, "sesame"))
        abort();
    if (end.result == 0 && end.used > ANSWER_MAX)
        abort();
    fct_proxy_free(proxy);
    fct_secret_unref(config.password);
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct end whole, cut;

    if (size < 2)
        return 0;
    whole = talk(data[0], (const char *)data + 2, size - 2, size);
    cut = talk(data[0], (const char *)data + 2, size - 2, 1 + data[1] % 7U);
    if (whole.result != cut.result || whole.used != cut.used ||
        strcmp(whole.message, cut.message) != 0)
        abort();
    return 0;
}
