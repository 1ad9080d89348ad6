/* SPDX-License-Identifier: MIT */
/*
 * Seals a message and writes its stored form, or reads a stored form and writes the mail's content.
 * The two are processes of their own, as in an outbox.
 *
 *   seal_tool seal OPTION VALUE <message >stored
 *   seal_tool content <stored >content
 */
#include <stdio.h>
#include <string.h>

#include "config/plan.h"
#include "mailer/prepare.h"
#include "mime/sealed.h"

static int seal(const fct_buf *bytes, const char *option, const char *value, fct_buf *out,
                facteur_error **error)
{
    struct fct_prepared prepared = {0};
    facteur_message *message = NULL;
    fct_plan plan;
    int err = fct_plan_init(&plan, "smtp://localhost", &option, &value, 1, error);

    if (err)
        return err;
    err = facteur_message_from_bytes(bytes->ptr, bytes->len, &message, error);
    if (!err)
        err = fct_prepare(&plan, message, 0, &prepared, error);
    if (!err)
        err = fct_mail_store(prepared.mail, out, error);
    fct_mail_unref(prepared.mail);
    facteur_receipt_free(prepared.receipt);
    facteur_message_free(message);
    fct_plan_done(&plan);
    return err;
}

static int content(const fct_buf *stored, fct_buf *out, facteur_error **error)
{
    fct_mail *mail = NULL;
    int err = fct_mail_load(stored->ptr, stored->len, &mail, error);

    if (!err)
        err = fct_mail_read(mail, out, error);
    fct_mail_unref(mail);
    return err;
}

int main(int argc, char **argv)
{
    facteur_error *error = NULL;
    fct_buf in = {0}, out = {0};
    char step[65536];
    size_t got;
    int err;

    while ((got = fread(step, 1, sizeof step, stdin)) > 0)
        fct_buf_add(&in, step, got);
    if (argc == 4 && strcmp(argv[1], "seal") == 0)
        err = seal(&in, argv[2], argv[3], &out, &error);
    else if (argc == 2 && strcmp(argv[1], "content") == 0)
        err = content(&in, &out, &error);
    else
        return 64;
    if (err)
        fprintf(stderr, "%s\n", error ? facteur_error_message(error) : facteur_error_text(err));
    else
        fwrite(out.ptr, 1, out.len, stdout);
    facteur_error_free(error);
    fct_buf_done(&in);
    fct_buf_done(&out);
    return err ? 1 : 0;
}
