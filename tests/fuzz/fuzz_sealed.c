/* SPDX-License-Identifier: MIT */
/*
 * Stored mails: whatever bytes are loaded, the mail has an envelope of proper addresses and lines
 * that end with CRLF alone, and is stored again as the same bytes; and whatever message is stored
 * is loaded as the same mail.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "mime/message.h"
#include "mime/sealed.h"
#include "mime/token.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* What ends a path or a command of SMTP stands in a quoted local part only (RFC 5321 4.1.2). */
static void require_address(const char *address)
{
    bool quoted = false;

    require(!fct_has_control(fct_slice_of(address)));
    for (const char *at = address; *at; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\')
            require(*++at != 0);
        else
            require(quoted || !strchr("<> ", *at));
    }
    require(!quoted);
}

static void require_lines(fct_mail *mail)
{
    fct_buf bytes = {0};

    require(fct_mail_read(mail, &bytes, NULL) == 0 && bytes.len == fct_mail_size(mail));
    for (size_t i = 0; i < bytes.len; i++) {
        require(bytes.ptr[i] != 0);
        require(bytes.ptr[i] != '\n' || (i && bytes.ptr[i - 1] == '\r'));
        require(bytes.ptr[i] != '\r' || (i + 1 < bytes.len && bytes.ptr[i + 1] == '\n'));
    }
    require(!bytes.len || bytes.ptr[bytes.len - 1] == '\n');
    fct_buf_done(&bytes);
}

static void check(fct_mail *mail)
{
    fct_mail *again = NULL;
    fct_buf first = {0}, second = {0};

    if (*fct_mail_sender(mail))
        require_address(fct_mail_sender(mail));
    require(fct_mail_recipient_count(mail) > 0);
    for (size_t i = 0; i < fct_mail_recipient_count(mail); i++)
        require_address(fct_mail_recipient(mail, i));
    require_lines(mail);
    require(fct_mail_store(mail, &first, NULL) == 0);
    require(fct_mail_load(first.ptr, first.len, &again, NULL) == 0);
    require(fct_mail_store(again, &second, NULL) == 0);
    require(first.len == second.len && memcmp(first.ptr, second.ptr, first.len) == 0);
    fct_buf_done(&first);
    fct_buf_done(&second);
    fct_mail_unref(again);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct fct_freeze facts = {0};
    unsigned char digest[FCT_DIGEST_SIZE];
    facteur_message *message = NULL;
    fct_mail *mail = NULL;
    fct_buf summed = {0};

    if (fct_mail_load(data, size, &mail, NULL) == 0)
        check(mail);
    fct_mail_unref(mail);
    mail = NULL;
    /* With the checksum that a stranger would give it, so that what is below it is reached. */
    require(fct_digest((fct_slice){(const char *)data, size}, digest));
    require(fct_buf_add(&summed, data, size) == 0);
    require(fct_buf_add(&summed, digest, sizeof digest) == 0);
    if (fct_mail_load(summed.ptr, summed.len, &mail, NULL) == 0)
        check(mail);
    fct_mail_unref(mail);
    fct_buf_done(&summed);
    mail = NULL;
    if (facteur_message_from_bytes(data, size, &message, NULL) == 0 &&
        fct_message_freeze(message, &facts, &mail, NULL) == 0)
        check(mail);
    fct_mail_unref(mail);
    facteur_message_free(message);
    return 0;
}
