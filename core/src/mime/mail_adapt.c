/* SPDX-License-Identifier: MIT */
/* A mail as a relay without 8BITMIME or SMTPUTF8 can take it. */
#include "base/utf8.h"
#include "facteur.h"
#include "mime/content.h"
#include "mime/mend.h"

/* The fields before the content, and it: one of them may hold the signature. */
static bool is_signed(const fct_mail *mail)
{
    return fct_mend_is_signed(fct_mail_head(mail)) ||
           fct_mend_is_signed(fct_content_head(fct_mail_content(mail)));
}

/* Files are sent as base64, so a content with files is ASCII behind its head. */
static int write_adapted(const fct_content *content, fct_content *made, fct_mend *mend)
{
    fct_slice head = fct_content_head(content);
    int result = 0;

    mend->out = &made->bytes;
    if (content->file_count) {
        fct_mend_head(mend, head);
        result = fct_content_append(made, content, head.len);
    } else {
        fct_mend_message(mend, (fct_slice){content->bytes.ptr, content->bytes.len});
    }
    return made->bytes.failed ? FACTEUR_ENOMEM : result;
}

/* A new mail without the head of the old one gets it back. */
static int put_head_back(fct_mail *mail, fct_mail **made)
{
    fct_slice head = fct_mail_head(mail);
    fct_mail *whole;

    if (!*made || !head.len)
        return *made ? 0 : FACTEUR_ENOMEM;
    whole = fct_mail_with_head(*made, head.ptr, head.len);
    fct_mail_unref(*made);
    *made = whole;
    return whole ? 0 : FACTEUR_ENOMEM;
}

/* Whether what was written is what the relay can take. */
static int judge(const fct_content *made, const fct_mend *mend, const char **why)
{
    size_t head = fct_content_head(made).len;
    fct_slice body = {made->bytes.ptr + head, made->bytes.len - head};

    if (mend->lacks & FCT_NEEDS_SMTPUTF8 && mend->utf8_addresses) {
        *why = "its sender is outside ASCII";
        return FACTEUR_EMESSAGE;
    }
    if (mend->lacks & FCT_NEEDS_8BITMIME && !fct_is_ascii(body)) {
        *why = "a part of it is signed";
        return FACTEUR_EMESSAGE;
    }
    return 0;
}

int fct_mail_adapt(fct_mail *mail, unsigned lacks, fct_mail **out, unsigned *done, const char **why)
{
    fct_mend mend = {.lacks = lacks};
    fct_content made = {0};
    fct_mail *adapted = NULL, *plain = fct_mail_plain(mail, done);
    int result;

    *why = "it is signed";
    if (plain && lacks & FCT_NEEDS_SMTPUTF8) {
        if (fct_mail_content_needs(plain) & lacks)
            return FACTEUR_EMESSAGE;
        *out = fct_mail_ref(plain);
        return 0;
    }
    if (is_signed(mail))
        return FACTEUR_EMESSAGE;
    result = write_adapted(fct_mail_content(mail), &made, &mend);
    if (!result)
        result = judge(&made, &mend, why);
    if (!result) {
        bool ascii = fct_is_ascii((fct_slice){made.bytes.ptr, made.bytes.len});
        unsigned needs =
            (ascii ? 0 : FCT_NEEDS_8BITMIME) | (mend.utf8_addresses ? FCT_NEEDS_SMTPUTF8 : 0);

        adapted = fct_mail_with_content(mail, &made, needs);
        result = put_head_back(mail, &adapted);
    }
    fct_content_done(&made);
    if (result)
        return result;
    *out = adapted;
    *done = mend.done;
    return 0;
}
