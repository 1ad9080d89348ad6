/* SPDX-License-Identifier: MIT */
/* Tells a sender which recipients the relay refused: a delivery status notification (RFC 3464). */
#include "base/digest.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "mailer/receipt.h"
#include "mime/content.h"

#include <string.h>
#include <unistd.h>

#define HOST_LEN 256
#define BOUNDARY_LEN 32

struct bounce {
    const facteur_receipt *receipt;
    fct_mail *mail;
    fct_buf out;
    char host[HOST_LEN];
    char boundary[FCT_DIGEST_TEXT];
};

static void name_host(struct bounce *bounce)
{
    if (gethostname(bounce->host, sizeof bounce->host - 1) || !*bounce->host)
        memcpy(bounce->host, "localhost", sizeof "localhost");
}

static void begin_part(struct bounce *bounce, const char *type)
{
    fct_buf_addf(&bounce->out, "--=_%.*s\r\nContent-Type: %s\r\n\r\n", BOUNDARY_LEN,
                 bounce->boundary, type);
}

/* A reply in one line, with its codes. */
static void add_reply(struct bounce *bounce, size_t index)
{
    const facteur_receipt *receipt = bounce->receipt;
    int code = facteur_receipt_rejected_code(receipt, index);
    const char *enhanced = facteur_receipt_rejected_enhanced(receipt, index);

    if (code)
        fct_buf_addf(&bounce->out, "%d ", code);
    if (*enhanced)
        fct_buf_addf(&bounce->out, "%s ", enhanced);
    fct_printable_add(
        &bounce->out,
        fct_utf8_cut(fct_slice_of(facteur_receipt_rejected_text(receipt, index)), 800));
}

static void add_head(struct bounce *bounce)
{
    fct_buf_addf(&bounce->out,
                 "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
                 "To: <%s>\r\n"
                 "Subject: Undelivered Mail Returned to Sender\r\n"
                 "Auto-Submitted: auto-replied\r\n"
                 "MIME-Version: 1.0\r\n"
                 "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                 " boundary=\"=_%.*s\"\r\n\r\n",
                 bounce->host, fct_mail_sender(bounce->mail), BOUNDARY_LEN, bounce->boundary);
}

static void add_text(struct bounce *bounce)
{
    size_t sent = facteur_receipt_accepted_count(bounce->receipt);

    begin_part(bounce, "text/plain; charset=utf-8");
    fct_buf_addf(
        &bounce->out,
        "This is facteur at %s.\r\n\r\nYour message could not be delivered to the following "
        "recipients%s\r\n\r\n",
        bounce->host, sent ? ".  The others have it." : ".");
    for (size_t i = 0; i < facteur_receipt_rejected_count(bounce->receipt); i++) {
        fct_buf_addf(&bounce->out, "<%s>:\r\n    ", facteur_receipt_rejected(bounce->receipt, i));
        add_reply(bounce, i);
        fct_buf_add_text(&bounce->out, "\r\n");
    }
    fct_buf_add_text(&bounce->out, "\r\n");
}

/* In ASCII: the form of RFC 6533 section 3 for an address that is not. */
static void add_address(fct_buf *out, const char *address)
{
    fct_slice text = fct_slice_of(address);

    fct_buf_add_text(out, fct_is_ascii(text) ? "rfc822; " : "utf-8; ");
    while (text.len) {
        uint32_t code_point = 0;
        size_t len = fct_utf8_next(text, &code_point);

        len = len ? len : 1;
        if (code_point < 0x80)
            fct_buf_add(out, text.ptr, len);
        else
            fct_buf_addf(out, "\\x{%X}", (unsigned)code_point);
        text.ptr += len;
        text.len -= len;
    }
}

static void add_status(struct bounce *bounce)
{
    begin_part(bounce, "message/delivery-status");
    fct_buf_addf(&bounce->out, "Reporting-MTA: dns; %s\r\n", bounce->host);
    for (size_t i = 0; i < facteur_receipt_rejected_count(bounce->receipt); i++) {
        int code = facteur_receipt_rejected_code(bounce->receipt, i);
        const char *enhanced = facteur_receipt_rejected_enhanced(bounce->receipt, i);

        fct_buf_add_text(&bounce->out, "\r\nFinal-Recipient: ");
        add_address(&bounce->out, facteur_receipt_rejected(bounce->receipt, i));
        fct_buf_add_text(&bounce->out, "\r\nAction: failed\r\nStatus: ");
        if (*enhanced)
            fct_buf_add_text(&bounce->out, enhanced);
        else
            fct_buf_addf(&bounce->out, "%d.0.0", code >= 400 && code < 500 ? 4 : 5);
        fct_buf_add_text(&bounce->out, "\r\n");
        if (!code)
            continue;
        fct_buf_add_text(&bounce->out, "Diagnostic-Code: smtp; ");
        add_reply(bounce, i);
        fct_buf_add_text(&bounce->out, "\r\n");
    }
    fct_buf_add_text(&bounce->out, "\r\n");
}

static void add_original(struct bounce *bounce)
{
    begin_part(bounce, "text/rfc822-headers");
    fct_buf_add_slice(&bounce->out, fct_content_head(fct_mail_content(bounce->mail)));
    fct_buf_addf(&bounce->out, "\r\n--=_%.*s--\r\n", BOUNDARY_LEN, bounce->boundary);
}

static int make_message(struct bounce *bounce, facteur_message **out, facteur_error **error)
{
    const char *sender = fct_mail_sender(bounce->mail);
    facteur_message *message = NULL;
    int err = bounce->out.failed
                  ? fct_error_nomem(error)
                  : facteur_message_from_bytes(bounce->out.ptr, bounce->out.len, &message, error);

    if (!err)
        err = facteur_message_set(message, "envelope_from", "", 0, error);
    if (!err)
        err = facteur_message_add_recipient(message, sender, FACTEUR_NTS, error);
    if (err)
        facteur_message_free(message);
    else
        *out = message;
    return err;
}

int facteur_receipt_bounce(const facteur_receipt *receipt, facteur_message **out,
                           facteur_error **error)
{
    struct bounce bounce = {.receipt = receipt, .mail = fct_receipt_mail(receipt)};
    fct_slice id = fct_slice_of(facteur_receipt_message_id(receipt));
    int err;

    *out = NULL;
    /* A mail without a sender may be such a notification itself (RFC 5321 section 4.5.5). */
    if (!bounce.mail || !*fct_mail_sender(bounce.mail) || !facteur_receipt_rejected_count(receipt))
        return 0;
    name_host(&bounce);
    if (!fct_digest_text(&id, 1, bounce.boundary))
        return fct_error_nomem(error);
    add_head(&bounce);
    add_text(&bounce);
    add_status(&bounce);
    add_original(&bounce);
    err = make_message(&bounce, out, error);
    fct_buf_done(&bounce.out);
    return err;
}
