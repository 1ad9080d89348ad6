/* SPDX-License-Identifier: MIT */
/* The inside of a facteur_message: what was set, checked already, and its frozen mail. */
#ifndef FCT_BUILDER_H
#define FCT_BUILDER_H

#include "base/secret.h"
#include "mime/address.h"
#include "mime/content.h"
#include "mime/date.h"
#include "mime/limits.h"
#include "mime/media.h"
#include "mime/message.h"

#include <stdatomic.h>
#include <string.h>

struct fct_body {
    char *text; /* UTF-8 with "\n" line ends; NULL: not set */
    size_t len;
};

/* A form of the text besides plain and HTML. */
struct fct_alternative {
    char *type; /* with charset, and method where it has one */
    struct fct_body body;
};

struct fct_custom {
    char *name;
    char *value;                /* clean text, or */
    fct_address_list addresses; /* what a header of addresses holds */
};

enum fct_priority { FCT_PRIORITY_NONE, FCT_PRIORITY_HIGH, FCT_PRIORITY_NORMAL, FCT_PRIORITY_LOW };

/* An attachment, or with a content id an inline part. */
struct fct_part {
    char *data; /* or NULL: the file at `path`, */
    size_t len;
    char *path; /* or NULL: the spool */
    fct_spool *spool;
    char *name; /* may be NULL */
    char *type;
    char *content_id; /* NULL: an attachment */
};

/* A message of finished bytes, which its mails share: what its fields say about the envelope,
 * unfolded. */
struct fct_raw {
    atomic_uint refs;
    fct_buf bytes; /* repaired, without Bcc */
    fct_buf from, sender, recipients;
    char *message_id; /* NULL: the bytes have none */
    bool has_date, has_message_id, has_8bit, has_8bit_header;
};

struct facteur_message {
    fct_address_list from, sender, reply_to, to, cc, bcc;
    fct_address_list recipients; /* of the envelope alone */
    char *subject;
    char *envelope_from; /* NULL: by the fields; "": the null reverse-path */
    char *message_id, *in_reply_to;
    char *references; /* ids without angle brackets, a space between each two, as in_reply_to */
    bool has_date;
    fct_date date;
    struct fct_body text, html;
    struct fct_alternative alternatives[FCT_MAX_ALTERNATIVES];
    size_t alternative_count;
    enum fct_priority priority;
    struct fct_custom *headers;
    size_t header_count, header_cap;
    char *list_unsubscribe; /* URIs, a space between each two */
    fct_terms terms;
    fct_labels labels;
    struct fct_part *parts;
    size_t part_count, part_cap;
    char *key; /* of facteur_message_key(), or NULL */
    struct fct_raw *raw;
    fct_secret *smime; /* JSON, for the mailer to read; NULL: the mailer's own */
    fct_mail *frozen;
    fct_mail *sealed; /* what the signer `sealed_by` made of it, or NULL */
    uint64_t sealed_by;
};

void fct_part_done(struct fct_part *part);
void fct_custom_done(struct fct_custom *custom);
void fct_alternative_done(struct fct_alternative *alternative);

/* Whether it stands before the HTML, as poorer than that, and not behind it. */
bool fct_alternative_is_plain(const struct fct_alternative *alternative);

/* Copy a text, every line end becoming "\n"; false when memory ran out. */
bool fct_body_copy(struct fct_body *body, fct_slice text);

/* Forget the frozen mail: something was set. */
void fct_message_thaw(facteur_message *message);

/* 0, or FACTEUR_EMESSAGE for a message made of finished bytes: nothing but the envelope can be set.
 */
int fct_message_check_open(const facteur_message *message, const char *field,
                           facteur_error **error);

/* What is decided at the freezing. */
struct fct_decided {
    const fct_address_list *from;
    const char *message_id;
    fct_date date;
};

/* Write headers and parts.  0, FACTEUR_ENOMEM, FACTEUR_EIO (errno tells) with `where` in the error.
 */
int fct_message_serialise(const facteur_message *message, const struct fct_decided *decided,
                          fct_content *content, facteur_error **error);

static inline fct_slice fct_argument(const char *value, size_t len)
{
    return (fct_slice){value ? value : "", !value ? 0 : len == FACTEUR_NTS ? strlen(value) : len};
}

#endif
