/* SPDX-License-Identifier: MIT */
/* Finished bytes: CRLF only, no Bcc in the header, and taken in again they stay as they are. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "facteur.h"
#include "mime/mend.h"
#include "mime/message.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_lines(const char *bytes, size_t len)
{
    int header = 1;

    for (size_t at = 0; at < len;) {
        const char *lf = memchr(bytes + at, '\n', len - at);
        size_t n;

        require(lf != NULL);
        n = (size_t)(lf - bytes) - at;
        require(n >= 1 && lf[-1] == '\r' && n <= 999 && !memchr(bytes + at, '\r', n - 1));
        header = header && n > 1;
        if (header && n > 4 && strncasecmp(bytes + at, "bcc", 3) == 0)
            require(bytes[at + 3] != ':' && bytes[at + 3] != ' ' && bytes[at + 3] != '\t');
        at += n + 1;
    }
}

static int take(const void *data, size_t size, char **bytes, size_t *len)
{
    facteur_message *message = NULL;
    int result = facteur_message_from_bytes(data, size, &message, NULL);

    if (result)
        return result;
    require(facteur_message_set(message, "envelope_from", "a@example.com", FACTEUR_NTS, NULL) == 0);
    require(facteur_message_add_recipient(message, "b@example.com", FACTEUR_NTS, NULL) == 0);
    require(facteur_message_bytes(message, bytes, len, NULL) == 0);
    facteur_message_free(message);
    return 0;
}

/* For a relay without 8BITMIME and SMTPUTF8 it is ASCII, or refused. */
static void check_adapted(fct_mail *mail)
{
    fct_mail *adapted = NULL;
    const char *why = NULL;
    fct_buf bytes = {0};
    unsigned done = 0;

    require(fct_mail_recipient_count(mail) > 0);
    if (fct_mail_adapt(mail, FCT_NEEDS_8BITMIME | FCT_NEEDS_SMTPUTF8, &adapted, &done, &why)) {
        require(why != NULL);
        return;
    }
    require(fct_mail_read(adapted, &bytes, NULL) == 0);
    require(fct_is_ascii((fct_slice){bytes.ptr, bytes.len}));
    check_lines(bytes.ptr, bytes.len);
    fct_buf_done(&bytes);
    fct_mail_unref(adapted);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    facteur_message *message = NULL;
    struct fct_freeze facts = {0};
    fct_mail *mail = NULL;
    char *first = NULL, *second = NULL;
    size_t first_len = 0, second_len = 0;

    if (take(data, size, &first, &first_len))
        return 0;
    check_lines(first, first_len);
    require(take(first, first_len, &second, &second_len) == 0);
    require(first_len == second_len && memcmp(first, second, first_len) == 0);
    facteur_free(first);
    facteur_free(second);
    /* The envelope read from the fields may be refused, never more than that. */
    require(facteur_message_from_bytes(data, size, &message, NULL) == 0);
    if (fct_message_freeze(message, &facts, &mail, NULL) == 0)
        check_adapted(mail);
    fct_mail_unref(mail);
    facteur_message_free(message);
    return 0;
}
