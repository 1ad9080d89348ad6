/* SPDX-License-Identifier: MIT */
/*
 * Messages out of any JSON: what is read is written, and what is written is read as the same
 * message, with the same bytes.
 */
#include "facteur.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* NULL when nobody shall store the message, or it cannot be sent. */
static char *written(facteur_message *message)
{
    char *json = NULL;
    int code = facteur_message_json(message, FACTEUR_FORM_WHOLE, &json, NULL);

    require(!code == !!json);
    require(!code || code == FACTEUR_EMESSAGE || code == FACTEUR_EIO);
    return json;
}

/* Without a domain of the author's the id is made when the mail is sent. */
static void compare_bytes(facteur_message *one, facteur_message *other, const char *json)
{
    char *bytes[2] = {NULL, NULL};
    size_t len[2] = {0, 0};

    require(facteur_message_bytes(one, &bytes[0], &len[0], NULL) == 0);
    require(facteur_message_bytes(other, &bytes[1], &len[1], NULL) == 0);
    if (strstr(json, "\"message_id\":"))
        require(len[0] == len[1] && memcmp(bytes[0], bytes[1], len[0]) == 0);
    facteur_free(bytes[0]);
    facteur_free(bytes[1]);
}

static bool can_be_sent(facteur_message *message)
{
    char *bytes = NULL;
    size_t len;
    int code = facteur_message_bytes(message, &bytes, &len, NULL);

    facteur_free(bytes);
    return code == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    facteur_message *message = NULL, *copy = NULL;
    char *first, *second;

    if (facteur_message_from_json((const char *)data, size, &message, NULL))
        return 0;
    first = can_be_sent(message) ? written(message) : NULL;
    /* What is mended in finished bytes is the matter of fuzz_from_bytes. */
    if (first && !strstr(first, "\"bytes\":")) {
        require(facteur_message_from_json(first, FACTEUR_NTS, &copy, NULL) == 0);
        second = written(copy);
        require(second && strcmp(first, second) == 0);
        facteur_free(second);
        compare_bytes(message, copy, first);
    }
    facteur_free(first);
    facteur_message_free(message);
    facteur_message_free(copy);
    return 0;
}
