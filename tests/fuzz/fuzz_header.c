/* SPDX-License-Identifier: MIT */
/* The builder with every string from the fuzzer: the header keeps its shape whatever is taken. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "facteur.h"
#include "mime/message.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* The next string of the input: up to a NUL byte, always NUL-terminated in `text`. */
static const char *next(const unsigned char **data, size_t *size, char *text, size_t room)
{
    size_t len = 0;

    while (*size && **data && len + 1 < room) {
        text[len++] = (char)**data;
        ++*data;
        --*size;
    }
    if (*size) {
        ++*data;
        --*size;
    }
    text[len] = '\0';
    return text;
}

/* Fields and continuations only, up to the empty line; no byte that ends a line elsewhere. */
static void check_shape(const char *bytes, size_t len)
{
    const char *end = bytes + len;

    while (bytes + 1 < end && !(bytes[0] == '\r' && bytes[1] == '\n')) {
        const char *lf = memchr(bytes, '\n', (size_t)(end - bytes));

        require(lf && lf[-1] == '\r' && lf - bytes <= 999);
        require(*bytes == ' ' || memchr(bytes, ':', (size_t)(lf - bytes)) != NULL);
        for (const char *at = bytes; at < lf - 1; at++)
            require((unsigned char)*at >= ' ' && *at != 0x7f);
        require(lf - bytes < 4 || memcmp(bytes, "Bcc:", 4) != 0);
        bytes = lf + 1;
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const char *const fields[] = {"reply_to", "to",   "cc",   "bcc",         "subject",
                                         "date",     "text", "html", "in_reply_to", "references"};
    static const struct fct_freeze facts = {.default_from = "shop@example.com"};
    facteur_message *message = facteur_message_new();
    char text[8192], name[512], type[512], *bytes = NULL;
    fct_mail *mail = NULL;
    size_t len = 0;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        facteur_message_set(message, fields[i], next(&data, &size, text, sizeof text), FACTEUR_NTS,
                            NULL);
    next(&data, &size, text, sizeof text);
    facteur_message_add_mailbox(message, "from", text, FACTEUR_NTS, "shop@example.com", FACTEUR_NTS,
                                NULL);
    next(&data, &size, name, sizeof name);
    facteur_message_add_header(message, name, next(&data, &size, text, sizeof text), FACTEUR_NTS,
                               NULL);
    next(&data, &size, name, sizeof name);
    next(&data, &size, type, sizeof type);
    next(&data, &size, text, sizeof text);
    facteur_message_attach_bytes(message, data, size, name, type[0] ? type : NULL,
                                 text[0] ? text : NULL, NULL);
    facteur_message_set(message, "message_id", next(&data, &size, text, sizeof text), FACTEUR_NTS,
                        NULL);
    facteur_message_add_recipient(message, "a@example.org", FACTEUR_NTS, NULL);
    require(fct_message_freeze(message, &facts, &mail, NULL) == 0);
    require(facteur_message_bytes(message, &bytes, &len, NULL) == 0);
    require(len == fct_mail_size(mail) && len > 2 && bytes[len - 1] == '\n');
    check_shape(bytes, len);
    facteur_free(bytes);
    fct_mail_unref(mail);
    facteur_message_free(message);
    return 0;
}
